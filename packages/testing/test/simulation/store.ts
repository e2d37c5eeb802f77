/** What keeps the offline queue: slow, and now and then it fails. */
import { KuzzleError, type KuzzleQueueStore } from "@effect-kuzzle/core"
import { Effect } from "effect"
import type { Queue } from "./plan.ts"
import type { World } from "./world.ts"

export class Store {
  readonly shape: KuzzleQueueStore.KuzzleQueueStoreShape
  private readonly kept = new Map<string, KuzzleQueueStore.StoredRequest>()
  private failed = false
  private readonly world: World

  constructor(world: World, { failure, latency }: NonNullable<Queue["store"]>) {
    this.world = world
    const random = world.random.fork()
    const work = (operation: KuzzleError.QueueStoreError["operation"], run: () => void) =>
      Effect.suspend(() => Effect.sleep(random.int(0, latency))).pipe(
        Effect.zipRight(Effect.suspend(() => {
          if (!random.chance(failure)) return Effect.sync(run)
          this.failed = true
          return new KuzzleError.QueueStoreError({ operation, issue: "no space is left" })
        }))
      )
    this.shape = {
      // Of the clients of a history the first that connects is the only one that asks for anything.
      load: Effect.succeed([]),
      add: (request) => work("add", () => this.kept.set(request.id, request)),
      remove: (id) => work("remove", () => this.kept.delete(id))
    }
  }

  /** Every request has ended: none is left. */
  checkEmpty(): void {
    if (this.failed || this.world.failedAt !== undefined) return
    if (this.kept.size > 0) {
      this.world.violate("R8", `${this.kept.size} requests that have ended are still in the store`)
    }
  }
}
