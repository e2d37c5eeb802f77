/**
 * Combines reads and writes of single documents, made in many places of a program, into requests on many. Use
 * `KuzzleImport` to write a stream of documents, and `KuzzleBulk` to write documents without validation in one request.
 *
 * Requests for single documents that are made within a short window are sent as one request on many. Each caller gets
 * its own answer or its own error.
 *
 * It is a layer over the client, so the code that makes the requests does not change. `KuzzleDocument.get`, `exists`,
 * `create`, `createOrReplace`, `replace`, `update` and `delete` become `mGet`, `mExists`, `mCreate` … The functions of
 * a `KuzzleRepository` use them, so they are combined, too. Only requests with equal options (`refresh`, `silent`,
 * `as`, volatile data …) are combined. A request is sent unchanged if it is alone in its window. The same holds for
 * requests that a request on many cannot express (a `delete` with `source`) or treats differently (`upsert`).
 *
 * Kuzzle treats requests on many differently from single requests:
 *
 * - It does not check the specifications of the collection.
 * - `createOrReplace` and `replace` leave `updatedAt` and `updater` empty in `_kuzzle_info`.
 * - If the id of a `create` exists *and* the mappings refuse the content, the error reports only that the document
 *   exists.
 *
 * @module
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import {
  Kuzzle,
  type KuzzleRequest,
  type KuzzleResponse,
  type KuzzleShape,
  type RequestOptions
} from "./internal/client/client.ts"
import * as Json from "./internal/data/json.ts"
import * as Setting from "./internal/data/setting.ts"
import * as Shape from "./internal/data/shape.ts"
import * as Shapes from "./internal/data/shapes.ts"
import { canonical } from "./internal/protocol/canonical.ts"
import * as Envelope from "./internal/protocol/envelope.ts"
import * as Many from "./internal/protocol/many.ts"
import { Pending } from "./internal/protocol/pending.ts"
import * as Timer from "./internal/services/timer.ts"
import * as KuzzleDocument from "./KuzzleDocument.ts"
import {
  DeadlineError,
  fromStatus,
  type InvalidSettingError,
  isApiError,
  ProtocolError,
  type RequestError
} from "./KuzzleError.ts"

/**
 * The options of a batching client.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How long the first request waits for others. Default: 5 milliseconds. */
  readonly window?: Duration.DurationInput | undefined
  /**
   * The deadline of a request without a `timeout` of its own. It counts from the submission, so it includes the window.
   * Use the value of the client's setting `requestTimeout`. Default: 15 seconds.
   */
  readonly requestTimeout?: Duration.DurationInput | undefined
  /**
   * The maximum number of documents that one request writes: the server's `limits.documentsWriteCount`. Default: 200.
   */
  readonly maxWrites?: number | undefined
  /**
   * The maximum number of documents that one request reads. Default: 1000. The server's `limits.documentsFetchCount` is
   * 10,000 by default.
   */
  readonly maxReads?: number | undefined
}

/**
 * A client that combines requests for single documents into requests on many. A request that exceeds the maximum size
 * or a limit of the server is sent in halves.
 *
 * A request that is interrupted before its window has ended is not sent.
 *
 * @example
 * ```ts
 * import { Array, Effect } from "effect"
 * import { KuzzleBatch, KuzzleDocument } from "@effect-kuzzle/core"
 *
 * // Five requests instead of a thousand.
 * export const fleet = Effect.forEach(
 *   Array.range(1, 1000),
 *   (n) => KuzzleDocument.create({ index: "nyc", collection: "taxi", _id: `taxi-${n}`, content: { seats: n % 5 } }),
 *   { concurrency: "unbounded" }
 * ).pipe(Effect.provide(KuzzleBatch.layer()))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<Kuzzle, InvalidSettingError, Kuzzle> =>
  Layer.scoped(Kuzzle, Effect.flatMap(Kuzzle, (kuzzle) => make(kuzzle, options)))

/**
 * Like `layer`, for a given client, until the scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  kuzzle: KuzzleShape,
  options: Options = {}
): Effect.Effect<KuzzleShape, InvalidSettingError, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const count = Setting.integer(1)
    const maxReads = yield* Setting.checked("maxReads", count(options.maxReads ?? 1000))
    const maxWrites = yield* Setting.checked("maxWrites", count(options.maxWrites ?? 200))
    const requestTimeout = yield* Setting.checked(
      "requestTimeout",
      Setting.duration(options.requestTimeout ?? "15 seconds")
    )
    const window = yield* Setting.checked("window", Setting.span(options.window ?? "5 millis"))
    const plans = plansOf()
    const unsettled = yield* unsettledEntries
    const limitOf = ({ plan }: Entry) => plan.reads ? maxReads : maxWrites
    /** The groups of entries in the open window. */
    let open: Groups | undefined

    /**
     * Waits until the window ends, and then sends. It is forked uninterruptibly, because a closed scope interrupts a
     * fiber that has not begun. The entries would then wait for ever.
     */
    const gather = Effect.flatMap(Effect.exit(Effect.interruptible(Effect.sleep(window))), (slept) => {
      const groups = Array.from(open?.values() ?? [])
      open = undefined
      const sent = Exit.isSuccess(slept) ? Effect.interruptible(sendAll(kuzzle, unsettled, groups, limitOf)) : slept
      return Effect.onError(
        sent,
        (cause) => Effect.sync(() => groups.forEach((entries) => settleAll(unsettled, entries, Exit.failCause(cause))))
      )
    })

    /** Adds an entry. For the first entry of a window, returns the effect that starts the window. */
    const submit = (entry: Entry): Effect.Effect<unknown> | undefined => {
      const opening = open === undefined ? Effect.forkIn(gather, scope) : undefined
      open ??= new Map()
      unsettled.add(entry)
      const company = companyOf(entry)
      const group = open.get(company)
      if (group === undefined) open.set(company, [entry])
      else group.push(entry)
      return opening
    }

    return {
      ...kuzzle,
      query: (request, options) => {
        const plan = planOf(plans, request)
        const timeout = options?.timeout === undefined
          ? Option.some(requestTimeout)
          : Duration.decodeUnknown(options.timeout)
        if (plan === undefined || Option.isNone(timeout) || !isSendable(options?.volatile)) {
          return kuzzle.query(request, options)
        }
        return Effect.uninterruptibleMask((restore) => {
          const entry = new Entry(request, options, plan, timeout.value)
          const opening = submit(entry)
          const answer = Effect.matchCauseEffect(restore(entry.outcome), {
            onFailure: (cause) => {
              unsettled.take(entry)
              return Effect.failCause(cause)
            },
            onSuccess: Effect.succeed
          })
          return opening === undefined ? answer : Effect.zipRight(opening, answer)
        })
      }
    }
  })

// -------------------------------------------------------------------------------------------------------------------
// the requests of the callers
// -------------------------------------------------------------------------------------------------------------------

/** Entries by the key of their group. Entries of a group may be sent together. */
type Groups = Map<string, Array<Entry>>

/**
 * A request of a caller. (A `Deferred` would take another 10 µs for each call, most of it in the garbage collector.)
 */
class Entry {
  id = ""
  deadline = Infinity
  sent = false
  private resume: ((exit: Answer) => void) | undefined
  private exit: Answer | undefined

  constructor(
    readonly request: KuzzleRequest,
    readonly options: RequestOptions | undefined,
    readonly plan: Plan,
    readonly timeout: Duration.Duration
  ) {}

  settle(exit: Answer): void {
    if (this.resume === undefined) this.exit = exit
    else this.resume(exit)
  }

  /** Many requests of a single caller. */
  get outcome(): Effect.Effect<KuzzleResponse, RequestError> {
    return Effect.async((resume) => {
      if (this.exit === undefined) this.resume = resume
      else resume(this.exit)
    })
  }
}

type Answer = Exit.Exit<KuzzleResponse, RequestError>

/** Entries that have no outcome yet and whose callers still wait. */
interface Unsettled {
  readonly add: (entry: Entry) => void
  /** Removes an entry. Returns `true` if it was there, because an entry is settled at most once. */
  readonly take: (entry: Entry) => boolean
  readonly has: (entry: Entry) => boolean
}

/** One timer serves all deadlines. A fiber and a timer for each call would take 0.4 ms and 50 KB (measured). */
const unsettledEntries: Effect.Effect<Unsettled, never, Scope.Scope> = Effect.gen(function*() {
  const clock = yield* Effect.clock
  const pending = new Pending<Entry>()
  const wakeAt = yield* Timer.makeEarliest(expire)
  let lastId = 0

  function expire() {
    for (const entry of pending.expire(Timer.now(clock))) {
      const { request: { action, controller }, sent, timeout } = entry
      entry.settle(Exit.fail(new DeadlineError({ controller, action, timeout, sent })))
    }
    wakeAt(pending.nextDeadline())
  }

  return {
    add: (entry) => {
      lastId += 1
      entry.id = String(lastId)
      entry.deadline = Timer.now(clock) + Duration.toMillis(entry.timeout)
      pending.add(entry.id, entry)
      wakeAt(entry.deadline)
    },
    take: ({ id }) => pending.take(id) !== undefined,
    has: ({ id }) => pending.has(id)
  }
})

const settle = (unsettled: Unsettled, entry: Entry, exit: Exit.Exit<KuzzleResponse, RequestError>): void => {
  if (unsettled.take(entry)) entry.settle(exit)
}

const settleAll = (
  unsettled: Unsettled,
  entries: ReadonlyArray<Entry>,
  exit: Exit.Exit<KuzzleResponse, RequestError>
): void => {
  for (const entry of entries) settle(unsettled, entry, exit)
}

// -------------------------------------------------------------------------------------------------------------------
// one document
// -------------------------------------------------------------------------------------------------------------------

/** The collection and the arguments that the combined requests have in common. */
interface Shared {
  readonly index: string
  readonly collection: string
  readonly [argument: string]: unknown
}

type Outcome = Many.Outcome<unknown, { readonly reason: string; readonly status: number }>

/** How to turn an action on one document into an action on many. */
interface Plan {
  readonly reads: boolean
  /** Whether its requests always have an id, or only if the caller gives one. */
  readonly id: "always" | "optional"
  readonly hasBody: boolean
  /** The arguments that both actions have, each with a test for the values that both accept. */
  readonly shared: Readonly<Record<string, (value: unknown) => boolean>>
  /** The arguments that belong to each document. */
  readonly own: ReadonlySet<string>
  readonly route: RequestOptions["route"]
  readonly request: (shared: Shared, singles: ReadonlyArray<KuzzleRequest>) => KuzzleRequest
  readonly outcomes: (singles: ReadonlyArray<KuzzleRequest>, result: unknown) => ReadonlyArray<Outcome> | Shape.Issue
}

/**
 * The outcome of each single request, from the result of the action on many. The function of the single action checks
 * each result when it reads it.
 */
const outcomesBy = <Result>(
  read: Shape.Reader<Result>,
  outcomes: (singles: ReadonlyArray<KuzzleRequest>, result: Result) => ReadonlyArray<Outcome>
): Plan["outcomes"] =>
(singles, result) => {
  const given = read(result)
  return given instanceof Shape.Issue ? given : outcomes(singles, given)
}

const isRefresh = (value: unknown) => value === "wait_for" || value === "false"
const isBoolean = (value: unknown) => typeof value === "boolean"
const isNumber = (value: unknown) => typeof value === "number"

const nothing: ReadonlySet<string> = new Set()

/**
 * Made when it is used. If this module read members of other modules at its top level, they would be in every bundle.
 */
const plansOf = (): Readonly<Record<string, Plan>> => {
  const byId = { id: "always", hasBody: false, own: nothing } as const
  const written = { reads: false, id: "always", hasBody: true, own: nothing } as const
  const write = { refresh: isRefresh, silent: isBoolean }
  const writes = Shape.whole(Shapes.many(
    Shape.and(KuzzleDocument.documentShape, Shape.struct<{ readonly created?: boolean }>({})),
    KuzzleDocument.rejectionShape
  ))
  const { mCreate, mCreateOrReplace, mDelete, mExists, mGet, mReplace, mUpdate } = KuzzleDocument
  return {
    get: {
      ...byId,
      reads: true,
      shared: {},
      route: mGet.declaration.http,
      request: (shared, singles) => mGet.request({ ...shared, ids: idsOf(singles) }),
      outcomes: outcomesBy(mGet.declaration.result, (singles, { successes }) => {
        const documents = new Map(successes.map((document) => [document._id, document]))
        return singles.map(({ _id = "" }) => {
          const value = documents.get(_id)
          return value === undefined ? notFound : { _tag: "Done", value }
        })
      })
    },
    exists: {
      ...byId,
      reads: true,
      shared: {},
      route: mExists.declaration.http,
      request: (shared, singles) => mExists.request({ ...shared, ids: idsOf(singles) }),
      outcomes: outcomesBy(mExists.declaration.result, (singles, { successes }) => {
        const existing = new Set(successes)
        return singles.map(({ _id = "" }) => ({ _tag: "Done", value: existing.has(_id) }))
      })
    },
    delete: {
      ...byId,
      reads: false,
      shared: write,
      route: mDelete.declaration.http,
      request: (shared, singles) => mDelete.request({ ...shared, ids: idsOf(singles) }),
      outcomes: outcomesBy(mDelete.declaration.result, (singles, { errors, successes }) => {
        const deleted = new Set(successes)
        const failed = new Map(errors.map((error) => [error._id, error]))
        return singles.map(({ _id = "" }) => {
          const error = failed.get(_id)
          if (error !== undefined) return { _tag: "Failed", error }
          return deleted.has(_id) ? { _tag: "Done", value: { _id } } : { _tag: "Unknown" }
        })
      })
    },
    create: {
      ...written,
      id: "optional",
      shared: write,
      route: mCreate.declaration.http,
      request: (shared, singles) => mCreate.request({ ...shared, documents: documentsOf(singles) }),
      outcomes: outcomesBy(writes, (singles, result) => writtenOutcomes(singles, result, document))
    },
    createOrReplace: {
      ...written,
      shared: write,
      route: mCreateOrReplace.declaration.http,
      request: (shared, singles) => mCreateOrReplace.request({ ...shared, documents: named(singles) }),
      outcomes: outcomesBy(
        writes,
        (singles, result) => writtenOutcomes(singles, result, (done) => ({ ...document(done), created: done.created }))
      )
    },
    replace: {
      ...written,
      shared: write,
      route: mReplace.declaration.http,
      request: (shared, singles) => mReplace.request({ ...shared, documents: named(singles) }),
      outcomes: outcomesBy(writes, (singles, result) => writtenOutcomes(singles, result, document))
    },
    update: {
      ...written,
      shared: { ...write, retryOnConflict: isNumber },
      own: new Set(["source"]),
      route: mUpdate.declaration.http,
      request: (shared, singles) => mUpdate.request({ ...shared, documents: named(singles) }),
      outcomes: outcomesBy(writes, (singles, result) =>
        writtenOutcomes(singles, result, (done, { body, source }) =>
          // `mUpdate` returns whole documents. Without `source`, `update` returns only the changes and the metadata.
          source === true
            ? document(done)
            : { ...document(done), _source: { ...contentOf(body), _kuzzle_info: done._source._kuzzle_info } }))
    }
  }
}

const notFound: Outcome = { _tag: "Failed", error: { reason: "document not found", status: 404 } }

const idsOf = (singles: ReadonlyArray<KuzzleRequest>): ReadonlyArray<string> =>
  Array.from(new Set(singles.map(({ _id = "" }) => _id)))

const documentsOf = (singles: ReadonlyArray<KuzzleRequest>) =>
  singles.map(({ _id, body }) => ({ _id, body: contentOf(body) }))

const named = (singles: ReadonlyArray<KuzzleRequest>) =>
  singles.map(({ _id = "", body }) => ({ _id, body: contentOf(body) }))

/** `planOf` has checked this. */
const contentOf = (body: unknown): KuzzleDocument.Content => body as KuzzleDocument.Content

const document = ({ _id, _source, _version }: KuzzleDocument.Document): KuzzleDocument.Document => ({
  _id,
  _source,
  _version
})

const writtenOutcomes = <Done extends KuzzleDocument.Document>(
  singles: ReadonlyArray<KuzzleRequest>,
  result: KuzzleDocument.Many<Done, KuzzleDocument.Rejection>,
  shape: (done: Done, single: KuzzleRequest) => unknown
): ReadonlyArray<Outcome> =>
  Many.outcomes(singles.map(({ _id, body }) => ({ _id, content: body })), result).map((outcome, i) =>
    outcome._tag === "Done"
      // One outcome for each request.
      ? { _tag: "Done", value: shape(outcome.value, singles[i] as KuzzleRequest) }
      : outcome
  )

/** How a request is combined with others. `undefined` if it cannot be combined. */
const planOf = (plans: Readonly<Record<string, Plan>>, request: KuzzleRequest): Plan | undefined => {
  const { _id, action, body, collection, controller, index, ...args } = request
  const plan = controller === "document" && Object.hasOwn(plans, action) ? plans[action] : undefined
  if (plan === undefined || !isText(index) || !isText(collection)) return undefined
  // An id that Elasticsearch refuses would fail the requests of all callers.
  if (_id === undefined ? plan.id === "always" : !isText(_id) || Envelope.sizeOf(_id) > 512) return undefined
  const isContent = typeof body === "object" && body !== null && !Array.isArray(body)
  if (plan.hasBody ? !isContent : body !== undefined) return undefined
  for (const name in args) {
    const value = args[name]
    if (value === undefined || plan.shared[name]?.(value) === true || (plan.own.has(name) && isBoolean(value))) continue
    return undefined
  }
  return plan
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== ""

// -------------------------------------------------------------------------------------------------------------------
// many
// -------------------------------------------------------------------------------------------------------------------

const sharedOf = (plan: Plan, request: KuzzleRequest): Shared => {
  const { index = "", collection = "" } = request
  const shared: Record<string, unknown> = {}
  for (const name of Object.keys(plan.shared)) shared[name] = request[name]
  return { ...shared, index, collection }
}

/** The key of a group: the collection, the action and the options as text. */
const companyOf = ({ options, plan, request, timeout }: Entry): string => {
  const { action, collection, index } = request
  const { anonymous, as, idempotent, queuable, volatile } = options ?? {}
  return JSON.stringify([
    action,
    index,
    collection,
    ...Object.keys(plan.shared).map((name) => request[name]),
    anonymous === true,
    as?._tag,
    as?._tag === "User" ? as.kuid : undefined,
    idempotent === true,
    queuable !== false,
    Duration.toMillis(timeout),
    volatile === undefined ? undefined : canonical(volatile)
  ])
}

/** A value that is not valid JSON is sent alone, so that only its caller gets the error. */
const isSendable = (volatile: unknown): boolean => typeof Json.stringify(volatile ?? {}) === "string"

const chunksOf = <A>(items: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))

/** Sends the entries of a window. */
const sendAll = (
  kuzzle: KuzzleShape,
  unsettled: Unsettled,
  groups: ReadonlyArray<ReadonlyArray<Entry>>,
  limitOf: (entry: Entry) => number
): Effect.Effect<void> =>
  Effect.forEach(
    groups,
    (group) =>
      Effect.forEach(
        Many.rounds(group, ({ plan, request }) => plan.reads ? undefined : request._id),
        (round) =>
          Effect.forEach(
            // A group is never empty.
            chunksOf(round, limitOf(group[0] as Entry)),
            (chunk) => send(kuzzle, unsettled, chunk),
            { concurrency: 4, discard: true }
          ),
        { discard: true }
      ),
    { concurrency: "unbounded", discard: true }
  )

/** Sends the entries that still wait. An entry whose deadline has passed was reported as not sent. */
const send = (kuzzle: KuzzleShape, unsettled: Unsettled, chunk: ReadonlyArray<Entry>): Effect.Effect<void> =>
  Effect.suspend(() => {
    const entries = chunk.filter(unsettled.has)
    const [first, ...others] = entries
    if (first === undefined) return Effect.void
    const { options, plan, request } = first
    for (const entry of entries) entry.sent = true
    if (others.length === 0) {
      return Effect.map(Effect.exit(kuzzle.query(request, options)), (exit) => settle(unsettled, first, exit))
    }
    const singles = entries.map((entry) => entry.request)
    return kuzzle.query(plan.request(sharedOf(plan, request), singles), { ...options, route: plan.route }).pipe(
      Effect.matchCauseEffect({
        onFailure: (cause) =>
          Chunk.some(Cause.failures(cause), isTooMuch)
            ? Effect.forEach(Many.halves(entries), (half) => send(kuzzle, unsettled, half), { discard: true })
            : Effect.sync(() => settleAll(unsettled, entries, Exit.failCause(cause))),
        onSuccess: (response) =>
          Effect.sync(() => {
            const outcomes = plan.outcomes(singles, response.result)
            for (const [i, entry] of entries.entries()) {
              const exit = outcomes instanceof Shape.Issue
                ? Shape.outcome<never>(entry.request, outcomes)
                : exitOf(entry.request, response, outcomes[i] ?? { _tag: "Unknown" })
              settle(unsettled, entry, exit)
            }
          })
      })
    )
  })

/**
 * Whether a request was refused for its size or could not be encoded. It was then not executed, and may be sent in
 * halves.
 */
const isTooMuch = (error: RequestError): boolean =>
  error._tag === "KuzzlePayloadTooLargeError" || error._tag === "KuzzleEncodeError" ||
  (isApiError(error) &&
    (error.id === "services.storage.write_limit_exceeded" || error.id === "services.storage.get_limit_exceeded"))

const exitOf = (
  { _id, action, collection = "", controller, index = "" }: KuzzleRequest,
  response: KuzzleResponse,
  outcome: Outcome
): Exit.Exit<KuzzleResponse, RequestError> => {
  switch (outcome._tag) {
    case "Done":
      return Exit.succeed({ ...response, action, result: outcome.value })
    case "Failed":
      return Exit.fail(fromStatus(Many.fieldsOf({ controller, action, index, collection }, { _id, ...outcome.error })))
    case "Unknown":
      return Exit.fail(new ProtocolError({ controller, action, issue: Many.unknown }))
  }
}
