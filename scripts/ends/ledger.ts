/** Everything that is known of one run: what the clients said, how they ended, and what the runner did to them. */
import { type Notice, tabOf } from "./notice.ts"

type Reported = Extract<Notice, { readonly _tag: "Reported" }>

/** A report may come before the notice that the request was accepted, which takes its time in a page. */
export interface Request {
  readonly id: string
  client: string | undefined
  idempotent: boolean
  accepted: boolean
  refused: boolean
  awaited: boolean
  /** The tag of the error, or `null` for a success. `undefined`: not reported. */
  answer: string | null | undefined
  withdrawn: "Perhaps" | "InTime" | "TooLate" | undefined
  /** A browser has deleted the database that may have held it. */
  deleted: boolean
  readonly reports: Set<Reported["outcome"]>
}

/** Something that happened in the run. Without a request or a client, it concerned all of them. */
interface Event {
  readonly at: number
  readonly what: string
  readonly request: string | undefined
  readonly client: string | undefined
}

/**
 * A story lists the actions of the runner from this many milliseconds before a request is mentioned until as many after
 * it.
 */
const aroundStory = 3000

export interface End {
  readonly how: string
  /** Requests that had been sent and not answered. */
  readonly inFlight: number
}

export class Ledger {
  readonly requests = new Map<string, Request>()
  readonly ends: Array<End> = []
  /** Clients that could not open the outbox, and said so with a typed error. */
  readonly denied = new Set<string>()
  /** What the runner did besides, and how often. */
  readonly disturbances = new Map<string, number>()
  /** Reports of unreadable records that the runner has not damaged. */
  readonly unreadable = new Set<string>()
  /** Promises that the runner itself saw broken. */
  readonly complaints: Array<string> = []
  private readonly endedClients = new Set<string>()
  private readonly closedTabs = new Set<string>()
  private readonly accepted = new Map<string, number>()
  private readonly flying = new Map<string, Set<string>>()
  private readonly torn = new Map<string, string>()
  private hasDatabase = false
  private readonly events: Array<Event> = []

  /** `now`: milliseconds since the run began. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  add(client: string, notice: Notice): void {
    this.happened(described(notice), { client, request: this.requestOf(notice) })
    switch (notice._tag) {
      case "Opened":
        return
      case "Created":
        if (this.hasDatabase) this.databaseDeleted()
        this.hasDatabase = true
        return
      case "Denied":
        this.denied.add(client)
        return this.disturbed("opening was denied")
      case "Accepted": {
        const { awaited, id, idempotent } = notice
        this.accepted.set(client, this.acceptedOf(client) + 1)
        return void Object.assign(this.request(id), { accepted: true, awaited, client, idempotent })
      }
      case "Refused":
        // After a timeout it may be stored, and another client may send it if this one ends before it has deleted it.
        this.request(notice.id).refused = notice.reason !== "Timeout"
        return this.disturbed(`refused: ${notice.reason}`)
      case "Sent":
        return void this.inFlightOf(client).add(notice.id)
      case "Returned":
        return void this.inFlightOf(client).delete(notice.id)
      case "Answered":
        this.request(notice.id).answer = notice.error
        return
      case "Moved":
        this.request(notice.id).awaited = false
        return
      case "Withdrawing":
        this.request(notice.id).withdrawn ??= "Perhaps"
        return
      case "Withdrawn":
        this.request(notice.id).withdrawn = notice.inTime ? "InTime" : "TooLate"
        return
      case "Reported":
        return this.reported(notice)
    }
  }

  /** The clients ended together. */
  ended(how: string, ...clients: ReadonlyArray<string>): void {
    const inFlight = clients.reduce((sum, client) => sum + this.inFlightOf(client).size, 0)
    this.ends.push({ how, inFlight })
    for (const client of clients) {
      this.endedClients.add(client)
      this.happened(`ended: ${how}`, { client })
    }
  }

  /**
   * A tab was closed, so all its clients have ended, including that of a reloaded page whose first message may arrive
   * later. It does not count as another end.
   */
  closed(tab: string): void {
    this.closedTabs.add(tab)
    this.happened(`tab ${tab} was closed`)
  }

  /** Whether the client that handed it over has ended, in any way. */
  hasEnded({ client }: Request): boolean {
    return client !== undefined && (this.endedClients.has(client) || this.closedTabs.has(tabOf(client)))
  }

  /** How many requests were accepted of this client. */
  acceptedOf(client: string): number {
    return this.accepted.get(client) ?? 0
  }

  disturbed(what: string): void {
    this.happened(what)
    this.disturbances.set(what, (this.disturbances.get(what) ?? 0) + 1)
  }

  /** A browser that is killed may find its database damaged, and deletes it with what ended clients had left there. */
  private databaseDeleted(): void {
    this.disturbed("database deleted by the browser")
    for (const request of this.requests.values()) request.deleted ||= this.hasEnded(request)
  }

  /** The runner damaged the record of this request. */
  tore(seq: string, id: string): void {
    this.torn.set(seq, id)
    this.disturbed("torn record")
  }

  complain(what: string): void {
    this.happened(what)
    this.complaints.push(what)
  }

  /** All that is known of a request, one line each, in the order in which the runner heard of it. */
  story(id: string): ReadonlyArray<string> {
    const own = this.events.filter(({ request }) => request === id)
    const clients = new Set(own.map(({ client }) => client))
    const from = (own.at(0)?.at ?? Infinity) - aroundStory
    const to = (own.at(-1)?.at ?? -Infinity) + aroundStory
    return this.events
      .filter(({ at, client, request }) =>
        request === id ||
        request === undefined && (client === undefined ? from <= at && at <= to : clients.has(client))
      )
      .map(({ at, client, what }) => `${(at / 1000).toFixed(3)} s  ${client ?? "runner"}: ${what}`)
  }

  private happened(what: string, of: Partial<Pick<Event, "client" | "request">> = {}): void {
    this.events.push({ at: this.now(), what, client: of.client, request: of.request })
  }

  private requestOf(notice: Notice): string | undefined {
    if (notice._tag === "Reported") return notice.id ?? this.torn.get(notice.seq)
    return "id" in notice ? notice.id : undefined
  }

  private reported(report: Reported): void {
    const { outcome, seq } = report
    const known = this.requestOf(report)
    if (known === undefined) this.unreadable.add(seq)
    else this.request(known).reports.add(outcome)
  }

  private request(id: string): Request {
    const known = this.requests.get(id)
    if (known !== undefined) return known
    const request: Request = {
      id,
      client: undefined,
      idempotent: false,
      accepted: false,
      refused: false,
      awaited: false,
      answer: undefined,
      withdrawn: undefined,
      deleted: false,
      reports: new Set()
    }
    this.requests.set(id, request)
    return request
  }

  private inFlightOf(client: string): Set<string> {
    const known = this.flying.get(client)
    if (known !== undefined) return known
    const flying = new Set<string>()
    this.flying.set(client, flying)
    return flying
  }
}

/** `Accepted awaited=true idempotent=false` */
const described = ({ _tag, ...rest }: Notice): string =>
  [_tag, ...Object.entries(rest).filter(([name]) => name !== "id").map(([name, value]) => `${name}=${value}`)].join(" ")
