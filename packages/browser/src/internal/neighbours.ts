/**
 * Finds out which clients of one database are alive. A client holds a Web Lock while it owns a request in the database.
 * Other clients wait for that lock. They get it when the tab closes, crashes, or goes into the back/forward cache.
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
  readonly ownRequests = new Set<string>()
  /** How many calls of `withLock` are running. */
  private pending = 0
  private ownLock: Promise<() => void> | undefined
  private watched = new Set<string>()
  private stop = new AbortController()
  private channel: BroadcastChannel | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly listening = new AbortController()
  private readonly locks: LockManager | undefined

  constructor(
    private readonly name: string,
    /** Called when a client has gone, or has released a request. */
    private readonly changed: () => void,
    host: Host
  ) {
    this.locks = host.navigator?.locks
    this.listen()
    const { signal } = this.listening
    host.addEventListener?.("pagehide", () => this.suspend(), { signal })
    host.addEventListener?.("pageshow", (event) => {
      if (!("persisted" in event && event.persisted === true)) return
      this.listen()
      changed()
    }, { signal })
  }

  /** Receives messages of other clients: the id of a client that takes its lock, or an empty text for a release. */
  private listen(): void {
    this.channel = new BroadcastChannel(this.name)
    this.channel.onmessage = ({ data }) => data === "" ? this.changed() : this.watch(String(data))
  }

  announceRelease(): void {
    this.channel?.postMessage("")
  }

  /** Runs `act` while this client holds its lock. The requests that it returns then belong to this client. */
  async withLock(act: () => Promise<ReadonlyArray<string>>): Promise<void> {
    this.pending++
    const { me } = this
    try {
      await this.acquire()
      const seqs = await act()
      if (me === this.me) seqs.forEach((seq) => this.ownRequests.add(seq))
    } finally {
      this.pending--
      this.drop([])
    }
  }

  private acquire(): Promise<unknown> {
    return this.ownLock ??= new Promise((resolve, reject) => {
      if (this.locks === undefined) return resolve(() => {})
      this.locks.request(this.lockOf(this.me), () => new Promise<void>((unlock) => resolve(unlock))).catch((cause) => {
        this.ownLock = undefined
        reject(cause)
      })
      this.channel?.postMessage(this.me)
    })
  }

  /** Gives up requests. The lock is released when no request belongs to this client. */
  drop(seqs: Iterable<string>): void {
    for (const seq of seqs) this.ownRequests.delete(seq)
    if (this.ownRequests.size === 0 && this.pending === 0) this.release()
  }

  private release(): void {
    // A lock that was refused needs no release.
    this.ownLock?.then((unlock) => unlock(), () => {})
    this.ownLock = undefined
  }

  /**
   * Whether a client has gone. If it is alive, it is watched. `newest`: when its newest request was stored (epoch ms).
   */
  async hasGone(owner: string, newest: number): Promise<boolean> {
    if (this.locks === undefined) {
      const gone = Date.now() - newest > grace
      if (!gone) this.timer ??= setTimeout(() => this.recheck(), grace)
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

  private recheck(): void {
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
    }).catch(() => watched.delete(owner)) // This client has ended.
  }

  /**
   * Called when the page may be frozen. Other clients then take over its requests. If the page comes back, it counts as
   * a new client, and cannot change its former requests.
   */
  private suspend(): void {
    this.release()
    this.ownRequests.clear()
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
    this.suspend()
    this.listening.abort()
  }

  private lockOf(owner: string): string {
    return `${this.name}/${owner}`
  }
}

/** Pages without TLS have no `randomUUID`. */
const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16).padStart(8, "0")).join("")
