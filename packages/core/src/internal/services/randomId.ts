import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** A text of forty random bits. These are enough to distinguish the clients of one server. */
export const randomId: Effect.Effect<string> = Effect.map(Random.nextIntBetween(0, 2 ** 40), (n) => n.toString(36))
