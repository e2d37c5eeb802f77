/**
 * The requests that wait for an answer on the current connection. No timer lives here: the shell asks when the next
 * deadline is and calls `expire` then, once for all requests.
 *
 * Most requests are answered long before their deadline, so adding and taking one costs a `Map` and no more. Only when a
 * deadline comes are those that are still here put in the order of their deadlines, each once: n requests with n
 * different deadlines take n log n steps in all.
 */

export interface Entry {
  /** Milliseconds of the clock; `Infinity` when the caller asked for none. It does not change while the entry is here. */
  readonly deadline: number
}

export interface Pending<E extends Entry> {
  /** The id is that of no other entry. */
  readonly add: (id: string, entry: E) => void
  /** Removes and returns: an id is answered at most once (promise R1). */
  readonly take: (id: string) => E | undefined
  /** Removes and returns what is due at `now`, by deadline, then oldest first. */
  readonly expire: (now: number) => ReadonlyArray<E>
  readonly has: (id: string) => boolean
  /** Everything, oldest first. */
  readonly all: () => ReadonlyArray<E>
  /** Removes and returns everything: the connection is gone. */
  readonly drain: () => ReadonlyArray<E>
  /**
   * When to call `expire`: at the earliest deadline, or before it if that entry has been taken; `Infinity` when there is
   * none.
   */
  readonly nextDeadline: () => number
  readonly size: () => number
  /** The total weight of the entries. */
  readonly weight: () => number
}

/** @param weigh the weight of an entry; left out where weights are not needed */
export const make = <E extends Entry>(weigh: ((entry: E) => number) | undefined = undefined): Pending<E> => {
  /** Those added since a deadline came last. */
  const recent = new Map<string, E>()
  /** No later than their earliest deadline. */
  let recentDeadline = Infinity
  /** All others. */
  let ordered: Ordered<E> | undefined
  let weight = 0

  const take = (id: string): E | undefined => {
    const entry = recent.get(id)
    if (entry === undefined) return ordered?.take(id)
    recent.delete(id)
    return entry
  }

  /** Puts the recent ones in order, too. */
  const order = (): Ordered<E> => {
    ordered ??= new Ordered()
    for (const [id, entry] of recent) ordered.add(id, entry)
    recent.clear()
    recentDeadline = Infinity
    return ordered
  }

  const size = () => recent.size + (ordered?.entries.size ?? 0)
  const all = () => [...ordered?.entries.values() ?? [], ...recent.values()]

  return {
    add: (id, entry) => {
      recent.set(id, entry)
      if (entry.deadline < recentDeadline) recentDeadline = entry.deadline
      if (weigh !== undefined) weight += weigh(entry)
    },
    take: (id) => {
      const entry = take(id)
      if (entry !== undefined && weigh !== undefined) weight -= weigh(entry)
      return entry
    },
    expire: (now) => {
      const due = (recentDeadline <= now ? order() : ordered)?.expire(now) ?? []
      if (weigh !== undefined) { for (const entry of due) weight -= weigh(entry) }
      return due
    },
    has: (id) => recent.has(id) || ordered?.entries.has(id) === true,
    all,
    drain: () => {
      const drained = all()
      recent.clear()
      recentDeadline = Infinity
      ordered = undefined
      weight = 0
      return drained
    },
    nextDeadline: () => size() === 0 ? Infinity : Math.min(recentDeadline, ordered?.nextDeadline() ?? Infinity),
    size,
    weight: () => weight
  }
}

interface Deadline {
  readonly at: number
  readonly order: number
  readonly id: string
}

const isBefore = (a: Deadline, b: Deadline): boolean => a.at < b.at || a.at === b.at && a.order < b.order

/** Entries, and a binary heap of their deadlines. Deadlines of entries that were taken stay until they come up. */
class Ordered<E extends Entry> {
  /** Oldest first. */
  readonly entries = new Map<string, E>()
  private heap: Array<Deadline> = []
  private added = 0

  add(id: string, entry: E): void {
    this.entries.set(id, entry)
    const { deadline } = entry
    if (deadline !== Infinity) this.push({ at: deadline, order: this.added++, id })
    // One that is in the heap for hours must not keep the ids of all that were taken meanwhile.
    if (this.heap.length > 2 * this.entries.size + 64) this.compact()
  }

  take(id: string): E | undefined {
    const entry = this.entries.get(id)
    if (entry !== undefined) this.entries.delete(id)
    return entry
  }

  expire(now: number): ReadonlyArray<E> {
    const due: Array<E> = []
    for (let first = this.first(); first !== undefined && first.at <= now; first = this.first()) {
      const entry = this.take(first.id)
      if (entry !== undefined) due.push(entry)
    }
    return due
  }

  nextDeadline(): number {
    return this.first()?.at ?? Infinity
  }

  /** The earliest deadline of an entry that is still here. */
  private first(): Deadline | undefined {
    while (this.heap[0] !== undefined && !this.isHere(this.heap[0])) this.pop()
    return this.heap[0]
  }

  /** An entry may have been taken, and be here again with another deadline. */
  private isHere({ at, id }: Deadline): boolean {
    return this.entries.get(id)?.deadline === at
  }

  private push(deadline: Deadline): void {
    let at = this.heap.length
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = this.heap[above]!
      if (!isBefore(deadline, parent)) break
      this.heap[at] = parent
      at = above
    }
    this.heap[at] = deadline
  }

  private pop(): void {
    const last = this.heap.pop()
    if (last !== undefined && this.heap.length > 0) this.sink(last, 0)
  }

  private sink(deadline: Deadline, from: number): void {
    let at = from
    for (;;) {
      let below = 2 * at + 1
      if (below >= this.heap.length) break
      if (below + 1 < this.heap.length && isBefore(this.heap[below + 1]!, this.heap[below]!)) below += 1
      if (!isBefore(this.heap[below]!, deadline)) break
      this.heap[at] = this.heap[below]!
      at = below
    }
    this.heap[at] = deadline
  }

  private compact(): void {
    // A sorted array is a heap.
    this.heap = this.heap.filter((deadline) => this.isHere(deadline)).sort((a, b) => isBefore(a, b) ? -1 : 1)
  }
}
