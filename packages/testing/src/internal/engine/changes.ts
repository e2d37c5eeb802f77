/** A changed entry of the engine's state (`entries.ts`): its subject, and its current content. */
export type Line = readonly [kind: string, ...rest: ReadonlyArray<unknown>]

/** The changes since they were last taken. Without a consumer, nothing is remembered. */
export class Changes {
  private readonly enabled: boolean
  private readonly marked = new Map<string, () => Line>()
  constructor(enabled: boolean) {
    this.enabled = enabled
  }

  /** Something has changed. `line` returns its content when the changes are taken. */
  mark(kind: string, name: string, line: () => Line): void {
    if (!this.enabled) return
    const key = `${kind} ${name}`
    // An entry that changes again moves to the end, because entries that it needs may have been made meanwhile.
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
