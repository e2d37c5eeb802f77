import type { KuzzleExternalStore } from "@effect-kuzzle/core"
import { customRef, onMounted, onUnmounted, type Ref } from "vue"

/**
 * The snapshot of a store. The component is subscribed to the store while it is mounted. On a server no component is mounted,
 * so nothing is subscribed to.
 */
export const useStore = <A, E>(
  store: KuzzleExternalStore.ExternalStore<A, E>
): Readonly<Ref<KuzzleExternalStore.Snapshot<A, E>>> => {
  let getSnapshot = store.getServerSnapshot
  let unsubscribe: (() => void) | undefined
  return customRef((track, trigger) => {
    onMounted(() => {
      getSnapshot = store.getSnapshot
      unsubscribe = store.subscribe(trigger)
      trigger()
    })
    onUnmounted(() => unsubscribe?.())
    return {
      get: () => {
        track()
        return getSnapshot()
      },
      set: () => {}
    }
  })
}
