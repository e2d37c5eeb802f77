/**
 * An immutable map of documents by their ids. A change makes another map, which shares nearly everything with the
 * previous one. It takes a few microseconds. Copying a `Map` of 100,000 documents would take 30 ms.
 *
 * Effect's `HashMap` has no order, and takes 130 bytes more for each document. Here, as in a `Map`, a document keeps
 * its place while it changes, and a new one comes last. A document that is deleted and added again may get its old
 * place.
 *
 * Each id has a slot, and the slots are kept in chunks. A change copies one chunk and the list of chunks. A map shares
 * the index of the slots with the maps that were made from it. Ids are only added to the index. Once most slots are
 * empty, the next map is built anew.
 */

interface Identified {
  readonly _id: string
}

type Chunk<A> = ReadonlyArray<A | undefined>

/**
 * Slots in a chunk. With 256, a change of a map of 100,000 documents copies 650 references. The minimum is 632
 * references, with 316 slots.
 */
const chunkSize = 256

export class DocumentMap<A extends Identified> implements ReadonlyMap<string, A> {
  private constructor(
    /**
     * The slot of each id. It may also contain ids of newer maps. An id belongs to this map if its slot holds a
     * document.
     */
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

  /** A map with this document, which replaces a document with the same id. */
  with(document: A): DocumentMap<A> {
    const slot = this.slots.get(document._id) ?? this.slots.size
    this.slots.set(document._id, slot)
    return this.replaced(slot, document)
  }

  /** A map without the document with this id. */
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
    // The slots in between are used by newer maps only.
    while (chunk.length < slot % chunkSize) chunk.push(undefined)
    chunk[slot % chunkSize] = document
    const chunks = this.chunks.slice()
    while (chunks.length < place) chunks.push([])
    chunks[place] = chunk
    const map = new DocumentMap(this.slots, chunks, size)
    return this.slots.size > chunkSize && this.slots.size > 2 * size ? DocumentMap.from(map.values()) : map
  }
}
