/**
 * Counts the steps that a piece of code takes in the collections of the language: lookups, changes, elements that are
 * iterated over, copied or searched. The count is the same on every run and every machine, so that a test can say how a
 * cost grows without a clock.
 */

type Method = (this: unknown, ...args: ReadonlyArray<unknown>) => unknown

/** The steps of a method, by what it was called on and what it returned. */
type Cost = (self: unknown, result: unknown) => number

const one: Cost = () => 1

/** Of a method that walks over the array. */
const whole: Cost = (self) => (Array.isArray(self) ? self.length : 1)

/** Of a method that copies a part. */
const part: Cost = (_, result) => whole(result, undefined)

const iteratorOf = (iterable: Iterable<unknown>): object => Object.getPrototypeOf(iterable[Symbol.iterator]())

const methods: ReadonlyArray<readonly [object, ReadonlyArray<string>, Cost]> = [
  [Map.prototype, ["get", "set", "has", "delete"], one],
  [Set.prototype, ["add", "has", "delete"], one],
  [iteratorOf(new Map()), ["next"], one],
  [iteratorOf(new Set()), ["next"], one],
  [iteratorOf([]), ["next"], one],
  [
    Array.prototype,
    ["filter", "includes", "indexOf", "find", "findIndex", "some", "every", "map", "concat", "sort", "flat"],
    whole
  ],
  [Array.prototype, ["slice"], part]
]

let steps = 0

/** Each reading of the property counts as a step, for chains of objects. */
export const countReads = <A extends object, K extends keyof A>(object: A, property: K): void => {
  let value = object[property]
  Object.defineProperty(object, property, {
    get: () => {
      steps += 1
      return value
    },
    set: (next: A[K]) => {
      value = next
    }
  })
}

/** How many steps `run` takes until it returns. */
export const countSteps = (run: () => void): number => {
  steps = 0
  const restore: Array<() => void> = []
  for (const [owner, names, cost] of methods) {
    for (const name of names) {
      const original: Method = Reflect.get(owner, name)
      const counted: Method = function(...args) {
        const result = Reflect.apply(original, this, args)
        steps += cost(this, result)
        return result
      }
      restore.push(() => Reflect.set(owner, name, original))
      Reflect.set(owner, name, counted)
    }
  }
  try {
    run()
  } finally {
    for (let i = 0; i < restore.length; i++) restore[i]!()
  }
  return steps
}

/**
 * The exponent with which the steps grow from 500 items to 2,000: 1 if an item costs the same however many there are, 2 if
 * each costs a walk over all others. `prepare` takes no steps that count.
 */
export const growth = (prepare: (items: number) => () => void): number => {
  const [few, many] = [500, 2_000].map((items) => countSteps(prepare(items)))
  return Math.log(many! / few!) / Math.log(4)
}
