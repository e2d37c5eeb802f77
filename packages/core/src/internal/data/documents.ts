/**
 * A map of documents by their ids that is never changed: a change makes another map, which shares nearly everything with
 * the one before. Copying a `Map` of 100,000 documents for each change takes 30 ms, this takes a few microseconds.
 *
 * Effect's `HashMap` would do, too, but it has no order, and takes 130 bytes more for each document. Here a document
 * keeps its place while it changes, and a new one comes last, as in a `Map`. One that was deleted and comes again may
 * have its old place.
 *
 * Each id has a slot. The slots are kept in chunks: a change copies one chunk and the list of chunks. All maps of a line
 * share the index of the slots, to which ids are only added. Once most slots are empty, the next map is built anew.
 */

interface Identified {
  readonly _id: string
}

type Chunk<A> = ReadonlyArray<A | undefined>

/** Slots in a chunk. With 256 a change of 100,000 documents copies 650 references, near the minimum (the root). */
const chunkSize = 256

export class DocumentMap<A extends Identified> implements ReadonlyMap<string, A> {
  private constructor(
    /** The slot of each id. It also has ids of newer maps: an id belongs to this map if its slot holds a document. */
    private readonly slots: Map<string, number>,
    private readonly chunks: ReadonlyArray<Chunk<A>>,
    readonly size: number
  ) {}

  /** Of two documents with the same id, the last one counts. */
  static from<A extends Identified>(documents: Iterable<A>): DocumentMap<A> {
    const slots = new Map<string, number>()
    const chunks: Array<Array<A | undefined>> = []
    for (const document of documents) {
      const slot = slots.get(document._id) ?? slots.size
      slots.set(document._id, slot)
      const chunk = chunks[Math.floor(slot / chunkSize)]
      if (chunk === undefined) chunks.push([document])
      else chunk[slot % chunkSize] = document
    }
    return new DocumentMap(slots, chunks, slots.size)
  }

  /** A map in which this document is added, or replaces the one with its id. */
  with(document: A): DocumentMap<A> {
    const slot = this.slots.get(document._id) ?? this.slots.size
    this.slots.set(document._id, slot)
    return this.replaced(slot, document)
  }

  /** A map without the document of that id. */
  without(_id: string): DocumentMap<A> {
    const slot = this.slots.get(_id)
    return slot === undefined || this.at(slot) === undefined ? this : this.replaced(slot, undefined)
  }

  get(_id: string): A | undefined {
    const slot = this.slots.get(_id)
    return slot === undefined ? undefined : this.at(slot)
  }

  has(_id: string): boolean {
    return this.get(_id) !== undefined
  }

  *values(): Generator<A, undefined> {
    for (const chunk of this.chunks) for (const document of chunk) if (document !== undefined) yield document
    return undefined
  }

  *keys(): Generator<string, undefined> {
    for (const { _id } of this.values()) yield _id
    return undefined
  }

  *entries(): Generator<[string, A], undefined> {
    for (const document of this.values()) yield [document._id, document]
    return undefined
  }

  [Symbol.iterator](): Generator<[string, A], undefined> {
    return this.entries()
  }

  forEach(callback: (document: A, _id: string, map: ReadonlyMap<string, A>) => void): void {
    for (const document of this.values()) callback(document, document._id, this)
  }

  private at(slot: number): A | undefined {
    return this.chunks[Math.floor(slot / chunkSize)]?.[slot % chunkSize]
  }

  private replaced(slot: number, document: A | undefined): DocumentMap<A> {
    const size = this.size + (document === undefined ? 0 : 1) - (this.at(slot) === undefined ? 0 : 1)
    const place = Math.floor(slot / chunkSize)
    const chunk = this.chunks[place]?.slice() ?? []
    // Slots that only newer maps have used lie between.
    while (chunk.length < slot % chunkSize) chunk.push(undefined)
    chunk[slot % chunkSize] = document
    const chunks = this.chunks.slice()
    while (chunks.length < place) chunks.push([])
    chunks[place] = chunk
    const map = new DocumentMap(this.slots, chunks, size)
    return this.slots.size > chunkSize && this.slots.size > 2 * size ? DocumentMap.from(map.values()) : map
  }
}
