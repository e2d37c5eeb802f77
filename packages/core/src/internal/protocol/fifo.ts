/**
 * A queue. Adding and removing cost the same however long it is. (`Array.shift` moves all other elements of a long
 * array.)
 */
export class Fifo<A> {
  /**
   * Begins with room for 4 items, because a queue is seldom long. Adding to an empty array would reserve room for 17.
   */
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

  /** Reuses the memory of an empty queue, but releases the memory of a burst. */
  private rewind(): void {
    this.head = this.tail = 0
    if (this.items.length > 64) this.items = []
  }
}
