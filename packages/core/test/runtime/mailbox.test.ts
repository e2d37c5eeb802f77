import { assert, describe, it } from "@effect/vitest"
import { Cause, Chunk, Effect, Exit, FastCheck as fc, Fiber, Option, Stream } from "effect"
import * as Mailbox from "../../src/internal/runtime/mailbox.ts"
import { collectGarbage } from "../support/collectGarbage.ts"
import { turns } from "../support/FakeSocket.ts"
import { countSteps } from "../support/steps.ts"

type Element = number | { readonly lost: number }

const make = (capacity: number, strategy: "sliding" | "dropping") =>
  Mailbox.make<Element, string>({ capacity, strategy, overflow: (lost) => ({ lost }) })

const tensOf = (n: number) => Math.floor(n / 10)

/** Numbers with the same tens have one key, those below ten none. */
const byTens = (capacity: number, strategy: "sliding" | "dropping" = "sliding") =>
  Mailbox.make<Element, string>({
    capacity,
    strategy,
    keyOf: (one) => typeof one === "number" && one >= 10 ? String(tensOf(one)) : undefined,
    overflow: (lost) => ({ lost })
  })

const range = (n: number): Array<number> => Array.from({ length: n }, (_, i) => i)

describe("mailbox", () => {
  it.effect("S4: the held elements are delivered in order, in one chunk, before the failure", () =>
    Effect.gen(function*() {
      const mailbox = make(10, "sliding")
      range(5).forEach((one) => mailbox.offer(one))
      mailbox.fail(Cause.fail("over"))
      mailbox.offer(99)
      const seen: Array<Element> = []
      const chunks: Array<number> = []
      const exit = yield* mailbox.stream.pipe(
        Stream.chunks,
        Stream.runForEach((chunk) =>
          Effect.sync(() => {
            seen.push(...chunk)
            chunks.push(Chunk.size(chunk))
          })
        ),
        Effect.exit
      )
      assert.deepStrictEqual(exit, Exit.fail("over"))
      assert.deepStrictEqual(seen, range(5))
      assert.deepStrictEqual(chunks, [5])
    }))

  it.effect("S4, L2: sliding drops the oldest elements, and reports it first", () =>
    Effect.gen(function*() {
      const mailbox = make(4, "sliding")
      range(10).forEach((one) => mailbox.offer(one))
      mailbox.fail(Cause.fail("over"))
      assert.deepStrictEqual(yield* held(mailbox), [{ lost: 6 }, 6, 7, 8, 9])
    }))

  it.effect("S4, L2: dropping drops the newest elements, and reports it last", () =>
    Effect.gen(function*() {
      const mailbox = make(4, "dropping")
      range(10).forEach((one) => mailbox.offer(one))
      mailbox.fail(Cause.fail("over"))
      assert.deepStrictEqual(yield* held(mailbox), [0, 1, 2, 3, { lost: 6 }])
    }))

  it.effect.each(["sliding", "dropping"] as const)(
    "S4, %s: the newest essential element that is dropped is delivered anyway, and does not count as lost",
    (strategy) =>
      Effect.gen(function*() {
        const mailbox = Mailbox.make<Element, string>({
          capacity: 2,
          strategy,
          overflow: (lost) => ({ lost }),
          essential: (one) => typeof one === "number" && one >= 10
        })
        const kept = (strategy === "sliding" ? [0, 10, 1, 11, 2, 3] : [2, 3, 10, 1, 11, 0]).map((one) =>
          mailbox.offer(one)
        )
        assert.deepStrictEqual(kept.reduce((sum, lost) => sum + lost, 0), 2)
        mailbox.fail(Cause.fail("over"))
        const expected = [11, { lost: 2 }]
        assert.deepStrictEqual(yield* held(mailbox), strategy === "sliding" ? [...expected, 2, 3] : [2, 3, ...expected])
      })
  )

  it.effect("conflating: only the newest element of a key is held, at its place; elements without a key stay", () =>
    Effect.gen(function*() {
      const mailbox = byTens(10)
      const kept = [11, 21, 5, 12, 6, 22, 13].map((one) => mailbox.offer(one))
      assert.notInclude(kept, 1)
      mailbox.fail(Cause.fail("over"))
      assert.deepStrictEqual(yield* held(mailbox), [5, 6, 22, 13])
    }))

  it.effect("conflating, S4, L2: beyond the capacity the oldest is dropped, and this is reported first", () =>
    Effect.gen(function*() {
      const mailbox = byTens(3)
      const kept = [10, 20, 30, 11, 40, 1, 12].map((one) => mailbox.offer(one))
      assert.deepStrictEqual(kept, [0, 0, 0, 0, 1, 1, 0])
      mailbox.fail(Cause.fail("over"))
      assert.deepStrictEqual(yield* held(mailbox), [{ lost: 2 }, 40, 1, 12])
    }))

  it("conflating: when it is full, an element costs three steps, whatever the capacity", () => {
    for (const capacity of [100, 10_000]) {
      const mailbox = Mailbox.make<string, never>({ capacity, strategy: "sliding", keyOf: (one) => one })
      range(capacity).forEach((n) => mailbox.offer(`old ${n}`))
      const steps = countSteps(() => {
        for (let n = 0; n < 20_000; n++) mailbox.offer(`new ${n}`)
      })
      assert.isBelow(steps / 20_000, 4)
    }
  })

  it.prop(
    "conflating: the buffer equals a list in which each new element removes the older one with its key",
    {
      capacity: fc.integer({ min: 1, max: 6 }),
      strategy: fc.constantFrom("sliding" as const, "dropping" as const),
      steps: fc.array(fc.oneof({ weight: 9, arbitrary: fc.nat(60) }, fc.constant("take" as const)), { maxLength: 60 })
    },
    ({ capacity, steps, strategy }) => {
      const mailbox = byTens(capacity, strategy)
      let model: Array<number> = []
      let lost = 0
      for (const step of [...steps, "take" as const]) {
        if (step === "take") {
          if (model.length === 0) continue
          const gap: ReadonlyArray<Element> = lost > 0 ? [{ lost }] : []
          const expected = strategy === "sliding" ? [...gap, ...model] : [...model, ...gap]
          const taken = Effect.runSync(Stream.runHead(Stream.chunks(mailbox.stream)))
          assert.deepStrictEqual(Option.map(taken, Chunk.toReadonlyArray), Option.some(expected))
          model = []
          lost = 0
        } else {
          model = [...model.filter((other) => step < 10 || tensOf(other) !== tensOf(step)), step]
          const isFull = model.length > capacity
          if (isFull) {
            if (strategy === "sliding") model.shift()
            else model.pop()
            lost += 1
          }
          assert.strictEqual(mailbox.offer(step), isFull ? 1 : 0)
        }
      }
    }
  )

  it.effect.prop(
    "S4, S7, L2: at any pace, elements keep their order, a gap counts the missing elements at their place, and at most the " +
      "capacity is held",
    {
      capacity: fc.integer({ min: 1, max: 8 }),
      strategy: fc.constantFrom("sliding" as const, "dropping" as const),
      bursts: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 })
    },
    ({ bursts, capacity, strategy }) =>
      Effect.gen(function*() {
        const mailbox = make(capacity, strategy)
        const batches: Array<ReadonlyArray<Element>> = []
        const consumer = yield* mailbox.stream.pipe(
          Stream.chunks,
          Stream.runForEach((chunk) => Effect.sync(() => batches.push(Chunk.toReadonlyArray(chunk)))),
          Effect.exit,
          Effect.fork
        )
        let next = 0
        for (const burst of bursts) {
          for (let i = 0; i < burst; i++) mailbox.offer(next++)
          yield* turns(2)
        }
        mailbox.fail(Cause.fail("over"))
        assert.deepStrictEqual(yield* Fiber.join(consumer), Exit.fail("over"))
        let expected = 0
        for (const batch of batches) {
          assert.isAtMost(batch.length, capacity + 1)
          for (const element of batch) {
            if (typeof element === "number") assert.strictEqual(element, expected++)
            else {
              assert.isAbove(element.lost, 0)
              expected += element.lost
            }
          }
        }
        assert.strictEqual(expected, next)
      }),
    { fastCheck: { numRuns: 40 } }
  )

  it.effect("L2: the buffer is limited in size, too: beyond it the oldest are dropped, and the overflow says how many", () =>
    Effect.gen(function*() {
      const mailbox = Mailbox.make<Element, string>({
        capacity: 100,
        maxBytes: 10,
        strategy: "sliding",
        overflow: (lost) => ({ lost })
      })
      assert.deepStrictEqual([3, 3, 3, 1, 9, 1].map((size, n) => mailbox.offer(n, size)), [0, 0, 0, 0, 3, 1])
      const taken = Option.getOrThrow(yield* Stream.runHead(Stream.chunks(mailbox.stream)))
      assert.deepStrictEqual(Chunk.toReadonlyArray(taken), [{ lost: 4 }, 4, 5])
      // One element is held whatever its size, and taken elements do not count.
      assert.deepStrictEqual([10, 50, 2].map((size, n) => mailbox.offer(n, size)), [0, 1, 1])
      mailbox.fail(Cause.fail("over"))
      assert.deepStrictEqual(yield* held(mailbox), [{ lost: 2 }, 2])
    }))

  it.effect("S4, L2: dropping by size: after an element that is too large, none is held before the overflow is reported", () =>
    Effect.gen(function*() {
      const mailbox = Mailbox.make<Element, string>({
        capacity: 100,
        maxBytes: 10,
        strategy: "dropping",
        overflow: (lost) => ({ lost }),
        essential: (one) => one === 4
      })
      assert.deepStrictEqual([6, 5, 1, 1].map((size, n) => mailbox.offer(n, size)), [0, 1, 1, 1])
      assert.strictEqual(mailbox.offer(4), 0)
      const taken = yield* Stream.runHead(Stream.chunks(mailbox.stream))
      assert.deepStrictEqual(Chunk.toReadonlyArray(Option.getOrThrow(taken)), [0, 4, { lost: 3 }])
      assert.strictEqual(mailbox.offer(5, 6), 0)
      mailbox.fail(Cause.fail("over"))
      assert.deepStrictEqual(yield* held(mailbox), [5])
    }))

  it.effect.each(["sliding", "dropping"] as const)("L2, %s: conflating by size", (strategy) =>
    Effect.gen(function*() {
      const mailbox = Mailbox.make<Element, string>({
        capacity: 100,
        maxBytes: 10,
        strategy,
        keyOf: (one) => String(one).charAt(0),
        overflow: (lost) => ({ lost })
      })
      // A replaced element needs no room; its replacement does.
      assert.deepStrictEqual([10, 11, 20, 12].map((one) => mailbox.offer(one, 5)), [0, 0, 0, 0])
      assert.strictEqual(mailbox.offer(30, 1), 1)
      mailbox.fail(Cause.fail("over"))
      assert.deepStrictEqual(
        yield* held(mailbox),
        strategy === "sliding" ? [{ lost: 1 }, 12, 30] : [20, 12, { lost: 1 }]
      )
    }))

  it.prop(
    "L2: never holds more than the size, except for one larger element, and everything is delivered or counted",
    {
      strategy: fc.constantFrom("sliding" as const, "dropping" as const),
      steps: fc.array(fc.oneof({ weight: 6, arbitrary: fc.nat(12) }, fc.constant("take" as const)), { maxLength: 60 })
    },
    ({ steps, strategy }) => {
      const maxBytes = 10
      const mailbox = Mailbox.make<Element, string>({ capacity: 5, maxBytes, strategy, overflow: (lost) => ({ lost }) })
      const sizes = steps.map((step) => step === "take" ? 0 : step)
      let seen = 0
      let offered = 0
      ;[...steps, "take" as const].forEach((step, n) => {
        if (step !== "take") {
          mailbox.offer(n, step)
          offered += 1
          return
        }
        if (offered === seen) return
        const taken = Effect.runSync(Stream.runHead(Stream.chunks(mailbox.stream)))
        const elements = Chunk.toReadonlyArray(Option.getOrThrow(taken))
        const numbers = elements.filter((one) => typeof one === "number")
        const bytes = numbers.reduce((sum, one) => sum + sizes[one]!, 0)
        assert.isTrue(numbers.length === 1 || (bytes <= maxBytes && numbers.length <= 5))
        for (const one of elements) seen += typeof one === "number" ? 1 : one.lost
        assert.strictEqual(seen, offered)
      })
    }
  )

  it.effect.each([undefined, () => undefined])(
    "L2: dropped elements are not kept in memory, with or without keys",
    (keyOf) =>
      Effect.gen(function*() {
        const mailbox = Mailbox.make<object, never>({ capacity: 4, strategy: "sliding", keyOf })
        const offered = range(100).map((n) => {
          const element = { n }
          mailbox.offer(element)
          return new WeakRef(element)
        })
        yield* turns()
        collectGarbage()
        // A little more than the capacity may stay, because dropping an element does not move all others.
        const kept = offered.filter((element) => element.deref() !== undefined).length
        assert.isAtLeast(kept, 4)
        assert.isAtMost(kept, 8)
        assert.strictEqual(Option.getOrThrow(yield* Stream.runHead(Stream.chunks(mailbox.stream))).length, 4)
      })
  )

  it.effect("S4: an interrupted consumer loses no later elements", () =>
    Effect.gen(function*() {
      const mailbox = make(10, "sliding")
      const first = yield* Effect.fork(Stream.runDrain(mailbox.stream))
      yield* turns()
      yield* Fiber.interrupt(first)
      mailbox.offer(1)
      yield* turns()
      assert.deepStrictEqual(yield* Stream.runHead(mailbox.stream), Option.some(1))
    }))

  it.effect("S7: many offers in one turn wake the consumer once", () =>
    Effect.gen(function*() {
      const mailbox = make(1000, "sliding")
      let chunks = 0
      const consumer = yield* Effect.fork(
        mailbox.stream.pipe(Stream.chunks, Stream.runForEach(() => Effect.sync(() => chunks++)))
      )
      yield* turns()
      range(500).forEach((one) => mailbox.offer(one))
      yield* turns()
      assert.strictEqual(chunks, 1)
      yield* Fiber.interrupt(consumer)
    }))
})

const held = (mailbox: Mailbox.Mailbox<Element, string>) => {
  const seen: Array<Element> = []
  return mailbox.stream.pipe(
    Stream.runForEach((element) => Effect.sync(() => seen.push(element))),
    Effect.ignore,
    Effect.as(seen)
  )
}
