/** All facts about one run: the clients' notices, how the clients ended, and what the runner did to them. */
import { type Notice, tabOf } from "./notice.ts"

type Reported = Extract<Notice, { readonly _tag: "Reported" }>

/** What the notices say about a request. In a page, a report may arrive before the notice that the request was accepted. */
export interface Request {
  readonly id: string
  client: string | undefined
  idempotent: boolean
  accepted: boolean
  refused: boolean
  awaited: boolean
  /** The tag of the error, or `null` for a success. `undefined`: no client has reported an answer. */
  answer: string | null | undefined
  withdrawn: "Perhaps" | "InTime" | "TooLate" | undefined
  /** Whether a browser has deleted a database that may have held the request. */
  deleted: boolean
  readonly reports: Set<Reported["outcome"]>
}

/** Something that happened in the run. An event without a request or a client concerns all of them. */
interface Event {
  readonly at: number
  readonly what: string
  readonly request: string | undefined
  readonly client: string | undefined
}

/**
 * The log of a request includes what the runner did from this many milliseconds before the first event of the request until
 * as many after its last.
 */
const logMargin = 3000

export interface End {
  readonly how: string
  /** The number of requests that had been sent and not answered. */
  readonly inFlight: number
}

export class Ledger {
  readonly requests = new Map<string, Request>()
  readonly ends: Array<End> = []
  /** Clients that could not open the outbox, and reported a typed error. */
  readonly denied = new Set<string>()
  /** The disturbances, and how often each happened. */
  readonly disturbances = new Map<string, number>()
  /** Reports of unreadable records that the runner did not damage. */
  readonly unreadable = new Set<string>()
  /** Faults that the runner itself observed. */
  readonly complaints: Array<string> = []
  private readonly endedClients = new Set<string>()
  private readonly closedTabs = new Set<string>()
  private readonly accepted = new Map<string, number>()
  private readonly inFlight = new Map<string, Set<string>>()
  private readonly damagedRecords = new Map<string, string>()
  private hasDatabase = false
  private readonly events: Array<Event> = []

  /** `now` gives the milliseconds since the run began. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  add(client: string, notice: Notice): void {
    this.log(described(notice), { client, request: this.requestOf(notice) })
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
        // After a timeout, the request may be stored. If this client ends before it deletes it, another client may send it.
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

  /** Adds an end. It may be that of several clients. */
  ended(how: string, ...clients: ReadonlyArray<string>): void {
    const inFlight = clients.reduce((sum, client) => sum + this.inFlightOf(client).size, 0)
    this.ends.push({ how, inFlight })
    for (const client of clients) {
      this.endedClients.add(client)
      this.log(`ended: ${how}`, { client })
    }
  }

  /**
   * A tab was closed, so all its clients have ended. The first notice of a client may arrive later, if its page was reloaded.
   * The call does not count as another end.
   */
  closed(tab: string): void {
    this.closedTabs.add(tab)
    this.log(`tab ${tab} was closed`)
  }

  /** Whether the client that handed the request over has ended, in any way. */
  hasEnded({ client }: Request): boolean {
    return client !== undefined && (this.endedClients.has(client) || this.closedTabs.has(tabOf(client)))
  }

  /** The number of accepted requests of this client. */
  acceptedOf(client: string): number {
    return this.accepted.get(client) ?? 0
  }

  disturbed(what: string): void {
    this.log(what)
    this.disturbances.set(what, (this.disturbances.get(what) ?? 0) + 1)
  }

  /** After it was killed, a browser may find its database damaged. It then deletes it, with the requests of ended clients. */
  private databaseDeleted(): void {
    this.disturbed("database deleted by the browser")
    for (const request of this.requests.values()) request.deleted ||= this.hasEnded(request)
  }

  /** The runner damaged the stored record of this request. */
  damaged(seq: string, id: string): void {
    this.damagedRecords.set(seq, id)
    this.disturbed("torn record")
  }

  complain(what: string): void {
    this.log(what)
    this.complaints.push(what)
  }

  /** The events of a request, of its clients and of the runner. A line each, in the order in which the runner received them. */
  logOf(id: string): ReadonlyArray<string> {
    const own = this.events.filter(({ request }) => request === id)
    const clients = new Set(own.map(({ client }) => client))
    const from = (own.at(0)?.at ?? Infinity) - logMargin
    const to = (own.at(-1)?.at ?? -Infinity) + logMargin
    return this.events
      .filter(({ at, client, request }) =>
        request === id ||
        request === undefined && (client === undefined ? from <= at && at <= to : clients.has(client))
      )
      .map(({ at, client, what }) => `${(at / 1000).toFixed(3)} s  ${client ?? "runner"}: ${what}`)
  }

  private log(what: string, of: Partial<Pick<Event, "client" | "request">> = {}): void {
    this.events.push({ at: this.now(), what, client: of.client, request: of.request })
  }

  private requestOf(notice: Notice): string | undefined {
    if (notice._tag === "Reported") return notice.id ?? this.damagedRecords.get(notice.seq)
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
    const known = this.inFlight.get(client)
    if (known !== undefined) return known
    const ids = new Set<string>()
    this.inFlight.set(client, ids)
    return ids
  }
}

/** `Accepted awaited=true idempotent=false` */
const described = ({ _tag, ...rest }: Notice): string =>
  [_tag, ...Object.entries(rest).filter(([name]) => name !== "id").map(([name, value]) => `${name}=${value}`)].join(" ")
