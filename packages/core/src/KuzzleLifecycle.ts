/**
 * Events of the host that sockets do not report: the network is lost or found, and a page becomes visible after its
 * timers were throttled or stopped.
 *
 * The client uses them only to act sooner. `Offline` does not end a connection that works. Without any events, the
 * client relies on its heartbeat and its backoff delays.
 *
 * @module
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/**
 * An event of the host.
 *
 * - `Online`: the host reports a network again.
 * - `Offline`: the host reports that there is no network.
 * - `Resumed`: the host was asleep, hidden or frozen. Timers may be late, and the connection may be dead. The event may
 *   come more than once for the same return.
 *
 * @since 0.1.0
 * @category models
 */
export type LifecycleEvent = "Online" | "Offline" | "Resumed"

/**
 * The interface of a `KuzzleLifecycle`.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleLifecycleShape {
  /** Whether the host has a network. `false`: there is certainly no network. `true`: there may be one. */
  readonly online: () => boolean
  /** Calls the listener synchronously with each event until the scope closes. The listener must not throw. */
  readonly listen: (listener: (event: LifecycleEvent) => void) => Effect.Effect<void, never, Scope.Scope>
}

/**
 * The service that reports on the network and on sleep. Without it, as on Node, the host counts as online and no events
 * occur. The browser package has the service of a page.
 *
 * @since 0.1.0
 * @category references
 */
export class KuzzleLifecycle extends Context.Reference<KuzzleLifecycle>()("@effect-kuzzle/core/KuzzleLifecycle", {
  defaultValue: (): KuzzleLifecycleShape => ({ online: () => true, listen: () => Effect.void })
}) {}
