import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** Forty random bits: enough to tell the clients of one server apart. */
export const randomId: Effect.Effect<string> = Effect.map(Random.nextIntBetween(0, 2 ** 40), (n) => n.toString(36))
