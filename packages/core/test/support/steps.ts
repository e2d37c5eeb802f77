/**
 * Counts the steps of a function in JavaScript's collections: lookups, changes, and elements that are iterated over,
 * copied or searched. The count is the same in every run and on every machine, so a test can measure how a cost grows
 * without a clock.
 */

type Method = (this: unknown, ...args: ReadonlyArray<unknown>) => unknown

/** The steps of a call of a method, by its receiver and its result. */
type Cost = (self: unknown, result: unknown) => number

const single: Cost = () => 1

/** The cost of a method that iterates over the array. */
const whole: Cost = (self) => (Array.isArray(self) ? self.length : 1)

/** The cost of a method that copies a part of the array. */
const part: Cost = (_, result) => whole(result, undefined)

const iteratorOf = (iterable: Iterable<unknown>): object => Object.getPrototypeOf(iterable[Symbol.iterator]())

const methods: ReadonlyArray<readonly [object, ReadonlyArray<string>, Cost]> = [
  [Map.prototype, ["get", "set", "has", "delete"], single],
  [Set.prototype, ["add", "has", "delete"], single],
  [iteratorOf(new Map()), ["next"], single],
  [iteratorOf(new Set()), ["next"], single],
  [iteratorOf([]), ["next"], single],
  [
    Array.prototype,
    ["filter", "includes", "indexOf", "find", "findIndex", "some", "every", "map", "concat", "sort", "flat"],
    whole
  ],
  [Array.prototype, ["slice"], part]
]

let steps = 0

/** Counts each read of a property as a step, for chains of objects. */
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
 * each item costs an iteration over all others. The steps of `prepare` do not count.
 */
export const growth = (prepare: (items: number) => () => void): number => {
  const [few, many] = [500, 2_000].map((items) => countSteps(prepare(items)))
  return Math.log(many! / few!) / Math.log(4)
}
