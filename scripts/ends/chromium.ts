/**
 * The run in Chromium: two tabs share the IndexedDB of an origin. Each is ended and replaced by a new one, many times. After
 * every nine ends of tabs the whole browser is killed.
 */
import { Effect, Option, Random } from "effect"
import type { Page } from "playwright"
import * as Browser from "./browser.ts"
import {
  clients,
  deck,
  disturb,
  drained,
  type Plan,
  repeatLives,
  RunError,
  temporaryFolder,
  untilAccepted
} from "./run.ts"
import * as Website from "./website.ts"

/** The number of ends of tabs before the browser is killed. */
const endsPerBrowser = 9

const ways = ["crash", "close", "reload", "away and back", "end of the program"] as const
type Way = (typeof ways)[number]

interface Tab {
  readonly name: string
  readonly page: Page
}

export const run = (plan: Plan): Effect.Effect<void, RunError> =>
  Effect.gen(function*() {
    const { ledger, server } = plan
    const website = yield* Website.make(plan)
    const profile = yield* temporaryFolder
    const nextWay = yield* deck<Way>([...ways, "crash", "crash", "away and back"])
    const tabs = new Tabs(plan, website)
    const launch = Browser.launch(profile)

    const life = (browser: Browser.Browser) =>
      Effect.gen(function*() {
        const tab = yield* tabs.open(browser, true)
        yield* tabs.use(tab)
        yield* tabs.end(tab, yield* nextWay)
      })
    const runBrowser = (ends: number, full: boolean) =>
      Effect.gen(function*() {
        const browser = yield* launch
        if (full) yield* exhaustQuota(plan, website, browser)
        yield* disturb(plan, [tabs.denied(browser)])
        yield* repeatLives(ends, life(browser))
        const last = yield* Effect.replicateEffect(tabs.open(browser, true), clients, { concurrency: "unbounded" })
        yield* tabs.use(...last)
        yield* browser.kill
        tabs.ended("kill -9 of the browser", ...last)
      }).pipe(Effect.scoped)
    let full = false
    for (let remaining = plan.ends; remaining > 0; remaining -= endsPerBrowser + 1) {
      yield* runBrowser(Math.min(remaining - 1, endsPerBrowser), full)
      full = !full
    }
    yield* server.heal

    const browser = yield* launch
    const last = yield* Effect.replicateEffect(tabs.open(browser, false), clients)
    const [{ page } = yield* Effect.dieMessage("there is no tab")] = last
    yield* drained(plan, step("count", () => page.evaluate<number>("hooks.stored()")))
    yield* Effect.forEach(last, ({ page }) => step("end", () => page.evaluate("hooks.finish()")))
    // A browser that lacks memory keeps few pages in its back/forward cache, so a short run may restore none.
    if (tabs.away >= 30 && tabs.restored === 0) ledger.complain("no page came back from the back/forward cache")
  }).pipe(Effect.scoped)

const step = <A>(what: string, run: () => Promise<A>): Effect.Effect<A, RunError> =>
  Effect.tryPromise({ try: run, catch: (cause) => new RunError({ message: `${what}: ${cause}` }) })

/** Runs a step that may fail because the tab has ended. */
const ifPossible = (run: () => Promise<unknown>): Effect.Effect<void> => Effect.ignore(Effect.tryPromise(run))

class Tabs {
  away = 0
  restored = 0
  private count = 0
  /** Clients whose end is in the ledger. */
  private readonly endedClients = new Set<string>()

  constructor(private readonly plan: Plan, private readonly website: Website.Website) {}

  /** Opens a tab, and waits until its page has opened the outbox or was denied it. */
  open({ context }: Browser.Browser, producing: boolean, denied = false): Effect.Effect<Tab, RunError> {
    return Effect.gen(this, function*() {
      const name = `t${++this.count}`
      const { index, url } = this.plan.server
      const main = (yield* Random.next) < 0.5
      const page = yield* step("open a tab", () => context.newPage())
      page.on("pageerror", (error) => this.plan.ledger.complain(`${name}: ${error}`))
      const address = this.website.address({ client: name, index, url, producing }, { main, denied })
      yield* step("open a page", () => page.goto(address))
      yield* this.started(name, 1)
      return { name, page }
    })
  }

  /** Waits until this many clients of the tab have started. */
  private started(tab: string, count: number): Effect.Effect<void> {
    return Effect.sync(() => this.website.startedIn(tab).length).pipe(
      Effect.zipLeft(Effect.sleep("10 millis")),
      Effect.repeat({ until: (started) => started >= count }),
      Effect.timeoutFail({
        duration: Browser.timeLimit,
        onTimeout: () => `${tab} did not start within ${Browser.timeLimit} ms`
      }),
      Effect.catchAll((complaint) => Effect.sync(() => this.plan.ledger.complain(complaint))),
      Effect.asVoid
    )
  }

  /** Adds the end of all clients of these tabs to the ledger. */
  ended(way: string, ...tabs: ReadonlyArray<Tab>): void {
    const clients = this.clientsOf(...tabs)
    this.plan.ledger.ended(way, ...clients)
    for (const { name } of tabs) this.plan.ledger.closed(name)
    for (const client of clients) this.endedClients.add(client)
  }

  private clientsOf(...tabs: ReadonlyArray<Tab>): ReadonlyArray<string> {
    return this.website.startedIn(...tabs.map(({ name }) => name)).filter((client) => !this.endedClients.has(client))
  }

  /** Waits while the pages of these tabs hand over requests. */
  use(...tabs: ReadonlyArray<Tab>): Effect.Effect<void> {
    const { ledger } = this.plan
    return untilAccepted(() => this.clientsOf(...tabs).reduce((sum, client) => sum + ledger.acceptedOf(client), 0))
  }

  end(tab: Tab, way: Way): Effect.Effect<void, RunError> {
    const { page } = tab
    switch (way) {
      case "crash":
        return Effect.gen(this, function*() {
          const crashed = new Promise<void>((resolve) => page.once("crash", () => resolve()))
          // The command has no answer.
          yield* ifPossible(async () =>
            void (await page.context().newCDPSession(page)).send("Page.crash").catch(() => {})
          )
          yield* Effect.timeoutOption(Effect.promise(() => crashed), "2 seconds")
          this.ended(way, tab)
          yield* ifPossible(() => page.close())
        })
      case "close":
        return Effect.zipRight(ifPossible(() => page.close()), Effect.sync(() => this.ended(way, tab)))
      case "end of the program":
        return Effect.gen(this, function*() {
          yield* Effect.timeoutFail(ifPossible(() => page.evaluate("hooks.finish()")), {
            duration: Browser.timeLimit,
            onTimeout: () => new RunError({ message: `${tab.name} did not end within ${Browser.timeLimit} ms` })
          })
          this.ended(way, tab)
          yield* ifPossible(() => page.close())
        })
      case "reload":
        return Effect.gen(this, function*() {
          yield* ifPossible(() => page.reload())
          yield* this.started(tab.name, 2)
          const [before] = this.clientsOf(tab)
          if (before !== undefined) this.endedOne(way, before)
          yield* this.liveOn(tab)
        })
      case "away and back":
        return Effect.gen(this, function*() {
          const [before = ""] = this.clientsOf(tab)
          this.away += 1
          yield* ifPossible(() => page.goto(this.website.blankPage))
          this.plan.ledger.ended(way, before)
          yield* Effect.sleep(yield* Random.nextIntBetween(0, 400))
          yield* ifPossible(() => page.goBack({ waitUntil: "commit" }))
          const restored = yield* this.isRestored(page, before)
          if (restored) {
            this.restored += 1
            this.plan.ledger.disturbed("page restored from the back/forward cache")
          } else this.endedClients.add(before)
          yield* this.liveOn(tab)
        })
    }
  }

  /** Whether the page is the same client as before. Otherwise it was loaded again, and is another client. */
  private isRestored(page: Page, before: string): Effect.Effect<boolean> {
    const look = `globalThis.hooks && (hooks.client() !== ${JSON.stringify(before)} ? "no" : hooks.restored() && "yes")`
    return Effect.tryPromise(() => page.evaluate<unknown>(look)).pipe(
      // The page is still loading.
      Effect.orElseSucceed(() => undefined),
      Effect.zipLeft(Effect.sleep("10 millis")),
      Effect.repeat({ until: (answer) => answer === "yes" || answer === "no" }),
      Effect.timeoutOption(Browser.timeLimit),
      Effect.map((answer) => Option.isSome(answer) && answer.value === "yes")
    )
  }

  private endedOne(way: Way, client: string): void {
    this.plan.ledger.ended(way, client)
    this.endedClients.add(client)
  }

  /** Uses the page for a while after its return, and closes the tab. */
  private liveOn(tab: Tab): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      yield* this.use(tab)
      yield* ifPossible(() => tab.page.close())
      this.plan.ledger.closed(tab.name)
    })
  }

  /** Opens a page without storage, which must report a typed error. */
  denied(browser: Browser.Browser): Effect.Effect<string> {
    return Effect.gen(this, function*() {
      const { name, page } = yield* this.open(browser, true, true)
      const [client] = this.website.startedIn(name)
      const { ledger } = this.plan
      if (client !== undefined && !ledger.denied.has(client)) ledger.complain(`${client} has no storage and opened it`)
      yield* ifPossible(() => page.close())
      return "page without storage"
    }).pipe(Effect.orElseSucceed(() => "page without storage: the browser was killed"))
  }
}

/**
 * Forbids the origin to store anything more, for about 2 s. Chromium caches the free space for seconds, so this must begin
 * before the first tab is opened.
 */
const exhaustQuota = ({ ledger }: Plan, { blankPage, origin }: Website.Website, { context }: Browser.Browser) =>
  Effect.gen(function*() {
    // The quota belongs to a session of the protocol, so a tab of its own holds this session.
    const session = yield* step("open a tab", async () => {
      const page = await context.newPage()
      await page.goto(blankPage)
      return context.newCDPSession(page)
    })
    yield* step("set a quota", () => session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1 }))
    ledger.disturbed("quota exhausted")
    yield* Random.nextIntBetween(1500, 2500).pipe(
      Effect.flatMap((millis) => Effect.sleep(millis)),
      Effect.zipRight(ifPossible(() => session.send("Storage.overrideQuotaForOrigin", { origin }))),
      Effect.forkScoped
    )
  })
