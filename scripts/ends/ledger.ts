/** Everything that is known of one run: what the clients said, how they ended, and what the runner did to them. */
import type { Notice } from "./notice.ts"

type Reported = Extract<Notice, { readonly _tag: "Reported" }>

/** A report may come before the notice that the request was accepted, which takes its time in a page. */
export interface Request {
  readonly id: string
  client: string | undefined
  idempotent: boolean
  accepted: boolean
  refused: boolean
  awaited: boolean
  /** The tag of the error, or `null` for a success. `undefined`: nobody said so. */
  answer: string | null | undefined
  withdrawn: "Perhaps" | "InTime" | "TooLate" | undefined
  /** A browser has deleted the database that may have held it. */
  deleted: boolean
  readonly reports: Set<Reported["outcome"]>
}

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
  /** Reports of records that nobody damaged and nobody can read. */
  readonly unreadable = new Set<string>()
  /** Promises that the runner itself saw broken. */
  readonly complaints: Array<string> = []
  private readonly endedClients = new Set<string>()
  private readonly accepted = new Map<string, number>()
  private readonly flying = new Map<string, Set<string>>()
  private readonly torn = new Map<string, string>()

  add(client: string, notice: Notice): void {
    switch (notice._tag) {
      case "Opened":
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
        this.request(notice.id).refused = true
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
    for (const client of clients) this.endedClients.add(client)
  }

  /** Whether the client that handed it over has ended, in any way. */
  hasEnded({ client }: Request): boolean {
    return client !== undefined && this.endedClients.has(client)
  }

  /** How many requests were accepted of this client. */
  acceptedOf(client: string): number {
    return this.accepted.get(client) ?? 0
  }

  disturbed(what: string): void {
    this.disturbances.set(what, (this.disturbances.get(what) ?? 0) + 1)
  }

  /** A browser has found its database damaged and has deleted it, with what ended clients had left there. */
  databaseDeleted(): void {
    this.disturbed("database deleted by the browser")
    for (const request of this.requests.values()) request.deleted ||= this.hasEnded(request)
  }

  /** The runner damaged the record of this request. */
  tore(seq: string, id: string): void {
    this.torn.set(seq, id)
    this.disturbed("torn record")
  }

  complain(what: string): void {
    this.complaints.push(what)
  }

  private reported({ id, outcome, seq }: Reported): void {
    const known = id ?? this.torn.get(seq)
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
