/**
 * The events of a page: changes of the network, sleep and waking up. The layers of `BrowserKuzzle` include it.
 *
 * @module
 * @since 0.1.0
 */
import * as KuzzleLifecycle from "@effect-kuzzle/core/KuzzleLifecycle"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * The source of the events: a window, or a worker, which has no document.
 *
 * @since 0.1.0
 * @category models
 */
export interface Host extends Partial<Pick<EventTarget, "addEventListener">> {
  readonly navigator?: { readonly onLine?: boolean } | undefined
  readonly document?: (Pick<EventTarget, "addEventListener"> & { readonly visibilityState: string }) | undefined
}

/**
 * The events of a host. It is not accessed before a client listens, because a page that is rendered on a server has no
 * window.
 *
 * `Resumed`: the page is visible again, has left the back/forward cache, or is no longer frozen by the browser.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (host: Host = globalThis): KuzzleLifecycle.KuzzleLifecycleShape => ({
  online: () => host.navigator?.onLine !== false,
  listen: (listener) =>
    Effect.asVoid(Effect.acquireRelease(
      Effect.sync(() => {
        const listening = new AbortController()
        const { signal } = listening
        const { document } = host
        host.addEventListener?.("online", () => listener("Online"), { signal })
        host.addEventListener?.("offline", () => listener("Offline"), { signal })
        host.addEventListener?.("pageshow", (event) => {
          // `pageshow` also fires when a page is loaded. With `persisted`, the page comes from the back/forward cache.
          if ("persisted" in event && event.persisted === true) listener("Resumed")
        }, { signal })
        document?.addEventListener("visibilitychange", () => {
          if (document.visibilityState === "visible") listener("Resumed")
        }, { signal })
        document?.addEventListener("resume", () => listener("Resumed"), { signal })
        return listening
      }),
      (listening) => Effect.sync(() => listening.abort())
    ))
})

/**
 * The events of the current window or worker as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KuzzleLifecycle.KuzzleLifecycle> = Layer.sync(
  KuzzleLifecycle.KuzzleLifecycle,
  () => make()
)
