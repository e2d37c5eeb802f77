/**
 * Stores the outbox in a folder, for the processes of one machine. Each request is a file, and each change of a request
 * renames its file, which succeeds for one process only. Requests survive the end of the process, also `kill -9` and a
 * power failure.
 *
 * Files have the mode 0600 and contain the requests in clear. A new folder has the mode 0700; an existing folder keeps its
 * mode.
 *
 * The folder must be on a local disk. On a network file system, processes on different machines consider each other
 * dead: no request is executed twice, but some are reported as `MaybeSent` while their answers are on the way.
 *
 * @example
 * ```ts
 * import { NodeKuzzleOutboxStore } from "@effect-kuzzle/node"
 *
 * export const store = NodeKuzzleOutboxStore.layer("/var/lib/my-service/outbox")
 * ```
 *
 * @module
 * @since 0.1.0
 */
import { OutboxError } from "@effect-kuzzle/core/KuzzleError"
import type { KuzzleOutboxStoreShape } from "@effect-kuzzle/core/KuzzleOutboxStore"
import { fromPromises, KuzzleOutboxStore } from "@effect-kuzzle/core/KuzzleOutboxStore"
import * as Layer from "effect/Layer"
import { issueOf } from "./internal/outboxFault.ts"
import { OutboxFolder } from "./internal/outboxFolder.ts"

/**
 * Stores the outbox in this folder, which is created if it does not exist. Several processes may share it.
 *
 * A torn or damaged file is reported as `Unreadable`. A file of another program is left alone. If a later release has
 * written into the folder, opening it fails.
 *
 * The limits are checked before requests are stored. If several processes store requests at the same moment, the store
 * may exceed its limits by these requests.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (folder: string): Layer.Layer<KuzzleOutboxStore> => Layer.succeed(KuzzleOutboxStore, make(folder))

const make = (folder: string): KuzzleOutboxStoreShape =>
  fromPromises({
    open: (limits, changed) => OutboxFolder.open(folder, limits, changed),
    errorOf: (operation, cause) => new OutboxError({ operation, ...issueOf(folder, cause), cause })
  })
