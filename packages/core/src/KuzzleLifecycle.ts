/**
 * What the host knows of the network and of its own sleep, and a socket does not: that the network is gone or back, and
 * that a page is seen again after its timers were throttled or stopped.
 *
 * These are hints, to act sooner: "offline" kills no connection that works, and a host that says nothing only makes the
 * client rely on its heartbeat and its pauses.
 *
 * @module
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/**
 * - `Online`: there is a network again, says the host. - `Offline`: there is none. - `Resumed`: the host was asleep, hidden
 *   or frozen; timers may be late and the connection dead. One return may tell it more than once.
 *
 * @since 0.1.0
 * @category models
 */
export type LifecycleEvent = "Online" | "Offline" | "Resumed"

/**
 * What a `KuzzleLifecycle` does.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleLifecycleShape {
  /** `false` when there is certainly no network; `true` promises nothing. */
  readonly online: () => boolean
  /** Calls the listener, synchronously, with what happens until the scope closes. It must not throw. */
  readonly listen: (listener: (event: LifecycleEvent) => void) => Effect.Effect<void, never, Scope.Scope>
}

/**
 * The service that tells of network and sleep. Without one the host is always online and nothing ever happens, as on Node;
 * the browser package has that of a page.
 *
 * @since 0.1.0
 * @category references
 */
export class KuzzleLifecycle extends Context.Reference<KuzzleLifecycle>()("@effect-kuzzle/core/KuzzleLifecycle", {
  defaultValue: (): KuzzleLifecycleShape => ({ online: () => true, listen: () => Effect.void })
}) {}
