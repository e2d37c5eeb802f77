/**
 * Stores the requests of the outbox, so that they outlive the page or the process that handed them over. Several
 * clients (tabs, processes) may share one store.
 *
 * The store decides who sends a request: each change is one transaction that first checks that the request still belongs
 * to the client that asks. Whether a client is alive only decides *when* another client takes over its requests.
 *
 * This module is for authors of stores. Applications choose a layer (`KuzzleOutbox.layerMemoryStore`,
 * `KuzzleOutbox.layerKeyValueStore`, IndexedDB in the browser package, a folder in the Node package) and use
 * `KuzzleOutbox`.
 *
 * @module
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { OutboxError } from "./KuzzleError.ts"

/**
 * The sender of a request: the user with this kuid, or `Anonymous` if it was made without a session.
 *
 * @since 0.1.0
 * @category models
 */
export type Sender = { readonly _tag: "User"; readonly kuid: string } | { readonly _tag: "Anonymous" }

/**
 * A request before it is stored.
 *
 * @since 0.1.0
 * @category models
 */
export interface NewEntry {
  /** Unique among all clients. */
  readonly id: string
  /** The name of the Kuzzle to which it is sent. One store may serve several. */
  readonly server: string
  readonly sender: Sender
  /** Whether executing it twice has the same effect as executing it once. */
  readonly idempotent: boolean
  /** Milliseconds since the epoch. */
  readonly queuedAt: number
  /** The deadline in milliseconds since the epoch. The request is not sent after it. */
  readonly sendBy: number
  /** The request and its volatile data, as JSON. Stores do not read it. */
  readonly payload: string
}

/**
 * A stored request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry extends NewEntry {
  /** Identifies the request in this store. A later request has a greater `seq`, compared as text. */
  readonly seq: string
  /** How many connections were lost between the sending of the request and its answer. */
  readonly attempts: number
}

/**
 * The outcome of a request that no caller has received.
 *
 * - `MaybeSent`: it may have been executed.
 * - `Expired`: it was not sent before its deadline.
 * - `Rejected`: Kuzzle answered with an error.
 * - `Unreadable`: the stored record is damaged, or was written by another version.
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome = "MaybeSent" | "Expired" | "Rejected" | "Unreadable"

/**
 * A report that is kept in the store until it is forgotten.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoredReport {
  readonly seq: string
  readonly outcome: Outcome
  /** `undefined` if the record is unreadable. */
  readonly entry: Entry | undefined
  /** A readable reason, for example the message of Kuzzle's error. */
  readonly detail: string | undefined
}

/**
 * The requests that a client has taken over, and the reports of requests that it could not take over.
 *
 * @since 0.1.0
 * @category models
 */
export interface Adopted {
  /** Oldest first. */
  readonly entries: ReadonlyArray<Entry>
  readonly reports: ReadonlyArray<StoredReport>
}

/**
 * The limits of a store, for all its clients together.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  readonly maxEntries: number
  /** The largest total length of all payloads. */
  readonly maxBytes: number
}

/**
 * The largest number of reports. Beyond it, the oldest are dropped.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxReports = 100

/**
 * The error of `Claim.add` when the requests would exceed the limits.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fullError = ({ maxBytes, maxEntries }: Limits): OutboxError =>
  new OutboxError({
    operation: "add",
    reason: "Full",
    issue: `it would keep more than ${maxEntries} requests or ${maxBytes} bytes: wait until some are sent, or raise ` +
      `maxEntries or maxBytes`
  })

/**
 * The `attempts` of a request that is adopted by another client, or whose own client is closed. `undefined`: the
 * request may have been executed, so it is reported as `MaybeSent` and not queued again.
 *
 * @since 0.1.0
 * @category utils
 */
export const adoptedAttempts = (request: {
  readonly sending: boolean
  readonly idempotent: boolean
  readonly attempts: number
}): number | undefined => !request.sending ? request.attempts : request.idempotent ? request.attempts + 1 : undefined

/**
 * The part of a store that one client owns. A request of this client is either *queued* or *sending*.
 *
 * @since 0.1.0
 * @category models
 */
export interface Claim {
  /**
   * Stores requests as queued, all of them or none. They are durable when this succeeds. Concurrent calls may share a
   * transaction. Fails with the reason `"Full"` if a limit is exceeded, or if the disk or the quota is full.
   */
  readonly add: (entries: ReadonlyArray<NewEntry>) => Effect.Effect<ReadonlyArray<Entry>, OutboxError>
  /**
   * Changes requests from queued to sending, durably. Returns the requests that were changed. The others belong to
   * another client now.
   */
  readonly mark: (seqs: ReadonlyArray<string>) => Effect.Effect<ReadonlySet<string>, OutboxError>
  /** Changes requests from sending back to queued. `lost`: a connection ended, so `attempts` is increased by one. */
  readonly requeue: (seqs: ReadonlyArray<string>, lost: boolean) => Effect.Effect<void, OutboxError>
  /**
   * Deletes a request and, if a report is given, stores it. Returns `false` if the request no longer belongs to this
   * client. Without a report, it must also work on a full disk.
   */
  readonly settle: (
    seq: string,
    report?: { readonly outcome: Outcome; readonly detail?: string | undefined }
  ) => Effect.Effect<boolean, OutboxError>
  /**
   * Deletes a request that was never sent, which means that it is queued and has no attempts. Returns `false` if it was
   * sent, or if it no longer belongs to this client. It must also work on a full disk.
   */
  readonly withdraw: (seq: string) => Effect.Effect<boolean, OutboxError>
  /**
   * Takes over the requests for this server and sender that were released, or that belong to clients that have ended.
   *
   * - Queued requests are queued for this client.
   * - Sending requests that are idempotent are queued for this client, with one more attempt.
   * - Sending requests that are not idempotent become a report, `MaybeSent`.
   * - Unreadable records become a report, `Unreadable`.
   */
  readonly adopt: (server: string, sender: Sender) => Effect.Effect<Adopted, OutboxError>
  /** Releases queued requests, so that any client can adopt them. */
  readonly release: (seqs: ReadonlyArray<string>) => Effect.Effect<void, OutboxError>
  /** Emits when there may be requests to adopt, because a client has ended or has released requests. */
  readonly changes: Stream.Stream<void>
  /** All reports of this server, oldest first. */
  readonly reports: (server: string) => Effect.Effect<ReadonlyArray<StoredReport>, OutboxError>
  /** Deletes reports. */
  readonly forget: (seqs: ReadonlyArray<string>) => Effect.Effect<void, OutboxError>
  /**
   * Deletes all queued requests and all reports of this server and sender, whichever client they belong to. Returns how
   * many requests were deleted.
   */
  readonly purge: (server: string, sender: Sender) => Effect.Effect<number, OutboxError>
}

/**
 * The interface of an outbox store.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleOutboxStoreShape {
  /**
   * Opens the store for one client. Fails if the store cannot be used: access is denied, a newer version has written it,
   * or another client uses a store that cannot be shared.
   *
   * Closing the scope releases the queued requests. A sending request is released if it is idempotent. Otherwise it
   * becomes a report, `MaybeSent`.
   */
  readonly open: (limits: Limits) => Effect.Effect<Claim, OutboxError, Scope.Scope>
}

/**
 * The service that stores the requests of the outbox.
 *
 * @since 0.1.0
 * @category tags
 */
export class KuzzleOutboxStore
  extends Context.Tag("@effect-kuzzle/core/KuzzleOutboxStore")<KuzzleOutboxStore, KuzzleOutboxStoreShape>()
{}

/**
 * A `Claim` with Promises. Its methods do the same as those of `Claim`, and may reject with any error.
 *
 * @since 0.1.0
 * @category models
 */
export type PromiseClaim =
  & {
    readonly [Method in Exclude<keyof Claim, "add" | "changes">]: (
      ...args: Parameters<Claim[Method]>
    ) => Promise<Effect.Effect.Success<ReturnType<Claim[Method]>>>
  }
  & {
    /** Resolves with `undefined` if a limit is exceeded. Then nothing is stored. */
    readonly add: (entries: ReadonlyArray<NewEntry>) => Promise<ReadonlyArray<Entry> | undefined>
    /** Does the same as closing the scope of a claim. */
    readonly close: () => Promise<void>
  }

/**
 * Makes a store from functions that return Promises.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromPromises = ({ errorOf, open }: {
  /** Opens the store for one client. It must call `changed` when there may be requests to adopt. */
  readonly open: (limits: Limits, changed: () => void) => Promise<PromiseClaim>
  /** Turns an error with which a method has rejected into an `OutboxError`. */
  readonly errorOf: (operation: OutboxError["operation"], cause: unknown) => OutboxError
}): KuzzleOutboxStoreShape => {
  /** Runs a method. It is uninterruptible, because a change that has begun may become durable. */
  const attempt = <A>(operation: OutboxError["operation"], run: () => Promise<A>): Effect.Effect<A, OutboxError> =>
    Effect.uninterruptible(Effect.tryPromise({ try: run, catch: (cause) => errorOf(operation, cause) }))

  return {
    open: (limits) =>
      Effect.gen(function*() {
        // One change is kept for a consumer that is busy or has not begun.
        const changes = yield* Effect.acquireRelease(Queue.dropping<void>(1), Queue.shutdown)
        const claim = yield* Effect.acquireRelease(
          attempt("open", () => open(limits, () => changes.unsafeOffer(undefined))),
          // Requests that cannot be released still belong to this client. The next client adopts them like those of a
          // crashed client.
          (claim) => Effect.ignoreLogged(attempt("release", () => claim.close()))
        )
        return {
          add: (entries) =>
            Effect.flatMap(
              attempt("add", () => claim.add(entries)),
              (stored) => stored === undefined ? Effect.fail(fullError(limits)) : Effect.succeed(stored)
            ),
          mark: (seqs) => attempt("mark", () => claim.mark(seqs)),
          requeue: (seqs, lost) => attempt("requeue", () => claim.requeue(seqs, lost)),
          settle: (seq, report) => attempt("settle", () => claim.settle(seq, report)),
          withdraw: (seq) => attempt("settle", () => claim.withdraw(seq)),
          adopt: (server, sender) => attempt("adopt", () => claim.adopt(server, sender)),
          release: (seqs) => attempt("release", () => claim.release(seqs)),
          changes: Stream.fromQueue(changes),
          reports: (server) => attempt("report", () => claim.reports(server)),
          forget: (seqs) => attempt("report", () => claim.forget(seqs)),
          purge: (server, sender) => attempt("purge", () => claim.purge(server, sender))
        }
      })
  }
}
