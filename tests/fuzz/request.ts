/**
 * The parts of the fuzzer's requests. Placeholders are filled in when a sequence is played: `RUN` by the name of the sequence,
 * `ROOM`, `SCROLL` and `TOKEN` by the last value that the server returned.
 */
import { FastCheck as fc } from "effect"

/** A request with placeholders. */
export interface Ask {
  readonly controller: string
  readonly action: string
  readonly [argument: string]: unknown
}

/** Generators of requests, by the name of the action: `document:create`. */
export interface Catalogue {
  readonly [name: string]: fc.Arbitrary<Ask>
}

export type Members = { readonly [name: string]: fc.Arbitrary<unknown> }

export const nameOf = ({ action, controller }: Ask): string => `${controller}:${action}`

/** The value, or `undefined`, which JSON omits. */
export const some = (value: fc.Arbitrary<unknown>, freq = 2): fc.Arbitrary<unknown> =>
  fc.option(value, { nil: undefined, freq })

export const always = fc.constant
export const flag = some(fc.boolean())

/** `often` in nine of ten cases, otherwise `seldom`. */
export const mostly = (often: fc.Arbitrary<unknown>, seldom: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 9, arbitrary: often }, { weight: 1, arbitrary: seldom })

/** The catalogue of a controller, from the arguments and the body of each action. */
export const requestsOf = (controller: string) =>
(
  actions: { readonly [action: string]: readonly [args: Members, body?: Members | fc.Arbitrary<unknown>] }
): Catalogue =>
  Object.fromEntries(
    Object.entries(actions).map(([action, [args, body]]) => [
      `${controller}:${action}`,
      fc.record({
        args: fc.record(args),
        body: body === undefined ? fc.constant(undefined) : body instanceof fc.Arbitrary ? body : fc.record(body)
      }).map(({ args, body }): Ask => ({ controller, action, ...args, ...(body === undefined ? {} : { body }) }))
    ])
  )
