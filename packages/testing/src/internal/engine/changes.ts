/** An entry of what an engine keeps (`entries.ts`): what it is about, and how that is now. */
export type Line = readonly [kind: string, ...rest: ReadonlyArray<unknown>]

/** What has changed since it was last taken. Nothing is remembered where nobody takes it. */
export class Changes {
  private readonly enabled: boolean
  private readonly marked = new Map<string, () => Line>()
  constructor(enabled: boolean) {
    this.enabled = enabled
  }

  /** A thing has changed: `line` says how it is when the changes are taken. */
  mark(kind: string, name: string, line: () => Line): void {
    if (!this.enabled) return
    const key = `${kind} ${name}`
    // What has changed again comes last: a thing that it needs may have been made meanwhile.
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
