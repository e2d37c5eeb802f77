import type { KuzzleExternalStore } from "@effect-kuzzle/core"
import { useSyncExternalStore } from "react"

/** The snapshot of a store. The component is subscribed to the store while it is mounted. */
export const useStore = <A, E>(
  store: KuzzleExternalStore.ExternalStore<A, E>
): KuzzleExternalStore.Snapshot<A, E> =>
  useSyncExternalStore(store.subscribe, store.getSnapshot, store.getServerSnapshot)
