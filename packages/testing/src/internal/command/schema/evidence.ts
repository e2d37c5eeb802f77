/** The values of a field in the sampled documents. */
import { isObject } from "../../engine/json.ts"

/** Up to this number of distinct texts, each text is counted. */
const maxTexts = 32

/** Values are examined down to this depth. Elasticsearch's mappings have 20 levels. */
const maxDepth = 20

/** A date as `toISOString` writes it. */
const isIso = (text: string): boolean => {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) return false
  const time = Date.parse(text)
  return !Number.isNaN(time) && new Date(time).toISOString() === text
}

/** The largest number of milliseconds that a `Date` has. */
const maxTime = 8.64e15

export class Evidence {
  /** How many values were seen, of any kind. */
  count = 0
  nulls = 0
  booleans = 0
  numbers = 0
  /** How many numbers are integers that JavaScript represents exactly. */
  integers = 0
  /** How many numbers may be the milliseconds of a date. */
  times = 0
  /** The greatest absolute value of a number. */
  maxMagnitude = 0
  texts = 0
  isoDates = 0
  /** How often each text was seen; `undefined` if there are too many distinct texts. */
  textCounts: Map<string, number> | undefined = new Map()
  objects = 0
  /** The evidence of the members of all objects. */
  readonly members = new Map<string, Evidence>()
  arrays = 0
  /** The evidence of the elements of all arrays; `undefined` if there were none. */
  elements: Evidence | undefined
  /** Objects and arrays that are nested too deeply to be examined. */
  tooDeep = 0

  private constructor(private readonly depth: number) {}

  static of(values: Iterable<unknown>): Evidence {
    const evidence = new Evidence(0)
    for (const value of values) evidence.add(value)
    return evidence
  }

  /** The evidence of both sets of values. */
  union(other: Evidence): Evidence {
    const sum = new Evidence(this.depth)
    sum.merge(this)
    sum.merge(other)
    return sum
  }

  /** The evidence without arrays and nulls. */
  withoutArrays(): Evidence {
    const rest = this.union(new Evidence(this.depth))
    rest.count -= rest.arrays + rest.nulls
    rest.nulls = 0
    rest.arrays = 0
    rest.elements = undefined
    return rest
  }

  private add(value: unknown): void {
    this.count++
    if (value === null) this.nulls++
    else if (typeof value === "boolean") this.booleans++
    else if (typeof value === "number") this.addNumber(value)
    else if (typeof value === "string") this.addText(value)
    else if (this.depth === maxDepth) this.tooDeep++
    else if (Array.isArray(value)) this.addArray(value)
    else if (isObject(value)) this.addObject(value)
  }

  private addNumber(value: number): void {
    this.numbers++
    this.maxMagnitude = Math.max(this.maxMagnitude, Math.abs(value))
    if (Number.isSafeInteger(value)) this.integers++
    if (Number.isInteger(value) && Math.abs(value) <= maxTime) this.times++
  }

  private addText(value: string): void {
    this.texts++
    if (isIso(value)) this.isoDates++
    this.countText(value, 1)
  }

  private countText(text: string, times: number): void {
    this.textCounts?.set(text, (this.textCounts.get(text) ?? 0) + times)
    if (this.textCounts !== undefined && this.textCounts.size > maxTexts) this.textCounts = undefined
  }

  private addArray(values: ReadonlyArray<unknown>): void {
    this.arrays++
    if (values.length === 0) return
    this.elements ??= new Evidence(this.depth + 1)
    for (const value of values) this.elements.add(value)
  }

  private addObject(value: Readonly<Record<string, unknown>>): void {
    this.objects++
    for (const [name, member] of Object.entries(value)) this.member(name).add(member)
  }

  private member(name: string): Evidence {
    const known = this.members.get(name)
    if (known !== undefined) return known
    const made = new Evidence(this.depth + 1)
    this.members.set(name, made)
    return made
  }

  private merge(other: Evidence): void {
    this.count += other.count
    this.nulls += other.nulls
    this.booleans += other.booleans
    this.numbers += other.numbers
    this.integers += other.integers
    this.times += other.times
    this.maxMagnitude = Math.max(this.maxMagnitude, other.maxMagnitude)
    this.texts += other.texts
    this.isoDates += other.isoDates
    this.objects += other.objects
    this.arrays += other.arrays
    this.tooDeep += other.tooDeep
    if (other.textCounts === undefined) this.textCounts = undefined
    else for (const [text, times] of other.textCounts) this.countText(text, times)
    for (const [name, member] of other.members) this.member(name).merge(member)
    if (other.elements !== undefined) (this.elements ??= new Evidence(this.depth + 1)).merge(other.elements)
  }
}
