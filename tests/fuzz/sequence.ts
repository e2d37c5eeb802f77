/**
 * Sequences of requests that build on each other. Each has names of its own, and ends with a look at what it left behind.
 */
import { FastCheck as fc } from "effect"
import { type Answer, type Scenario, scenario, type World } from "../conformance/recorder.ts"
import { cleanDocuments, collections, documentRequests, documentState, prepareDocuments } from "./documents.ts"
import { cleanMemory, memoryRequest, memoryState } from "./memory.ts"
import { mistaken } from "./mistakes.ts"
import { type Ask, type Catalogue, nameOf } from "./request.ts"
import { cleanSecurity, prepareSecurity, securityRequests, securityState } from "./security.ts"
import { serverRequests } from "./server.ts"
import { failsByChance, findsOthers, shownOf } from "./varies.ts"

export interface Step {
  readonly ask: Ask
  /** Over `POST /_query` instead of the WebSocket. */
  readonly http: boolean
}

export type Sequence = ReadonlyArray<Step>

/** A kind of sequences. */
export interface Theme {
  readonly name: string
  readonly sequences: fc.Arbitrary<Sequence>
  readonly begin: ReadonlyArray<Ask>
  /** Reads all that a sequence can have changed. */
  readonly state: ReadonlyArray<Ask>
  readonly clean: ReadonlyArray<Ask>
  /** Its part of all requests. */
  readonly share: number
}

/** How many requests a sequence has: as few as one, so that it can be shrunk. */
const length = { minLength: 1, maxLength: 99, size: "max" } as const
export const meanLength = 50

const sequencesOf = (request: fc.Arbitrary<Ask>): fc.Arbitrary<Sequence> =>
  fc.array(fc.record({ ask: request, http: fc.nat(7).map((n) => n === 7) }), length)

const anyOf = (catalogue: Catalogue): fc.Arbitrary<Ask> => fc.oneof(...Object.values(catalogue))

/** What cleans up is not compared. */
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

/** Actions that are not asked for, and why. What destroys has its place in `pnpm test:destructive`. */
export const leftOut: { readonly [action: string]: string } = {
  "admin:dump": "writes files and leaves a lock behind, which only a restart removes",
  "admin:resetCache": "empties the memory storage of all",
  "admin:resetDatabase": "deletes every index",
  "admin:resetSecurity": "deletes every user, profile and role",
  "admin:shutdown": "ends the server",
  "admin:refreshIndexCache": "fails on the real server while others delete their collections",
  "index:stats": "fails on the real server while others delete their collections",
  "ms:flushdb": "empties the memory storage of all",
  "server:openapi": "has no envelope: the conformance suite looks at it",
  "security:createFirstAdmin": "takes the rights of whoever has no account, for good",
  "security:restrictDefaultRights": "takes the rights of whoever has no account, for good"
}

// -------------------------------------------------------------------------------------------------------------------
// playing
// -------------------------------------------------------------------------------------------------------------------

/** Two tokens of one user are the same when they were made in the same second. */
const makesTokens = new Set([
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

/** A search sees what was written a second before, or what was refreshed: nothing must depend on how fast a server is. */
const refreshesBefore = ({ action, collection, controller, index }: Ask): ReadonlyArray<Ask> => {
  const searches = /search|count|ByQuery|export|stats/.test(action)
  if (controller === "security") {
    return searches || /delete(Profile|Role)|Delete(Profiles|Roles)/.test(action) ? refreshSecurity : []
  }
  if (!searches || !["bulk", "document", "index"].includes(controller)) return []
  const searched = refreshDocuments.filter((refresh) => refresh.index === index && refresh.collection === collection)
  return searched.length > 0 ? searched : refreshDocuments
}

/** Credentials and API keys are found by searches, and only time makes visible what was written to their collections. */
const searchesUnrefreshed =
  /[cC]redentials|ApiKeys|User$|[dD]eleteUsers$|loadSecurities|getUserStrategies|login|ResetPassword/
const writesUnrefreshed = /Credentials|ApiKey$|User|loadSecurities/

/** Elasticsearch refreshes each second, and later when it is busy. In milliseconds. */
const visible = 1500

/**
 * A subscription over HTTP ends with its connection, which is noticed at a time of its own. An action that fails when others
 * are busy has no status to compare, and over HTTP the status is a line of its own.
 */
const isOverHttp = ({ ask, http }: Step): boolean =>
  nameOf(ask) === "document:export" || (http && ask.controller !== "realtime" && !failsByChance(ask))

/** What the last answers have that later requests need. */
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
    // The name is filled in before the values that the server has answered: a token may hold the letters `RUN` by chance.
    let text = JSON.stringify(ask).replaceAll("RUN", this.run)
    for (const place of ["ROOM", "SCROLL", "TOKEN"]) {
      text = text.replaceAll(`"${place}"`, JSON.stringify(this.known.get(place) ?? "none"))
    }
    // Texts are replaced by texts: it has the same shape.
    return JSON.parse(text) as Ask
  }
}

export type OnAnswer = (index: number, answer: Answer) => void

/** The sequence as both servers play it; `onAnswer` hears of the answers to its own requests. */
export const scenarioOf = (theme: Theme, sequence: Sequence, onAnswer: OnAnswer): Scenario =>
  scenario("fuzz", async (world: World) => {
    const party = await world.connect("a")
    const memory = new Memory(world.name)
    const tell = async (ask: Ask, label: string, http: boolean): Promise<Answer> => {
      const request = memory.fill(ask)
      const shown = shownOf(request, world.name)
      const answer = http
        ? await world.http({ method: "POST", path: "/_query", body: JSON.stringify(request) }, label, shown)
        : await party.ask(request, label, shown)
      if (!findsOthers(request, world.name)) memory.learn(answer)
      return answer
    }
    const tellAll = async (asks: ReadonlyArray<Ask>, why: string) => {
      for (const ask of asks) await tell(ask, `${why}: ${JSON.stringify(ask)}`, false)
    }
    /** What was refreshed since the last write. */
    const fresh = new Set<Ask>()
    let young = true
    /** Makes visible what was written so far. */
    const refresh = async (ask: Ask) => {
      const stale = refreshesBefore(ask).filter((refresh) => !fresh.has(refresh))
      await tellAll(stale, "refresh")
      for (const refresh of stale) fresh.add(refresh)
      if (searchesUnrefreshed.test(ask.action) && young) await world.sleep(visible)
      young = writesUnrefreshed.test(ask.action) || (young && !searchesUnrefreshed.test(ask.action))
    }
    try {
      await tellAll(theme.begin, "begin")
      for (const [i, step] of sequence.entries()) {
        const { ask } = step
        if (makesTokens.has(nameOf(ask))) await world.freshSecond()
        await refresh(ask)
        const overHttp = isOverHttp(step)
        const answer = await tell(ask, `${i} ${overHttp ? "HTTP " : ""}${JSON.stringify(ask)}`, overHttp)
        if (!/^(get|exists|list|m?Get|search|count)/.test(ask.action)) fresh.clear()
        onAnswer(i, answer)
      }
      await tellAll(
        [...refreshDocuments, ...refreshSecurity].filter(({ controller }) =>
          theme.state.some((read) => read.controller === controller)
        ),
        "refresh at the end"
      )
      await world.sleep(visible)
      await tellAll(theme.state, "state")
    } finally {
      await tellAll(theme.clean, "clean")
    }
  })
