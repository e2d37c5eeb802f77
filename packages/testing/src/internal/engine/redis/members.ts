/** The members of a set, from which a random one can be removed without a copy. */
import type { Bytes } from "./bytes.ts"

export class Members extends Set<Bytes> {
  /** All members, unordered. It exists after the first `take`. */
  private pool: Array<Bytes> | undefined

  override add(member: Bytes): this {
    if (this.pool !== undefined && !this.has(member)) this.pool.push(member)
    return super.add(member)
  }

  override delete(member: Bytes): boolean {
    const isDeleted = super.delete(member)
    if (isDeleted) this.pool = undefined
    return isDeleted
  }

  override clear(): void {
    this.pool = undefined
    super.clear()
  }

  /** Removes and returns a member. `random` is from 0 to below 1. */
  take(random: number): Bytes | undefined {
    this.pool ??= [...this]
    const at = Math.floor(random * this.pool.length)
    const taken = this.pool[at]
    const last = this.pool.pop()
    if (taken === undefined || last === undefined) return undefined
    if (at < this.pool.length) this.pool[at] = last
    super.delete(taken)
    return taken
  }
}
