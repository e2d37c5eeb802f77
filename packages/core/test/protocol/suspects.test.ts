/** The search for the request that ends connections: a model of a queue and of lines that break with and without a cause. */
import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as Suspects from "../../src/internal/protocol/suspects.ts"

interface Request {
  readonly n: number
  readonly poison: boolean
  suspicion: Suspects.Suspicion
  sends: number
  /** How many connections ended while only this request was in flight, without its first loss. */
  alone: number
}

/** A queue of idempotent requests that is sent until each has been answered or given up. */
class Model {
  readonly answered: Array<Request> = []
  readonly givenUp: Array<Request> = []
  connections = 1
  private inFlight: Array<Request> = []
  private queue: ReadonlyArray<Request>

  constructor(requests: ReadonlyArray<boolean>, private readonly chance: () => number) {
    // A connection that was ready has sent them all.
    this.inFlight = requests.map((poison, n) => ({ n, poison, suspicion: Suspects.none, sends: 1, alone: 0 }))
    this.queue = []
  }

  /** @param breaking the probability that a line breaks by itself at each step */
  run(breaking: number): void {
    while (this.inFlight.length > 0 || this.queue.length > 0) {
      this.send()
      const poison = this.inFlight.some(({ poison }) => poison)
      // A fatal request needs some time, in which others may be answered.
      if (this.chance() < breaking || poison && this.chance() < 0.5) this.lose()
      else this.answer()
    }
  }

  private send(): void {
    let last: Suspects.Suspicion["group"] = this.inFlight.at(-1)?.suspicion.group ?? "New"
    for (;;) {
      const next = this.queue[0]
      const count = this.inFlight.length
      if (next === undefined || Suspects.sendAt(next.suspicion.group, { count, group: last, since: 0 }) > 0) break
      const groups = new Set([...this.inFlight, next].map(({ suspicion }) => suspicion.group))
      assert.strictEqual(groups.size, 1, "groups are not mixed")
      if (count > 0) assert.notStrictEqual(next.suspicion.group, "Suspect", "a suspect is alone")
      last = next.suspicion.group
      next.sends += 1
      this.inFlight.push(next)
      this.queue = this.queue.slice(1)
    }
    assert.isAbove(this.inFlight.length, 0, "the queue continues")
    assert.isTrue(this.inFlight.length <= 32 || this.connections === 1)
  }

  private answer(): void {
    const harmless = this.inFlight.filter(({ poison }) => !poison)
    const chosen = harmless[Math.floor(this.chance() * harmless.length)]
    if (chosen === undefined) return
    this.inFlight = this.inFlight.filter((other) => other !== chosen)
    this.answered.push(chosen)
  }

  private lose(): void {
    this.connections += 1
    const alone = this.inFlight.length === 1
    const kept = this.inFlight.filter((request) => {
      if (alone && request.suspicion.group !== "New") request.alone += 1
      const suspicion = Suspects.lost(request.suspicion, { by: "Peer", alone, sends: request.sends })
      if (suspicion === undefined) this.givenUp.push(request)
      else request.suspicion = suspicion
      return suspicion !== undefined
    })
    this.queue = [...kept, ...this.queue]
    this.inFlight = []
    assert.deepStrictEqual(this.queue.map(({ n }) => n), this.queue.map(({ n }) => n).sort((a, b) => a - b))
  }
}

/** A seed that a failing run prints, so that it can be replayed. */
const chance = fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })).map((stream) => () =>
  stream.next().value
)
const requests = fc.array(
  fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  {
    minLength: 1,
    maxLength: 120,
    size: "max"
  }
)

describe("suspects", () => {
  it.prop(
    "R7: on a line that does not break by itself, exactly the requests that end connections are given up",
    { requests, chance },
    ({ chance, requests }) => {
      const model = new Model(requests, chance)
      model.run(0)
      const poisons = requests.filter((poison) => poison).length
      assert.isTrue(model.givenUp.every(({ poison }) => poison))
      assert.lengthOf(model.givenUp, poisons)
      assert.lengthOf(model.answered, requests.length - poisons)
      // Each request is in flight at no more than two losses with others, and at three losses alone.
      assert.isAtMost(model.connections, 1 + 5 * poisons)
    }
  )

  it.prop(
    "R6, R7: on a line that breaks, a request is given up after three losses alone or eight in all, not earlier and not later",
    { requests, chance },
    ({ chance, requests }) => {
      const model = new Model(requests, chance)
      model.run(0.1)
      for (const { alone, sends } of model.givenUp) assert.isTrue(alone === 3 || sends === 8, `${alone}, ${sends}`)
      for (const { alone, sends } of model.answered) assert.isTrue(alone < 3 && sends <= 8, `${alone}, ${sends}`)
      assert.lengthOf([...model.answered, ...model.givenUp], requests.length)
    }
  )

  it("R6: a request is given up after eight connections, even if it was never alone", () => {
    let suspicion: Suspects.Suspicion | undefined = Suspects.none
    let sends = 0
    while (suspicion !== undefined) suspicion = Suspects.lost(suspicion, { by: "Peer", alone: false, sends: ++sends })
    assert.strictEqual(sends, 8)
  })

  it("a connection that the client has ended itself makes no request suspect", () => {
    const before: Suspects.Suspicion = { group: "Lost", lossesAlone: 1 }
    assert.deepStrictEqual(Suspects.lost(before, { by: "Replacement", alone: true, sends: 2 }), before)
  })

  it("after an answer that is too large all requests in flight are suspects, and a single one is given up", () => {
    assert.strictEqual(Suspects.lost(Suspects.none, { by: "Oversized", alone: false, sends: 1 })?.group, "Suspect")
    assert.isUndefined(Suspects.lost(Suspects.none, { by: "Oversized", alone: true, sends: 1 }))
  })

  it("requests in flight hold up other groups for 2 s after the last was sent, and a full window until an answer", () => {
    const since = 10_000
    const at = (next: Suspects.Suspicion["group"], group: Suspects.Suspicion["group"], count = 1) =>
      Suspects.sendAt(next, { count, group, since })
    assert.deepStrictEqual(
      [at("New", "New"), at("Lost", "Lost"), at("New", "Suspect", 0), at("Suspect", "New", 0)],
      [-Infinity, -Infinity, -Infinity, -Infinity]
    )
    assert.deepStrictEqual(
      [at("New", "Lost"), at("New", "Suspect"), at("Suspect", "Suspect"), at("Lost", "New")],
      [12_000, 12_000, 12_000, 12_000]
    )
    assert.deepStrictEqual([at("New", "New", 32), at("New", "Lost", 32)], [Infinity, Infinity])
  })
})
