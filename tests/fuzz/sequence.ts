/**
 * Sequences of requests that build on each other. Each has names of its own. At its end, other requests read its final state.
 */
import { FastCheck as fc } from "effect"
import { type Answer, type Scenario, scenario, type World } from "../conformance/recorder.ts"
import { cleanDocuments, collections, documentRequests, documentState, prepareDocuments } from "./documents.ts"
import { cleanMemory, memoryRequest, memoryState } from "./memory.ts"
import { mistaken } from "./mistakes.ts"
import { type Ask, type Catalogue, nameOf } from "./request.ts"
import { cleanSecurity, prepareSecurity, securityRequests, securityState } from "./security.ts"
import { serverRequests } from "./server.ts"
import { comparableOf, failsByChance, findsOthers } from "./varies.ts"

export interface Step {
  readonly ask: Ask
  /** Whether the request goes by `POST /_query` instead of the WebSocket. */
  readonly http: boolean
}

export type Sequence = ReadonlyArray<Step>

/** Sequences of one kind. */
export interface Theme {
  readonly name: string
  readonly sequences: fc.Arbitrary<Sequence>
  /** Requests that prepare a sequence. */
  readonly begin: ReadonlyArray<Ask>
  /** Requests that read everything that a sequence may have changed. */
  readonly state: ReadonlyArray<Ask>
  /** Requests that delete everything that a sequence may have created. */
  readonly clean: ReadonlyArray<Ask>
  /** The part of all requests that belongs to this theme. All shares together are 1. */
  readonly share: number
}

/** The number of requests in a sequence. It may be one, so that a sequence can be shrunk. */
const length = { minLength: 1, maxLength: 99, size: "max" } as const
export const meanLength = 50

const sequencesOf = (request: fc.Arbitrary<Ask>): fc.Arbitrary<Sequence> =>
  fc.array(fc.record({ ask: request, http: fc.nat(7).map((n) => n === 7) }), length)

const anyOf = (catalogue: Catalogue): fc.Arbitrary<Ask> => fc.oneof(...Object.values(catalogue))

/** Whether a step cleans up. Such steps are not compared. */
export const isCleaning = (label: string): boolean => label.startsWith("clean: ")

const everything = { ...documentRequests, ...securityRequests, ...serverRequests }

export const themes: ReadonlyArray<Theme> = [
  {
    name: "documents",
    sequences: sequencesOf(anyOf(documentRequests)),
    begin: prepareDocuments,
    state: documentState,
    clean: cleanDocuments,
    share: 0.25
  },
  {
    name: "security",
    sequences: sequencesOf(anyOf(securityRequests)),
    begin: prepareSecurity,
    state: securityState,
    clean: cleanSecurity,
    share: 0.22
  },
  {
    name: "memory",
    sequences: sequencesOf(memoryRequest),
    begin: [],
    state: memoryState,
    clean: cleanMemory,
    share: 0.28
  },
  {
    name: "server",
    sequences: sequencesOf(anyOf(serverRequests)),
    begin: prepareDocuments,
    state: documentState,
    clean: cleanDocuments,
    share: 0.05
  },
  {
    name: "mistakes",
    sequences: sequencesOf(mistaken(fc.oneof(
      { weight: 4, arbitrary: anyOf(everything) },
      { weight: 1, arbitrary: memoryRequest }
    ))),
    begin: [...prepareDocuments, ...prepareSecurity],
    state: [...documentState, ...securityState],
    clean: [...cleanDocuments, ...cleanSecurity, ...cleanMemory],
    share: 0.2
  }
]

/** Actions that no sequence contains, and why. `pnpm test:destructive` tests those that destroy something. */
export const excludedActions: { readonly [action: string]: string } = {
  "admin:dump": "writes files and leaves a lock behind, which only a restart removes",
  "admin:resetCache": "empties the memory storage that all sequences share",
  "admin:resetDatabase": "deletes every index",
  "admin:resetSecurity": "deletes every user, profile and role",
  "admin:shutdown": "ends the server",
  "admin:refreshIndexCache": "fails on the real server while other sequences delete their collections",
  "index:stats": "fails on the real server while other sequences delete their collections",
  "ms:flushdb": "empties the memory storage that all sequences share",
  "server:openapi": "returns no envelope (the conformance suite tests it)",
  "security:createFirstAdmin": "permanently takes the rights of anonymous users",
  "security:restrictDefaultRights": "permanently takes the rights of anonymous users"
}

// -------------------------------------------------------------------------------------------------------------------
// playing
// -------------------------------------------------------------------------------------------------------------------

/** Actions that create a token. Two tokens that one user gets within the same second are equal. */
const createsToken = new Set([
  "auth:login",
  "auth:refreshToken",
  "auth:createToken",
  "auth:createApiKey",
  "security:createApiKey"
])

const refreshDocuments = ["RUN-i", "RUN-j"].flatMap((index) =>
  collections.map((collection): Ask => ({ controller: "collection", action: "refresh", index, collection }))
)
const refreshSecurity = ["users", "profiles", "roles"].map((collection): Ask => ({
  controller: "security",
  action: "refresh",
  collection
}))

/**
 * The refreshes to send before a request. A search finds only documents that were refreshed, which Elasticsearch does about
 * once a second. With them, no answer depends on the speed of the server.
 */
const refreshesBefore = ({ action, collection, controller, index }: Ask): ReadonlyArray<Ask> => {
  const searches = /search|count|ByQuery|export|stats/.test(action)
  if (controller === "security") {
    return searches || /delete(Profile|Role)|Delete(Profiles|Roles)/.test(action) ? refreshSecurity : []
  }
  if (!searches || !["bulk", "document", "index"].includes(controller)) return []
  const searched = refreshDocuments.filter((refresh) => refresh.index === index && refresh.collection === collection)
  return searched.length > 0 ? searched : refreshDocuments
}

/** Kuzzle finds credentials and API keys by a search. Clients cannot refresh their collections, so these actions must wait. */
const searchesUnrefreshed =
  /[cC]redentials|ApiKeys|User$|[dD]eleteUsers$|loadSecurities|getUserStrategies|login|ResetPassword/
const writesUnrefreshed = /Credentials|ApiKey$|User|loadSecurities/

/** The wait, in milliseconds, for a refresh by Elasticsearch. It refreshes each second, and later when it is busy. */
const refreshMillis = 1500

/**
 * Whether a step goes over HTTP.
 * - Realtime actions do not. A subscription over HTTP ends with its connection, and the server notices that end later.
 * - Actions that may fail by chance do not. Their status must not be compared, and over HTTP the status is a separate line.
 */
const isOverHttp = ({ ask, http }: Step): boolean =>
  nameOf(ask) === "document:export" || (http && ask.controller !== "realtime" && !failsByChance(ask))

/** The values of earlier answers that later requests contain: the last room, scroll and token. */
class Memory {
  private readonly known = new Map<string, string>()
  private readonly run: string
  constructor(run: string) {
    this.run = run
  }
  learn({ result }: Answer): void {
    for (const [place, member] of [["ROOM", "roomId"], ["SCROLL", "scrollId"], ["TOKEN", "jwt"]] as const) {
      const value: unknown = result?.[member]
      if (typeof value === "string") this.known.set(place, value)
    }
  }
  fill(ask: Ask): Ask {
    // The name of the run comes first, because a token may contain the letters `RUN` by chance.
    let text = JSON.stringify(ask).replaceAll("RUN", this.run)
    for (const place of ["ROOM", "SCROLL", "TOKEN"]) {
      text = text.replaceAll(`"${place}"`, JSON.stringify(this.known.get(place) ?? "none"))
    }
    // Only texts were replaced, by texts, so the shape is the same.
    return JSON.parse(text) as Ask
  }
}

export type OnAnswer = (index: number, answer: Answer) => void

/** The scenario of a sequence, for both servers. `onAnswer` is called with each answer to a request of the sequence. */
export const scenarioOf = (theme: Theme, sequence: Sequence, onAnswer: OnAnswer): Scenario =>
  scenario("fuzz", async (world: World) => {
    const party = await world.connect("a")
    const memory = new Memory(world.name)
    const send = async (ask: Ask, label: string, http: boolean): Promise<Answer> => {
      const request = memory.fill(ask)
      const compared = comparableOf(request, world.name)
      const answer = http
        ? await world.http({ method: "POST", path: "/_query", body: JSON.stringify(request) }, label, compared)
        : await party.ask(request, label, compared)
      if (!findsOthers(request, world.name)) memory.learn(answer)
      return answer
    }
    const sendAll = async (asks: ReadonlyArray<Ask>, why: string) => {
      for (const ask of asks) await send(ask, `${why}: ${JSON.stringify(ask)}`, false)
    }
    /** The refreshes that were sent since the last write. */
    const fresh = new Set<Ask>()
    /** Whether something was written to a collection that clients cannot refresh, and has not been waited for. */
    let isUnrefreshed = true
    /** Makes everything that was written so far visible to searches. */
    const refresh = async (ask: Ask) => {
      const stale = refreshesBefore(ask).filter((refresh) => !fresh.has(refresh))
      await sendAll(stale, "refresh")
      for (const refresh of stale) fresh.add(refresh)
      const searches = searchesUnrefreshed.test(ask.action)
      if (searches && isUnrefreshed) await world.sleep(refreshMillis)
      isUnrefreshed = writesUnrefreshed.test(ask.action) || (isUnrefreshed && !searches)
    }
    try {
      await sendAll(theme.begin, "begin")
      for (const [i, step] of sequence.entries()) {
        const { ask } = step
        if (createsToken.has(nameOf(ask))) await world.freshSecond()
        await refresh(ask)
        const overHttp = isOverHttp(step)
        const answer = await send(ask, `${i} ${overHttp ? "HTTP " : ""}${JSON.stringify(ask)}`, overHttp)
        if (!/^(get|exists|list|m?Get|search|count)/.test(ask.action)) fresh.clear()
        onAnswer(i, answer)
      }
      await sendAll(
        [...refreshDocuments, ...refreshSecurity].filter(({ controller }) =>
          theme.state.some((read) => read.controller === controller)
        ),
        "refresh at the end"
      )
      await world.sleep(refreshMillis)
      await sendAll(theme.state, "state")
    } finally {
      await sendAll(theme.clean, "clean")
    }
  })
