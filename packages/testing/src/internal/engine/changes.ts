/** A changed entry of the engine's state (`entries.ts`), with its current content. */
export type Line = readonly [kind: string, ...rest: ReadonlyArray<unknown>]

/** Collects the changed entries until they are taken. Collects nothing if `enabled` is `false`. */
export class Changes {
  private readonly enabled: boolean
  private readonly marked = new Map<string, () => Line>()
  constructor(enabled: boolean) {
    this.enabled = enabled
  }

  /** Marks an entry as changed. `line` returns its content, and is called when the changes are taken. */
  mark(kind: string, name: string, line: () => Line): void {
    if (!this.enabled) return
    const key = `${kind} ${name}`
    // An entry that changes again moves to the end, behind entries that it needs and that were created meanwhile.
    this.marked.delete(key)
    this.marked.set(key, line)
  }

  take(): ReadonlyArray<Line> {
    if (this.marked.size === 0) return []
    const lines = Array.from(this.marked.values(), (line) => line())
    this.marked.clear()
    return lines
  }
}
