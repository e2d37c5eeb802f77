/** The judge of `pnpm ends`: what it reports as a broken promise, and as a run that proves nothing. */
import { assert, describe, it } from "@effect/vitest"
import { type Executions, judge } from "../scripts/ends/judge.ts"
import { Ledger } from "../scripts/ends/ledger.ts"
import type { Notice } from "../scripts/ends/notice.ts"

const accepted = (id: string, of: { readonly idempotent?: boolean; readonly awaited?: boolean } = {}): Notice => ({
  _tag: "Accepted",
  id,
  idempotent: false,
  awaited: false,
  ...of
})

const reported = (id: string | null, outcome: "MaybeSent" | "Expired" | "Unreadable", seq = `${id}`): Notice => ({
  _tag: "Reported",
  id,
  seq,
  outcome
})

/** A run of one client, `a`, that was killed while `sound` was in flight. */
const ledgerOf = (...notices: ReadonlyArray<Notice>): Ledger => {
  const ledger = new Ledger()
  for (const notice of [accepted("sound"), { _tag: "Sent", id: "sound" } as const, ...notices]) ledger.add("a", notice)
  ledger.ended("kill -9", "a")
  return ledger
}

const executionsOf = (counts: { readonly [id: string]: number }, idempotent = false): Executions =>
  new Map(Object.entries({ sound: 1, ...counts }).map(([id, count]) => [id, { idempotent, count }]))

/** The promises that were broken, and to which requests. */
const brokenIn = (ledger: Ledger, counts: { readonly [id: string]: number } = {}, idempotent = false) =>
  judge(ledger, executionsOf(counts, idempotent)).broken.map(({ ids, promise }) => [promise, ...ids])

describe("the judge of pnpm ends", () => {
  it("reports a request that is executed twice, even if it was not reported as accepted", () => {
    assert.deepStrictEqual(brokenIn(ledgerOf(accepted("n")), { n: 2 }), [["executed twice", "n"]])
    assert.deepStrictEqual(brokenIn(ledgerOf(), { n: 2 }), [["executed twice", "n"]])
    assert.deepStrictEqual(brokenIn(ledgerOf(accepted("n", { idempotent: true })), { n: 2 }, true), [])
  })

  it("reports a request that is accepted, but neither executed nor reported", () => {
    assert.deepStrictEqual(brokenIn(ledgerOf(accepted("n"))), [["accepted and lost", "n"]])
    assert.deepStrictEqual(brokenIn(ledgerOf(accepted("n", { idempotent: true }))), [["accepted and lost", "n"]])
    for (const outcome of ["MaybeSent", "Expired"] as const) {
      assert.deepStrictEqual(brokenIn(ledgerOf(reported("n", outcome), accepted("n"))), [])
    }
    assert.deepStrictEqual(brokenIn(ledgerOf(accepted("n"), { _tag: "Withdrawing", id: "n" })), [])
    assert.deepStrictEqual(
      brokenIn(ledgerOf(accepted("n"), { _tag: "Withdrawn", id: "n", inTime: false })),
      [["accepted and lost", "n"]]
    )
  })

  it("requests whose outcome only an ended client received are not counted as lost", () => {
    const ledger = ledgerOf(accepted("n", { awaited: true }))
    assert.deepStrictEqual(brokenIn(ledger), [])
    assert.strictEqual(judge(ledger, executionsOf({})).outcomeLost, 1)
    ledger.add("b", accepted("m", { awaited: true }))
    assert.deepStrictEqual(brokenIn(ledger), [["accepted and lost", "m"]])
  })

  it("closing a tab ends all its clients, also one whose first notice arrives later, and none of another tab", () => {
    const ledger = ledgerOf()
    ledger.add("t1.17", accepted("n", { awaited: true }))
    ledger.closed("t1")
    ledger.add("t1.18", accepted("m", { awaited: true }))
    ledger.add("t11.18", accepted("l", { awaited: true }))
    ledger.add("t1.18", accepted("k"))
    assert.deepStrictEqual(brokenIn(ledger), [["accepted and lost", "l", "k"]])
    assert.deepInclude(judge(ledger, executionsOf({})), { outcomeLost: 2, ends: 1 })
  })

  it("the log of a request has the notices of its clients, their ends, and what the runner did meanwhile", () => {
    let now = 0
    const ledger = new Ledger(() => now)
    ledger.disturbed("connection cut")
    now = 5000
    ledger.add("t1.17", { _tag: "Opened" })
    ledger.add("t1.17", accepted("n", { awaited: true }))
    ledger.add("t1.17", accepted("m"))
    now = 5250
    ledger.disturbed("server restarted")
    ledger.add("t2.18", reported("n", "MaybeSent", "7"))
    ledger.ended("crash", "t1.17")
    ledger.ended("crash", "t3.19")
    now = 9000
    ledger.disturbed("connection cut")
    assert.deepStrictEqual(ledger.logOf("n"), [
      "5.000 s  t1.17: Opened",
      "5.000 s  t1.17: Accepted idempotent=false awaited=true",
      "5.250 s  runner: server restarted",
      "5.250 s  t2.18: Reported seq=7 outcome=MaybeSent",
      "5.250 s  t1.17: ended: crash"
    ])
    assert.deepStrictEqual(ledger.logOf("unknown"), [])
  })

  it("requests in a database that the browser deleted are not lost, but those accepted later can be", () => {
    const ledger = ledgerOf({ _tag: "Created" }, accepted("n"))
    ledger.add("b", accepted("m"))
    ledger.add("c", { _tag: "Created" })
    ledger.add("c", accepted("l"))
    ledger.ended("kill -9", "b", "c")
    assert.deepStrictEqual(brokenIn(ledger), [["accepted and lost", "m", "l"]])
    assert.strictEqual(judge(ledger, executionsOf({})).deleted, 1)
  })

  it("reports an answer without an execution", () => {
    assert.deepStrictEqual(
      brokenIn(ledgerOf(accepted("n", { awaited: true }), { _tag: "Answered", id: "n", error: null })),
      [["answered with a success and not executed", "n"]]
    )
  })

  it("reports a request that is executed although it expired, was withdrawn or was refused", () => {
    const notices: ReadonlyArray<readonly [string, Notice]> = [
      ["expired", reported("n", "Expired")],
      ["was withdrawn in time", { _tag: "Withdrawn", id: "n", inTime: true }],
      ["was refused", { _tag: "Refused", id: "n", reason: "Full" }],
      ["was reported to its caller as not sent", { _tag: "Answered", id: "n", error: "KuzzleNotSentError" }]
    ]
    for (const [outcome, notice] of notices) {
      assert.deepStrictEqual(brokenIn(ledgerOf(notice), { n: 1 }), [[`executed although it ${outcome}`, "n"]])
    }
  })

  it("a request may be executed although its store refused it too late", () => {
    assert.deepStrictEqual(brokenIn(ledgerOf({ _tag: "Refused", id: "n", reason: "Timeout" }), { n: 1 }), [])
  })

  it("reports an unreadable record that was not damaged", () => {
    const ledger = ledgerOf(accepted("n"), reported(null, "Unreadable", "7"))
    assert.deepStrictEqual(brokenIn(ledger), [["accepted and lost", "n"], [
      "unreadable although the runner did not damage it",
      "7"
    ]])
    const torn = new Ledger()
    torn.damaged("7", "n")
    for (const notice of [accepted("sound"), { _tag: "Sent", id: "sound" } as const]) torn.add("a", notice)
    torn.add("a", accepted("n"))
    torn.add("a", reported(null, "Unreadable", "7"))
    torn.ended("kill -9", "a")
    assert.deepStrictEqual(brokenIn(torn), [])
  })

  it("reports a complaint of the runner", () => {
    const ledger = ledgerOf()
    ledger.complain("p1 did not end")
    assert.deepStrictEqual(brokenIn(ledger), [["p1 did not end"]])
  })

  it("reports an empty run, because it proves nothing", () => {
    assert.deepStrictEqual(judge(new Ledger(), new Map()).broken.map(({ promise }) => promise), [
      "the run is empty: no client ended",
      "the run is empty: nothing was accepted",
      "the run is empty: nothing was executed",
      "the run is empty: no end hit a request in flight"
    ])
    const answered = ledgerOf({ _tag: "Returned", id: "sound" })
    assert.deepStrictEqual(brokenIn(answered), [["the run is empty: no end hit a request in flight"]])
  })

  it("every accepted request is counted once", () => {
    const verdict = judge(
      ledgerOf(
        accepted("m"),
        reported("m", "MaybeSent"),
        accepted("o"),
        reported("o", "MaybeSent"),
        accepted("e"),
        reported("e", "Expired"),
        accepted("l")
      ),
      executionsOf({ m: 1 })
    )
    assert.deepInclude(verdict, {
      ends: 1,
      endsInFlight: 1,
      accepted: 5,
      once: 1,
      twice: 0,
      lost: 1,
      maybeExecuted: 1,
      maybeNot: 1,
      unsent: 1,
      outcomeLost: 0
    })
  })
})
