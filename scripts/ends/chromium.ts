/** Two tabs share the IndexedDB of an origin and are ended, again and again; now and then with the whole browser. */
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

/** How many ends of tabs there are before the browser is killed. */
const endsOfTabs = 9

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
    const session = (ends: number, full: boolean) =>
      Effect.gen(function*() {
        const browser = yield* launch
        if (full) yield* exhaustQuota(plan, website, browser)
        yield* disturb(plan, [tabs.denied(browser)])
        yield* repeatLives(ends, () => life(browser))
        const last = yield* Effect.replicateEffect(tabs.open(browser, true), clients, { concurrency: "unbounded" })
        yield* tabs.use(...last)
        yield* browser.kill
        tabs.ended("kill -9 of the browser", ...last)
      }).pipe(Effect.scoped)
    let full = false
    for (let left = plan.ends; left > 0; left -= endsOfTabs + 1) {
      yield* session(Math.min(left - 1, endsOfTabs), full)
      full = !full
    }
    yield* server.heal

    const browser = yield* launch
    const last = yield* Effect.replicateEffect(tabs.open(browser, false), clients)
    const [{ page } = yield* Effect.dieMessage("there is no tab")] = last
    yield* drained(plan, trying("count", () => page.evaluate<number>("hooks.left()")))
    yield* Effect.forEach(last, ({ page }) => trying("end", () => page.evaluate("hooks.finish()")))
    // A browser that is short of memory keeps few pages, so a short run may see none.
    if (tabs.away >= 30 && tabs.restored === 0) ledger.complain("no page came back from the back/forward cache")
  }).pipe(Effect.scoped)

const trying = <A>(what: string, run: () => Promise<A>): Effect.Effect<A, RunError> =>
  Effect.tryPromise({ try: run, catch: (cause) => new RunError({ message: `${what}: ${cause}` }) })

/** What may fail because the tab has ended. */
const attempt = (run: () => Promise<unknown>): Effect.Effect<void> => Effect.ignore(Effect.tryPromise(run))

class Tabs {
  away = 0
  restored = 0
  private count = 0
  /** Clients whose end is in the ledger. */
  private readonly gone = new Set<string>()

  constructor(private readonly plan: Plan, private readonly website: Website.Website) {}

  /** A new tab, whose page has opened the outbox or was denied it. */
  open({ context }: Browser.Browser, producing: boolean, denied = false): Effect.Effect<Tab, RunError> {
    return Effect.gen(this, function*() {
      const name = `t${++this.count}`
      const { index, url } = this.plan.server
      const main = (yield* Random.next) < 0.5
      const page = yield* trying("open a tab", () => context.newPage())
      page.on("pageerror", (error) => this.plan.ledger.complain(`${name}: ${error}`))
      const address = this.website.address({ client: name, index, url, producing }, { main, denied })
      yield* trying("open a page", () => page.goto(address))
      yield* this.started(name, 1)
      return { name, page }
    })
  }

  /** So many clients of this tab have started. */
  private started(tab: string, count: number): Effect.Effect<void> {
    return Effect.sync(() => this.website.startedIn(tab).length).pipe(
      Effect.zipLeft(Effect.sleep("10 millis")),
      Effect.repeat({ until: (started) => started >= count }),
      Effect.timeoutFail({
        duration: Browser.patience,
        onTimeout: () => `${tab} did not start within ${Browser.patience} ms`
      }),
      Effect.catchAll((complaint) => Effect.sync(() => this.plan.ledger.complain(complaint))),
      Effect.asVoid
    )
  }

  /** All clients of these tabs have ended. */
  ended(way: string, ...tabs: ReadonlyArray<Tab>): void {
    const clients = this.clientsOf(...tabs)
    this.plan.ledger.ended(way, ...clients)
    for (const { name } of tabs) this.plan.ledger.closed(name)
    for (const client of clients) this.gone.add(client)
  }

  private clientsOf(...tabs: ReadonlyArray<Tab>): ReadonlyArray<string> {
    return this.website.startedIn(...tabs.map(({ name }) => name)).filter((client) => !this.gone.has(client))
  }

  /** The pages of these tabs hand over requests for a while. */
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
          // It has no answer.
          yield* attempt(async () => void (await page.context().newCDPSession(page)).send("Page.crash").catch(() => {}))
          yield* Effect.timeoutOption(Effect.promise(() => crashed), "2 seconds")
          this.ended(way, tab)
          yield* attempt(() => page.close())
        })
      case "close":
        return Effect.zipRight(attempt(() => page.close()), Effect.sync(() => this.ended(way, tab)))
      case "end of the program":
        return Effect.gen(this, function*() {
          yield* Effect.timeoutFail(attempt(() => page.evaluate("hooks.finish()")), {
            duration: Browser.patience,
            onTimeout: () => new RunError({ message: `${tab.name} did not end within ${Browser.patience} ms` })
          })
          this.ended(way, tab)
          yield* attempt(() => page.close())
        })
      case "reload":
        return Effect.gen(this, function*() {
          yield* attempt(() => page.reload())
          yield* this.started(tab.name, 2)
          const [before] = this.clientsOf(tab)
          if (before !== undefined) this.endedOne(way, before)
          yield* this.liveOn(tab)
        })
      case "away and back":
        return Effect.gen(this, function*() {
          const [before = ""] = this.clientsOf(tab)
          this.away += 1
          yield* attempt(() => page.goto(this.website.elsewhere))
          this.plan.ledger.ended(way, before)
          yield* Effect.sleep(yield* Random.nextIntBetween(0, 400))
          yield* attempt(() => page.goBack({ waitUntil: "commit" }))
          const restored = yield* this.isRestored(page, before)
          if (restored) {
            this.restored += 1
            this.plan.ledger.disturbed("page restored from the back/forward cache")
          } else this.gone.add(before)
          yield* this.liveOn(tab)
        })
    }
  }

  /** Whether this client came back, and not another one that the page became because it was loaded again. */
  private isRestored(page: Page, before: string): Effect.Effect<boolean> {
    const look = `globalThis.hooks && (hooks.client() !== ${JSON.stringify(before)} ? "no" : hooks.restored() && "yes")`
    return Effect.tryPromise(() => page.evaluate<unknown>(look)).pipe(
      // The page is on its way.
      Effect.orElseSucceed(() => undefined),
      Effect.zipLeft(Effect.sleep("10 millis")),
      Effect.repeat({ until: (answer) => answer === "yes" || answer === "no" }),
      Effect.timeoutOption(Browser.patience),
      Effect.map((answer) => Option.isSome(answer) && answer.value === "yes")
    )
  }

  private endedOne(way: Way, client: string): void {
    this.plan.ledger.ended(way, client)
    this.gone.add(client)
  }

  /** The page that came back lives for a while, and its tab is closed. */
  private liveOn(tab: Tab): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      yield* this.use(tab)
      yield* attempt(() => tab.page.close())
      this.plan.ledger.closed(tab.name)
    })
  }

  /** A page without storage must say so with a typed error. */
  denied(browser: Browser.Browser): Effect.Effect<string> {
    return Effect.gen(this, function*() {
      const { name, page } = yield* this.open(browser, true, true)
      const [client] = this.website.startedIn(name)
      const { ledger } = this.plan
      if (client !== undefined && !ledger.denied.has(client)) ledger.complain(`${client} has no storage and opened it`)
      yield* attempt(() => page.close())
      return "page without storage"
    }).pipe(Effect.orElseSucceed(() => "page without storage: the browser was killed"))
  }
}

/**
 * For a while, the origin may store nothing more. Chromium remembers for seconds how much room there is, so this begins
 * before the first tab is opened.
 */
const exhaustQuota = ({ ledger }: Plan, { elsewhere, origin }: Website.Website, { context }: Browser.Browser) =>
  Effect.gen(function*() {
    // The quota is that of a session, which belongs to a tab of its own.
    const session = yield* trying("open a tab", async () => {
      const page = await context.newPage()
      await page.goto(elsewhere)
      return context.newCDPSession(page)
    })
    yield* trying("set a quota", () => session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1 }))
    ledger.disturbed("quota exhausted")
    yield* Random.nextIntBetween(1500, 2500).pipe(
      Effect.flatMap((millis) => Effect.sleep(millis)),
      Effect.zipRight(attempt(() => session.send("Storage.overrideQuotaForOrigin", { origin }))),
      Effect.forkScoped
    )
  })
