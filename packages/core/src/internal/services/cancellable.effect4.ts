import * as Effect from "effect/Effect"
import { callback } from "./resume.ts"

export const cancellable = <A, E>(
  register: (resume: (effect: Effect.Effect<A, E>) => void) => (() => void) | void
): Effect.Effect<A, E> =>
  callback((resume) => {
    const cancel = register(resume)
    return cancel && Effect.sync(cancel)
  })
