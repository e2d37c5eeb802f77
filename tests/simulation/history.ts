/** What is recorded of a history while it runs, for the checks. All times are milliseconds of the host. */
import type { Kuzzle, KuzzleError } from "@effect-kuzzle/core"
import type { Duration, Exit } from "effect"

/** A frame of the client, as the simulation reads it. */
export interface WireRequest {
  readonly requestId?: string
  readonly controller?: string
  readonly action?: string
  readonly index?: string
  readonly collection?: string
  readonly scope?: string
  readonly users?: string
  readonly jwt?: string
  /** The number of a program's request: here, or in `volatile`. */
  readonly n?: number
  /** `poison`: the server closes the connection instead of answering. */
  readonly volatile?: { readonly n?: number; readonly v?: number; readonly poison?: boolean }
  readonly body?: { readonly [key: string]: unknown }
}

/** A frame of the server, as the simulation reads it. */
export interface WireFrame {
  readonly requestId?: unknown
  readonly room?: unknown
  readonly type?: unknown
  readonly status?: number
  readonly error?: { readonly id?: unknown } | null
  readonly controller?: string
  readonly action?: string
  readonly result?: {
    readonly channel?: string
    /** The user, in the answer to a login. */
    readonly _id?: unknown
    readonly jwt?: string
    readonly ttl?: unknown
    /** In the answer to `checkToken`. */
    readonly valid?: boolean
    readonly _source?: { readonly m?: number }
  } | null
}

/** A request of a program, from its submission to its end. */
export interface RequestRecord {
  readonly n: number
  readonly kind: string
  readonly startedAt: number
  /** `Infinity` for none. */
  readonly timeout: number
  readonly idempotent: boolean
  readonly anonymous: boolean
  /** The user who was logged in. `undefined` if there was none, if it may be any, and during a login or logout. */
  readonly user: string | undefined
  /**
   * Whether possibly no user was logged in when it was made. Then it may be sent without a token, even after a later
   * login.
   */
  readonly mayBeAnonymous: boolean
  /** The number of the first request of the same `queryMany` call; -1 for a single request. */
  readonly group: number
  /** The connections on which it was written, in order. */
  readonly writes: Array<{ readonly link: number; readonly at: number }>
  executed: number
  /** When its answers reached the client, and on which connection. `tokenInvalid`: the server refused its token. */
  readonly answers: Array<{ readonly link: number; readonly at: number; readonly tokenInvalid: boolean }>
  settledAt: number | undefined
  exit: Exit.Exit<Answer, KuzzleError.RequestError> | undefined
}

/** The part of a response that the checks read. */
export interface Answer {
  readonly requestId: string
}

/** A message that a program or another client has published. */
export interface Message {
  /** Its place in the order in which the server executed all publications. */
  readonly seq: number
  readonly m: number
  readonly collection: string
  readonly kind: string
  /** Whether the server has answered that it is published. */
  confirmed: boolean
}

/** One notification that a consumer got. */
export type Element =
  | { readonly _tag: "Message"; readonly m: number; readonly at: number }
  | { readonly _tag: "User"; readonly at: number }
  | { readonly _tag: "Gap"; readonly cause: string; readonly lost: number; readonly at: number }

/** A consumer of a subscription. */
export interface ConsumerRecord {
  readonly id: number
  /** Its collection, filter and options as one text. Consumers with equal keys share one subscription. */
  readonly key: string
  readonly collection: string
  readonly filter: string
  readonly scope: string
  readonly users: string
  readonly capacity: number
  readonly strategy: "sliding" | "dropping" | "fail"
  /** Takes one batch at a time and pauses in between. */
  readonly slow: boolean
  readonly handler: boolean
  readonly acquiredAt: number
  openedAt: number | undefined
  /** How many messages were published before it was opened. It gets those that follow. */
  base: number
  readonly elements: Array<Element>
  closing: boolean
  closedAt: number | undefined
  /** When and how it ended, if its scope was not closed. */
  ended: { readonly at: number; readonly tag: string } | undefined
}

/** What is recorded of one connection. */
export interface LinkRecord {
  readonly id: number
  readonly url: string
  readonly dialledAt: number
  openedAt: number | undefined
  /** When the client learned that it had ended, or dropped it. */
  endedAt: number | undefined
  by: "Peer" | "Client" | undefined
  /** When a frame or a pong last reached the client. */
  lastReceived: number
  /** When the client last wrote anything. */
  lastSent: number
  lastPing: number
  /** The requests of programs in the order in which they were written. A resent one is listed again. */
  readonly written: Array<{ readonly n: number; readonly at: number }>
}

/** A broken promise. */
export interface Violation {
  readonly promise: string
  readonly what: string
  readonly at: number
}

export class History {
  readonly requests: Array<RequestRecord> = []
  readonly consumers: Array<ConsumerRecord> = []
  readonly links: Array<LinkRecord> = []
  readonly messages: Array<Message> = []
  /** The messages by their mark `m`. */
  readonly byMark = new Map<number, Message>()
  readonly states: Array<{ readonly at: number; readonly state: State }> = []
  /** When `TokenExpired` reached the client. */
  readonly expiries: Array<number> = []
  /** When an answer showed the client that its token is invalid. */
  readonly invalidations: Array<number> = []
  /** Stalls of the client's host. */
  readonly stalls: Array<{ readonly from: number; readonly to: number }> = []
  /** Messages that the server lost on the way to a connection. No client can notice that. */
  readonly invisible = new Set<string>()
  /** When each message reached the client, by its mark. A fast consumer receives it at that time. */
  readonly arrivals = new Map<number, Array<number>>()
  /** When answers to `subscribe` reached the client. */
  readonly confirmations: Array<number> = []
  readonly violations: Array<Violation> = []
  /** The requests of programs by their `requestId`. */
  readonly ids = new Map<unknown, RequestRecord>()
}

/** The members of a connection state that the checks read. */
export interface State {
  readonly _tag: Kuzzle.ConnectionState["_tag"]
  readonly attempt?: number
  readonly because?: string
  readonly delay?: Duration.Duration
  readonly cause?: { readonly message: string; readonly _tag: string }
}

/** Whether the server refused a request because of its token. It was not executed, so it may be resent. */
export const isTokenInvalid = ({ error, status }: WireFrame): boolean =>
  status === 401 && typeof error?.id === "string" && error.id.startsWith("security.token.")

/**
 * The subscription that a request asks for, as one text. `volatile.v` comes from a program. For `users: "out"` the client
 * subscribes to all users, because the server could otherwise use the channel of `none` (spec 1.5).
 */
export const keyOf = (
  { collection, filter, scope, users, v }: {
    readonly collection?: string | undefined
    readonly filter: unknown
    readonly scope?: string | undefined
    readonly users?: string | undefined
    readonly v: number | undefined
  }
): string => `${collection} ${JSON.stringify(filter)} ${scope} ${users === "out" ? "all" : users} ${v ?? "-"}`

export const filters: { readonly [name: string]: { readonly [key: string]: unknown } } = {
  all: {},
  a: { equals: { k: "a" } },
  b: { equals: { k: "b" } },
  missing: { missing: { field: "x" } }
}

/** Whether a consumer's subscription matches a message. */
export const isFor = ({ collection, kind }: Message, consumer: ConsumerRecord): boolean =>
  consumer.collection === collection && (consumer.scope === "all" || consumer.scope === "in") &&
  (consumer.filter === "all" || consumer.filter === "missing" || consumer.filter === kind)
