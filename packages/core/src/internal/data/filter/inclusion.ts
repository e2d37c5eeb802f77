/**
 * The condition `match`: whether a document includes a value, at any depth. The recursion is as deep as the filter,
 * whatever the depth of the document.
 *
 * An array includes another one if each wanted element is matched by an element of its own. Each takes the first
 * element that fits and is not taken yet. Koncorde does not backtrack, so this module does not either. Searching all
 * elements for each wanted one would take time proportional to the product of both lengths. So an index is used for
 * more than a few wanted elements. For each value inside a wanted element, it lists the elements that have this value
 * at the same place. Only the shortest of these lists is searched.
 */
import { isFields, member } from "./field.ts"

type Test = (value: unknown) => boolean

/** Compiles a wanted value into a test. */
export const inclusion = (wanted: unknown): Test => {
  if (Array.isArray(wanted)) return inclusionOfEach(wanted)
  if (!isFields(wanted)) return (value) => value === wanted
  const members = Object.entries(wanted).map(([name, inner]) => ({ name, includes: inclusion(inner) }))
  return (value) => isFields(value) && members.every(({ includes, name }) => includes(member(value, name)))
}

/** Up to this many wanted elements, a search of all elements is cheaper than an index. */
const few = 8

const inclusionOfEach = (wanted: ReadonlyArray<unknown>): Test => {
  const tests = wanted.map(inclusion)
  const take = wanted.length > few ? takeListed(wanted, tests) : takeSearched(tests)
  return (value) => Array.isArray(value) && value.length >= wanted.length && take(value)
}

type Take = (elements: ReadonlyArray<unknown>) => boolean

const takeSearched = (tests: ReadonlyArray<Test>): Take => (elements) => {
  const remaining = [...elements]
  return tests.every((includes) => {
    const index = remaining.findIndex(includes)
    if (index >= 0) remaining.splice(index, 1)
    return index >= 0
  })
}

const takeListed = (wanted: ReadonlyArray<unknown>, tests: ReadonlyArray<Test>): Take => {
  const index = new Index()
  const marks = wanted.map((element) => index.add(element))
  return (elements) => {
    const lists = index.listsOf(elements)
    const taken = new Set<number>()
    return tests.every((includes, i) => {
      const position = shortest(marks[i]!, lists).find(taken, (position) => includes(elements[position]))
      if (position !== undefined) taken.add(position)
      return position !== undefined
    })
  }
}

/** The shortest of the lists in which a match must be. A wanted element has at least one mark. */
const shortest = (marks: ReadonlyArray<number>, lists: ReadonlyArray<List>): List =>
  marks.map((mark) => lists[mark]!).reduce((one, other) => one.length <= other.length ? one : other)

/** Positions of elements, in order. */
class List {
  private readonly positions: Array<number> = []
  /** The positions before this index have been taken. */
  private start = 0

  get length(): number {
    return this.positions.length - this.start
  }

  /** The same position may be added several times in a row. */
  add(position: number): void {
    if (this.positions.at(-1) !== position) this.positions.push(position)
  }

  /** Returns the first position that is not taken and fits. */
  find(taken: ReadonlySet<number>, fits: (position: number) => boolean): number | undefined {
    const { positions } = this
    while (this.start < positions.length && taken.has(positions[this.start]!)) this.start += 1
    for (let i = this.start; i < positions.length; i++) {
      if (!taken.has(positions[i]!) && fits(positions[i]!)) return positions[i]
    }
    return undefined
  }
}

/** A place inside the wanted elements. All elements of an array share one place. */
interface Place {
  readonly inner: Map<unknown, Place>
  /** The numbers of the marks at this place, by the wanted value. All objects share a mark, and so do all arrays. */
  readonly marks: Map<unknown, number>
}

const place = (): Place => ({ inner: new Map(), marks: new Map() })

/** Marks for any object and for any array. JSON has no symbols, so no value equals them. */
const anObject = Symbol()
const anArray = Symbol()

const markOf = (value: unknown): unknown => Array.isArray(value) ? anArray : isFields(value) ? anObject : value

/** The values inside a value, each with the key that leads to it. */
const partsOf = (value: unknown): ReadonlyArray<readonly [unknown, unknown]> =>
  Array.isArray(value) ? value.map((element) => [anArray, element]) : isFields(value) ? Object.entries(value) : []

/** Lists elements by their marks. A mark is a value, any object or any array, at a place. */
class Index {
  private readonly root = place()
  private size = 0

  /** The numbers of the marks of a wanted element. An element without all of them does not fit. */
  add(wanted: unknown): ReadonlyArray<number> {
    const numbers: Array<number> = []
    this.addAt(this.root, wanted, numbers)
    return numbers
  }

  /** The positions of the elements with each mark. */
  listsOf(elements: ReadonlyArray<unknown>): ReadonlyArray<List> {
    const lists = Array.from({ length: this.size }, () => new List())
    for (let position = 0; position < elements.length; position++) {
      listAt(this.root, elements[position], position, lists)
    }
    return lists
  }

  private addAt({ inner, marks }: Place, wanted: unknown, numbers: Array<number>): void {
    const mark = markOf(wanted)
    if (!marks.has(mark)) marks.set(mark, this.size++)
    numbers.push(marks.get(mark)!)
    for (const [key, part] of partsOf(wanted)) {
      if (!inner.has(key)) inner.set(key, place())
      this.addAt(inner.get(key)!, part, numbers)
    }
  }
}

const listAt = ({ inner, marks }: Place, value: unknown, position: number, lists: ReadonlyArray<List>): void => {
  const number = marks.get(markOf(value))
  if (number !== undefined) lists[number]!.add(position)
  if (inner.size === 0) return
  for (const [key, part] of partsOf(value)) {
    const at = inner.get(key)
    if (at !== undefined) listAt(at, part, position, lists)
  }
}
