/** Compares what the clients said with what the server executed. Pure: a ledger and the executions in, a verdict out. */
import type { Ledger, Request } from "./ledger.ts"

/** What the server holds of one request. */
export interface Execution {
  readonly idempotent: boolean
  /** For an idempotent request 1, however often it was executed. */
  readonly count: number
}

export type Executions = ReadonlyMap<string, Execution>

export interface Broken {
  readonly promise: string
  /** Of the requests that it was broken to. */
  readonly ids: ReadonlyArray<string>
}

export interface Verdict {
  readonly ends: number
  /** Of these, the ends that left requests sent and unanswered. */
  readonly endsInFlight: number
  /** How the accepted requests ended. */
  readonly accepted: number
  readonly once: number
  /** Also those whose client ended before it could report that they were accepted. */
  readonly twice: number
  readonly lost: number
  readonly maybeExecuted: number
  readonly maybeNot: number
  /** Reported as not sent: expired, withdrawn, unreadable or refused by the server. */
  readonly unsent: number
  /** Not executed, and the only client that received the outcome has ended. */
  readonly untold: number
  /** Lost with a database that the browser has deleted: no page can know what was in it. */
  readonly deleted: number
  readonly broken: ReadonlyArray<Broken>
}

type Fate = "once" | "twice" | "lost" | "maybeExecuted" | "maybeNot" | "unsent" | "untold" | "deleted"

/** The errors of an outcome that leave open whether the request was executed. */
const open: ReadonlySet<string> = new Set([
  "KuzzleMaybeSentError",
  "KuzzleDeadlineError",
  "KuzzleResponseTooLargeError",
  "KuzzleProtocolError"
])

const isMaybe = ({ answer, reports }: Request): boolean => reports.has("MaybeSent") || open.has(answer ?? "")

/** Outcomes after which a request must not have been executed. */
const unsent: { readonly [told: string]: (request: Request) => boolean } = {
  "was refused": ({ refused }) => refused,
  "was withdrawn in time": ({ withdrawn }) => withdrawn === "InTime",
  "expired": ({ reports }) => reports.has("Expired"),
  "was not sent, as its caller was told": ({ answer }) => answer === "KuzzleNotSentError"
}

/** A caller received, or may have received, the outcome of the request. */
const isTold = ({ answer, reports, withdrawn }: Request): boolean =>
  answer !== undefined || reports.size > 0 || withdrawn === "InTime" || withdrawn === "Perhaps"

const fateOf = (request: Request, count: number, clientEnded: boolean): Fate => {
  if (count > 1 && !request.idempotent) return "twice"
  if (isMaybe(request)) return count > 0 ? "maybeExecuted" : "maybeNot"
  if (count > 0) return "once"
  if (isTold(request)) return "unsent"
  if (request.awaited && clientEnded) return "untold"
  return request.deleted ? "deleted" : "lost"
}

export const judge = (ledger: Ledger, executions: Executions): Verdict => {
  const fates: Record<Fate, number> = {
    once: 0,
    twice: 0,
    lost: 0,
    maybeExecuted: 0,
    maybeNot: 0,
    unsent: 0,
    untold: 0,
    deleted: 0
  }
  const requests = Array.from(ledger.requests.values())
  const countOf = ({ id }: Request): number => executions.get(id)?.count ?? 0
  const lost: Array<string> = []
  for (const request of requests) {
    if (!request.accepted) continue
    const fate = fateOf(request, countOf(request), ledger.hasEnded(request))
    fates[fate] += 1
    if (fate === "lost") lost.push(request.id)
  }
  const twice = Array.from(executions).filter(([, { count, idempotent }]) => count > 1 && !idempotent)
  const executed = (predicate: (request: Request) => boolean) =>
    requests.filter((request) => countOf(request) > 0 && predicate(request)).map(({ id }) => id)
  const endsInFlight = ledger.ends.filter(({ inFlight }) => inFlight > 0).length
  const accepted = Object.values(fates).reduce((sum, count) => sum + count, 0)
  const broken: ReadonlyArray<Broken> = [
    { promise: "executed twice", ids: twice.map(([id]) => id) },
    { promise: "accepted and lost", ids: lost },
    {
      promise: "answered with a success and not executed",
      ids: requests.filter((request) => request.answer === null && countOf(request) === 0).map(({ id }) => id)
    },
    ...Object.entries(unsent).map(([told, isUnsent]) => ({
      promise: `executed although it ${told}`,
      // An idempotent one may have been executed before it waited again.
      ids: executed((request) => !request.idempotent && isUnsent(request))
    })),
    { promise: "unreadable although nobody damaged it", ids: [...ledger.unreadable] }
  ].filter(({ ids }) => ids.length > 0)
  return {
    ends: ledger.ends.length,
    endsInFlight,
    accepted,
    ...fates,
    twice: twice.length,
    broken: [
      ...broken,
      ...[...ledger.complaints, ...emptiness(ledger, accepted, fates.once, endsInFlight)]
        .map((promise) => ({ promise, ids: [] }))
    ]
  }
}

/** What did not happen at all, so that the run proves nothing. */
const emptiness = (ledger: Ledger, accepted: number, once: number, endsInFlight: number): ReadonlyArray<string> => [
  ...(ledger.ends.length > 0 ? [] : ["the run is empty: no client ended"]),
  ...(accepted > 0 ? [] : ["the run is empty: nothing was accepted"]),
  ...(once > 0 ? [] : ["the run is empty: nothing was executed"]),
  ...(endsInFlight > 0 ? [] : ["the run is empty: no end hit a request in flight"])
]

// -------------------------------------------------------------------------------------------------------------------
// for people
// -------------------------------------------------------------------------------------------------------------------

export interface Row {
  readonly name: string
  readonly verdict: Verdict
  readonly seconds: number
}

/** Of so many requests the ids are shown. */
const shown = 20

const thousands = (count: number): string => count.toLocaleString("en-US")

export const table = (rows: ReadonlyArray<Row>): string =>
  [
    "| Run | Ends (with requests in flight) | Accepted | Executed once | Twice | Lost | Maybe sent: executed / not | Not sent, and reported | Outcome lost with its client | Deleted by the browser | Time |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows.map(({ name, seconds, verdict: v }) =>
      `| ${name} | ${thousands(v.ends)} (${thousands(v.endsInFlight)}) | ${thousands(v.accepted)} | ${
        thousands(v.once)
      } | ` +
      `${v.twice} | ${v.lost} | ${v.maybeExecuted} / ${v.maybeNot} | ${v.unsent} | ${v.untold} | ${v.deleted} | ${
        Math.round(seconds)
      } s |`
    )
  ].join("\n")

export const showBroken = ({ ids, promise }: Broken): string =>
  ids.length === 0
    ? promise
    : `${promise}: ${ids.length} (${ids.slice(0, shown).join(", ")}${ids.length > shown ? ", …" : ""})`
