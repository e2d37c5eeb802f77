import type { KuzzleExternalStore } from "@effect-kuzzle/core"
import { useSyncExternalStore } from "react"

/** What a store shows, as long as the component is there. */
export const useStore = <A, E>(
  store: KuzzleExternalStore.ExternalStore<A, E>
): KuzzleExternalStore.Snapshot<A, E> =>
  useSyncExternalStore(store.subscribe, store.getSnapshot, store.getServerSnapshot)
