/**
 * The requests that wait for an answer on the current connection. No timer lives here: the shell asks when the next
 * deadline is and calls `expire` then, once for all requests.
 */

export interface Entry {
  /** Milliseconds of the clock; `Infinity` when the caller asked for none. */
  readonly deadline: number
}

export interface Pending<E extends Entry> {
  readonly add: (id: string, entry: E) => void
  /** Removes and returns: an id is answered at most once (promise R1). */
  readonly take: (id: string) => E | undefined
  /** Removes and returns what is due at `now`, oldest first. */
  readonly expire: (now: number) => ReadonlyArray<E>
  readonly has: (id: string) => boolean
  /** Everything, oldest first. */
  readonly all: () => ReadonlyArray<E>
  /** Removes and returns everything: the connection is gone. */
  readonly drain: () => ReadonlyArray<E>
  /** The earliest deadline, `Infinity` when there is none. */
  readonly nextDeadline: () => number
  readonly size: () => number
  /** The total weight of the entries. */
  readonly weight: () => number
}

/**
 * @param resized called on every change of its size
 * @param weigh the weight of an entry; left out where weights are not needed
 */
export const make = <E extends Entry>(
  resized: (change: number) => void = () => {},
  weigh: ((entry: E) => number) | undefined = undefined
): Pending<E> => {
  const entries = new Map<string, E>()
  let weight = 0
  return {
    add: (id, entry) => {
      const before = entries.size
      entries.set(id, entry)
      if (entries.size === before) return
      resized(1)
      if (weigh !== undefined) weight += weigh(entry)
    },
    take: (id) => {
      const entry = entries.get(id)
      if (entry !== undefined) {
        entries.delete(id)
        resized(-1)
        if (weigh !== undefined) weight -= weigh(entry)
      }
      return entry
    },
    expire: (now) => {
      const due: Array<E> = []
      for (const [id, entry] of entries) {
        if (entry.deadline <= now) {
          entries.delete(id)
          due.push(entry)
          if (weigh !== undefined) weight -= weigh(entry)
        }
      }
      if (due.length > 0) resized(-due.length)
      return due
    },
    has: (id) => entries.has(id),
    all: () => Array.from(entries.values()),
    drain: () => {
      const all = Array.from(entries.values())
      entries.clear()
      weight = 0
      if (all.length > 0) resized(-all.length)
      return all
    },
    nextDeadline: () => {
      let earliest = Infinity
      for (const entry of entries.values()) if (entry.deadline < earliest) earliest = entry.deadline
      return earliest
    },
    size: () => entries.size,
    weight: () => weight
  }
}
