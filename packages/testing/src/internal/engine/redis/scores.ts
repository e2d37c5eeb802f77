/** The members of a sorted set with their scores. Their order is computed once for all reads between two writes. */
import { type Bytes, compare } from "./bytes.ts"

export type Scored = readonly [member: Bytes, score: number]

export class Scores extends Map<Bytes, number> {
  private ordered: ReadonlyArray<Scored> | undefined

  /** All members, ordered by score, then by the bytes of the members. */
  get sorted(): ReadonlyArray<Scored> {
    return this.ordered ??= [...this].sort(([memberA, a], [memberB, b]) =>
      a === b ? compare(memberA, memberB) : a < b ? -1 : 1
    )
  }

  override set(member: Bytes, score: number): this {
    this.ordered = undefined
    return super.set(member, score)
  }

  override delete(member: Bytes): boolean {
    this.ordered = undefined
    return super.delete(member)
  }

  override clear(): void {
    this.ordered = undefined
    super.clear()
  }
}
