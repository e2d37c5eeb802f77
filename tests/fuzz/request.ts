/**
 * What the fuzzer's requests are made of. `RUN` stands for the name of the sequence, which is replaced when it is played;
 * `ROOM`, `SCROLL` and `TOKEN` stand for what the server answered last.
 */
import { FastCheck as fc } from "effect"

/** A request before its names are filled in. */
export interface Ask {
  readonly controller: string
  readonly action: string
  readonly [argument: string]: unknown
}

/** How to ask for each action, by its name in the API: `document:create`. */
export interface Catalogue {
  readonly [name: string]: fc.Arbitrary<Ask>
}

export type Members = { readonly [name: string]: fc.Arbitrary<unknown> }

export const nameOf = ({ action, controller }: Ask): string => `${controller}:${action}`

/** `undefined` is left out of the JSON. */
export const some = (value: fc.Arbitrary<unknown>, freq = 2): fc.Arbitrary<unknown> =>
  fc.option(value, { nil: undefined, freq })

export const always = fc.constant
export const flag = some(fc.boolean())

/** The first of both most of the time. */
export const mostly = (often: fc.Arbitrary<unknown>, seldom: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 9, arbitrary: often }, { weight: 1, arbitrary: seldom })

export const asking = (controller: string) =>
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
