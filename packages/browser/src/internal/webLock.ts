/** A lock of the browser, for all pages and workers of one origin. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Takes the lock until the scope closes. A page without access to locks continues without it. */
export const webLock = (name: string): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { locks } = globalThis.navigator as Partial<Navigator> // An insecure origin has no locks.
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
      const onAcquired = () => {
        resume(Effect.void)
        return released
      }
      locks.request(name, { signal: waiting.signal }, onAcquired).catch(() => resume(Effect.void))
    })
  })
