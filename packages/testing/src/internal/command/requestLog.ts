/** A request as one line of the log. */
import * as Option from "effect/Option"
import type { AnsweredRequest } from "../../KuzzleEngine.ts"
import { anonymousId } from "../engine/users.ts"

const pad = (n: number): string => String(n).padStart(2, "0")

const clock = (at: Date): string => [at.getHours(), at.getMinutes(), at.getSeconds()].map(pad).join(":")

const targetOf = ({ collection, index }: AnsweredRequest): string =>
  Option.match(index, {
    onNone: () => "",
    onSome: (index) =>
      ` ${Option.match(collection, { onNone: () => index, onSome: (collection) => `${index}/${collection}` })}`
  })

/** Texts of the client cannot break the line. */
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

export const line = (answered: AnsweredRequest, at: Date): string => {
  const { action, controller, error, status, userId } = answered
  const user = userId === anonymousId ? "anonymous" : userId
  const reason = Option.match(error, {
    onNone: () => "",
    onSome: ({ id, message }) => `: ${Option.match(id, { onNone: () => "", onSome: (id) => `${id}: ` })}${message}`
  })
  return `${clock(at)} ${status} ${controller}:${action}${targetOf(answered)} (${user})${reason}`.replace(
    controlCharacters,
    " "
  )
}
