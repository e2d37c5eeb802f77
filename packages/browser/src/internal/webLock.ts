/** A lock of the browser, for all pages and workers of one origin. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Held until the scope closes. A page without access to locks continues without one. */
export const webLock = (name: string): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { locks } = globalThis.navigator as Partial<Navigator> // of an insecure origin it has none
    if (locks === undefined) return
    const waiting = new AbortController()
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        waiting.abort()
        release()
      })
    )
    yield* Effect.async<void>((resume) => {
      const held = () => {
        resume(Effect.void)
        return released
      }
      locks.request(name, { signal: waiting.signal }, held).catch(() => resume(Effect.void))
    })
  })
