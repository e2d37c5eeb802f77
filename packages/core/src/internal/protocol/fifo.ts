/**
 * A queue whose cost at both ends does not depend on its length. (`Array.shift` moves all other elements of a long
 * array.)
 */
export class Fifo<A> {
  /** With room for few, because the first element of an empty array reserves room for 17, and a queue is seldom long. */
  private items: Array<A | undefined> = [undefined, undefined, undefined, undefined]
  private head = 0
  private tail = 0

  push(item: A): void {
    this.items[this.tail++] = item
  }

  shift(): A | undefined {
    if (this.head === this.tail) return undefined
    const item = this.items[this.head]
    this.items[this.head++] = undefined
    if (this.head === this.tail) this.rewind()
    return item
  }

  /** Reuses its memory, and releases the memory of a burst. */
  private rewind(): void {
    this.head = this.tail = 0
    if (this.items.length > 64) this.items = []
  }
}
