/** What is written down of a history while it runs, for the checks. All times are milliseconds of the host. */
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
  /** `n` is the mark of a program's request, here or there. */
  readonly n?: number
  /** `poison`: the server closes the connection instead of an answer. */
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
    /** Of a session. */
    readonly _id?: unknown
    readonly jwt?: string
    readonly ttl?: unknown
    /** Of a token that was checked. */
    readonly valid?: boolean
    readonly _source?: { readonly m?: number }
  } | null
}

/** A request of a program, from its submission to its end. */
export interface Asked {
  readonly n: number
  readonly kind: string
  readonly startedAt: number
  /** `Infinity` for none. */
  readonly timeout: number
  readonly idempotent: boolean
  readonly anonymous: boolean
  /** The user who was logged in; `undefined` if there was none, if any is possible, and during a change. */
  readonly user: string | undefined
  /**
   * Possibly no user was logged in when it was made: then it is sent without a token, even if a user has logged in
   * since.
   */
  readonly nobodys: boolean
  /** Those that were submitted in one call, in this order. */
  readonly group: number
  /** The connections on which it was written, in order. */
  readonly writes: Array<{ readonly link: number; readonly at: number }>
  executed: number
  /** When its answer reached the client, on which connection. `dead`: that the server does not know the token. */
  readonly answers: Array<{ readonly link: number; readonly at: number; readonly dead: boolean }>
  settledAt: number | undefined
  exit: Exit.Exit<Answer, KuzzleError.RequestError> | undefined
}

/** What a request gave, as far as it is looked at. */
export interface Answer {
  readonly requestId: string
}

/** A message that was published, by whomever. */
export interface Message {
  /** Its place in the order in which the server executed them. */
  readonly seq: number
  readonly m: number
  readonly collection: string
  readonly kind: string
  /** The server said that it did. */
  confirmed: boolean
}

/** What a consumer got, in order. */
export type Element =
  | { readonly _tag: "Message"; readonly m: number; readonly at: number }
  | { readonly _tag: "User"; readonly at: number }
  | { readonly _tag: "Gap"; readonly cause: string; readonly lost: number; readonly at: number }

/** A consumer of a subscription. */
export interface Heard {
  readonly id: number
  /** What it asks for: equal keys are one subscription. */
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
  /** How many messages there had been when it was opened: those to come are for it. */
  base: number
  readonly elements: Array<Element>
  closing: boolean
  closedAt: number | undefined
  /** How it ended by itself. */
  ended: { readonly at: number; readonly tag: string } | undefined
}

/** What is known of one connection. */
export interface LinkRecord {
  readonly id: number
  readonly url: string
  readonly dialledAt: number
  openedAt: number | undefined
  /** When the client knew that it was gone, or let go of it. */
  endedAt: number | undefined
  by: "Peer" | "Client" | undefined
  /** When a frame or a pong last reached the client. */
  lastHeard: number
  /** When the client last wrote anything. */
  lastSent: number
  lastPing: number
  /** The requests of programs in the order of the wire, each as often as it was written. */
  readonly written: Array<{ readonly n: number; readonly at: number }>
}

/** Something that no client may do. */
export interface Violation {
  readonly promise: string
  readonly what: string
  readonly at: number
}

export class History {
  readonly asked: Array<Asked> = []
  readonly heard: Array<Heard> = []
  readonly links: Array<LinkRecord> = []
  readonly messages: Array<Message> = []
  /** By their mark. */
  readonly byMark = new Map<number, Message>()
  readonly states: Array<{ readonly at: number; readonly state: State }> = []
  /** When `TokenExpired` reached the client. */
  readonly expiries: Array<number> = []
  /** When an answer showed the client that its token is invalid. */
  readonly deaths: Array<number> = []
  /** Stalls of the client's host. */
  readonly stalls: Array<{ readonly from: number; readonly to: number }> = []
  /** Messages that the server lost on the way to a connection, which no client can notice. */
  readonly invisible = new Set<string>()
  /** When a frame of that channel's subscription was answered, or a message came: when a fast consumer hears it. */
  readonly arrivals = new Map<number, Array<number>>()
  readonly confirmations: Array<number> = []
  readonly violations: Array<Violation> = []
  /** The requests of programs by the ids that the client gave them. */
  readonly ids = new Map<unknown, Asked>()
}

/** The members of a state that the checks read; others may come. */
export interface State {
  readonly _tag: Kuzzle.ConnectionState["_tag"]
  readonly attempt?: number
  readonly because?: string
  readonly delay?: Duration.Duration
  readonly cause?: { readonly message: string; readonly _tag: string }
}

/** What is not executed for that may be sent once more. */
export const isTokenDead = ({ error, status }: WireFrame): boolean =>
  status === 401 && typeof error?.id === "string" && error.id.startsWith("security.token.")

/**
 * The subscription that a request on the wire asks for; `volatile.v` is what a program gave. For users that leave, the
 * client subscribes to all users, because the server could otherwise use the channel of `none` (spec 1.5).
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

/** Whether a message is one for a consumer. */
export const isFor = ({ collection, kind }: Message, heard: Heard): boolean =>
  heard.collection === collection && (heard.scope === "all" || heard.scope === "in") &&
  (heard.filter === "all" || heard.filter === "missing" || heard.filter === kind)
