/** Compares the clients' notices with what the server executed. Pure: it takes a ledger and executions, and returns a verdict. */
import type { Ledger, Request } from "./ledger.ts"

/** What the server holds of one request. */
export interface Execution {
  readonly idempotent: boolean
  /** The number of documents with the id of the request. It is 1 for an idempotent request, however often it was executed. */
  readonly count: number
}

export type Executions = ReadonlyMap<string, Execution>

export interface Broken {
  /** What happened although the outbox promises that it does not. */
  readonly promise: string
  /** The requests that it happened to. */
  readonly ids: ReadonlyArray<string>
}

export interface Verdict {
  readonly ends: number
  /** The ends at which a request of the client was in flight. */
  readonly endsInFlight: number
  /** All accepted requests. The numbers from here to `deleted` say how they ended. */
  readonly accepted: number
  readonly once: number
  /** Includes requests whose client ended before it could report that they were accepted. */
  readonly twice: number
  readonly lost: number
  readonly maybeExecuted: number
  readonly maybeNot: number
  /** Not executed, and reported as such: expired, withdrawn, unreadable or refused by the server. */
  readonly unsent: number
  /** Not executed. The only client that received the outcome has ended. */
  readonly outcomeLost: number
  /** Lost with a database that the browser deleted. No page can know what was in it. */
  readonly deleted: number
  readonly broken: ReadonlyArray<Broken>
}

type Fate = "once" | "twice" | "lost" | "maybeExecuted" | "maybeNot" | "unsent" | "outcomeLost" | "deleted"

/** The tags of the errors after which the request may have been executed, or not. */
const maybeErrors: ReadonlySet<string> = new Set([
  "KuzzleMaybeSentError",
  "KuzzleDeadlineError",
  "KuzzleResponseTooLargeError",
  "KuzzleProtocolError"
])

const isMaybe = ({ answer, reports }: Request): boolean => reports.has("MaybeSent") || maybeErrors.has(answer ?? "")

/** Outcomes after which a request must not have been executed. */
const unsent: { readonly [outcome: string]: (request: Request) => boolean } = {
  "was refused": ({ refused }) => refused,
  "was withdrawn in time": ({ withdrawn }) => withdrawn === "InTime",
  "expired": ({ reports }) => reports.has("Expired"),
  "was reported to its caller as not sent": ({ answer }) => answer === "KuzzleNotSentError"
}

/** Whether a caller received, or may have received, the outcome of the request. */
const hasOutcome = ({ answer, reports, withdrawn }: Request): boolean =>
  answer !== undefined || reports.size > 0 || withdrawn === "InTime" || withdrawn === "Perhaps"

const fateOf = (request: Request, count: number, clientEnded: boolean): Fate => {
  if (count > 1 && !request.idempotent) return "twice"
  if (isMaybe(request)) return count > 0 ? "maybeExecuted" : "maybeNot"
  if (count > 0) return "once"
  if (hasOutcome(request)) return "unsent"
  if (request.awaited && clientEnded) return "outcomeLost"
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
    outcomeLost: 0,
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
    ...Object.entries(unsent).map(([outcome, isUnsent]) => ({
      promise: `executed although it ${outcome}`,
      // An idempotent request may be executed, return to the store, and end there.
      ids: executed((request) => !request.idempotent && isUnsent(request))
    })),
    { promise: "unreadable although the runner did not damage it", ids: [...ledger.unreadable] }
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

/** The things that must happen for a run to prove anything, and that did not happen. */
const emptiness = (ledger: Ledger, accepted: number, once: number, endsInFlight: number): ReadonlyArray<string> => [
  ...(ledger.ends.length > 0 ? [] : ["the run is empty: no client ended"]),
  ...(accepted > 0 ? [] : ["the run is empty: nothing was accepted"]),
  ...(once > 0 ? [] : ["the run is empty: nothing was executed"]),
  ...(endsInFlight > 0 ? [] : ["the run is empty: no end hit a request in flight"])
]

// -------------------------------------------------------------------------------------------------------------------
// text
// -------------------------------------------------------------------------------------------------------------------

export interface Row {
  readonly name: string
  readonly verdict: Verdict
  readonly seconds: number
}

/** The number of ids that a line lists. */
const maxIds = 20

const thousands = (count: number): string => count.toLocaleString("en-US")

export const table = (rows: ReadonlyArray<Row>): string =>
  [
    "| Run | Ends (with requests in flight) | Accepted | Executed once | Twice | Lost | Maybe sent: executed / not | Not sent, and reported | Outcome lost with its client | Deleted by the browser | Time |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows.map(({ name, seconds, verdict: v }) =>
      `| ${name} | ${thousands(v.ends)} (${thousands(v.endsInFlight)}) | ${thousands(v.accepted)} | ${
        thousands(v.once)
      } | ` +
      `${v.twice} | ${v.lost} | ${v.maybeExecuted} / ${v.maybeNot} | ${v.unsent} | ${v.outcomeLost} | ${v.deleted} | ${
        Math.round(seconds)
      } s |`
    )
  ].join("\n")

export const describeBroken = ({ ids, promise }: Broken): string =>
  ids.length === 0
    ? promise
    : `${promise}: ${ids.length} (${ids.slice(0, maxIds).join(", ")}${ids.length > maxIds ? ", …" : ""})`
