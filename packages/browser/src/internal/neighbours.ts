/**
 * Which of the clients on one database are alive. A client holds a Web Lock while a request in the database is its own,
 * and others wait for that lock: they get it when the tab closes, crashes, or goes into the back/forward cache.
 */

/** The parts of a window or a worker that are used here. */
export interface Host extends Partial<Pick<EventTarget, "addEventListener">> {
  readonly navigator?: { readonly locks?: LockManager | undefined } | undefined
}

/** Without Web Locks: milliseconds after its newest request until a client counts as gone. */
const grace = 30_000

export class Neighbours {
  me = randomId()
  /** The requests that belong to this client. */
  readonly ours = new Set<string>()
  /** How many calls are about to give requests to this client. */
  private pending = 0
  private held: Promise<() => void> | undefined
  private watched = new Set<string>()
  private stop = new AbortController()
  private channel: BroadcastChannel | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly listening = new AbortController()
  private readonly locks: LockManager | undefined

  constructor(
    private readonly name: string,
    /** Called when a client has gone, or has released something. */
    private readonly changed: () => void,
    host: Host
  ) {
    this.locks = host.navigator?.locks
    this.listen()
    const { signal } = this.listening
    host.addEventListener?.("pagehide", () => this.leave(), { signal })
    host.addEventListener?.("pageshow", (event) => {
      if (!("persisted" in event && event.persisted === true)) return
      this.listen()
      changed()
    }, { signal })
  }

  /** Others learn that a client exists when it begins to hold its lock. */
  private listen(): void {
    this.channel = new BroadcastChannel(this.name)
    this.channel.onmessage = ({ data }) => data === "" ? this.changed() : this.watch(String(data))
  }

  announceRelease(): void {
    this.channel?.postMessage("")
  }

  /** Runs `act` under the lock. The requests that it returns belong to this client. */
  async holding(act: () => Promise<ReadonlyArray<string>>): Promise<void> {
    this.pending++
    const { me } = this
    try {
      await this.hold()
      const seqs = await act()
      if (me === this.me) seqs.forEach((seq) => this.ours.add(seq))
    } finally {
      this.pending--
      this.drop([])
    }
  }

  private hold(): Promise<unknown> {
    return this.held ??= new Promise((resolve, reject) => {
      if (this.locks === undefined) return resolve(() => {})
      this.locks.request(this.lockOf(this.me), () => new Promise<void>((free) => resolve(free))).catch((cause) => {
        this.held = undefined
        reject(cause)
      })
      this.channel?.postMessage(this.me)
    })
  }

  /** These requests no longer belong to this client. */
  drop(seqs: Iterable<string>): void {
    for (const seq of seqs) this.ours.delete(seq)
    if (this.ours.size === 0 && this.pending === 0) this.free()
  }

  private free(): void {
    // A lock that was refused needs no release.
    this.held?.then((free) => free(), () => {})
    this.held = undefined
  }

  /** `newest`: when its newest request was stored. If the client is alive, it is watched. */
  async hasGone(owner: string, newest: number): Promise<boolean> {
    if (this.locks === undefined) {
      const gone = Date.now() - newest > grace
      if (!gone) this.timer ??= setTimeout(() => this.look(), grace)
      return gone
    }
    const gone = await this.locks.request(
      this.lockOf(owner),
      { mode: "shared", ifAvailable: true },
      (lock) => lock !== null
    )
    if (!gone) this.watch(owner)
    return gone
  }

  private look(): void {
    this.timer = undefined
    this.changed()
  }

  private watch(owner: string): void {
    if (this.locks === undefined || this.watched.has(owner)) return
    const { watched } = this
    watched.add(owner)
    this.locks.request(this.lockOf(owner), { mode: "shared", signal: this.stop.signal }, () => {
      watched.delete(owner)
      this.changed()
    }).catch(() => watched.delete(owner)) // this client has ended
  }

  /**
   * The page may be frozen from now on, so others take its requests over. If it comes back, it counts as another
   * client, and changes of its former requests are refused.
   */
  private leave(): void {
    this.free()
    this.ours.clear()
    this.me = randomId()
    this.watched = new Set()
    this.stop.abort()
    this.stop = new AbortController()
    this.channel?.close()
    this.channel = undefined
    clearTimeout(this.timer)
    this.timer = undefined
  }

  close(): void {
    this.leave()
    this.listening.abort()
  }

  private lockOf(owner: string): string {
    return `${this.name}/${owner}`
  }
}

/** Pages without TLS have no `randomUUID`. */
const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16).padStart(8, "0")).join("")
