import { FastCheck as fc } from "effect"
import { assert, describe, it, vi } from "vitest"
import * as Many from "../../src/internal/protocol/many.ts"

/** A document, and its outcome on the server. There are few contents, so many are equal; equal ones have the same outcome. */
const request = fc.uniqueArray(
  fc.record({
    _id: fc.option(fc.integer({ min: 0, max: 30 }).map((n) => `id${n}`), { nil: undefined }),
    n: fc.integer({ min: 0, max: 3 })
  }),
  { maxLength: 20, comparator: (a, b) => a._id !== undefined && a._id === b._id }
)

const meta = { author: "-1" }

/** The answer of the server: failures in any order, successes in the order of the request, contents with metadata. */
const answerTo = (
  items: ReadonlyArray<{ readonly _id: string | undefined; readonly n: number }>,
  fails: Set<number>
) => {
  const all = items.map(({ _id, n }, i) => ({ _id, n, made: _id ?? `made${i}` }))
  return {
    successes: all.filter(({ n }) => !fails.has(n)).map(({ made, n }) => ({ _id: made, n })),
    errors: all.filter(({ n }) => fails.has(n)).map(({ _id, n }) => ({
      document: { ...(_id === undefined ? {} : { _id }), _source: { _kuzzle_info: meta, n } },
      reason: `no ${n}`,
      status: 400
    }))
  }
}

const sent = (items: ReadonlyArray<{ readonly _id: string | undefined; readonly n: number }>) =>
  items.map(({ _id, n }) => ({ _id, content: { n } }))

describe("requests on many", () => {
  it("the failures of equal contents are matched in linear time", () => {
    const items = Array.from({ length: 1000 }, () => ({ content: { n: 1 } }))
    const errors = items.map(({ content }) => ({ document: { body: content }, reason: "no", status: 400 }))
    const shift = vi.spyOn(Array.prototype, "shift")
    try {
      const outcomes = Many.outcomes(items, { successes: [], errors })
      assert.isTrue(outcomes.every(({ _tag }) => _tag === "Failed"))
      assert.lengthOf(shift.mock.calls, 0)
    } finally {
      shift.mockRestore()
    }
  })

  it("8.D11: each document has its own outcome, whatever the order of the failures", () => {
    fc.assert(fc.property(
      request,
      fc.uniqueArray(fc.integer({ min: 0, max: 3 })),
      fc.func(fc.integer()),
      (items, fails, order) => {
        const { errors, successes } = answerTo(items, new Set(fails))
        const shuffled = [...errors].sort((a, b) => order(a) - order(b))
        const outcomes = Many.outcomes(sent(items), { errors: shuffled, successes })
        assert.lengthOf(outcomes, items.length)
        for (const [i, { _id, n }] of items.entries()) {
          const outcome = outcomes[i]!
          if (fails.includes(n)) {
            if (outcome._tag !== "Failed") return assert.fail(outcome._tag)
            assert.strictEqual(outcome.error.reason, `no ${n}`)
            assert.strictEqual(outcome.error.document._id, _id)
          } else {
            if (outcome._tag !== "Done") return assert.fail(outcome._tag)
            assert.deepStrictEqual(outcome.value, { _id: _id ?? `made${i}`, n })
          }
        }
      }
    ))
  })

  it("8.D11: no document gets the outcome of another: an answer that is incomplete, or that a plugin has changed, leaves it unknown", () => {
    fc.assert(fc.property(
      request,
      fc.uniqueArray(fc.integer({ min: 0, max: 3 })),
      fc.nat(),
      fc.boolean(),
      (items, fails, cut, changed) => {
        const { errors, successes } = answerTo(items, new Set(fails))
        const answer = {
          errors: errors.map((error) =>
            changed ? { ...error, document: { ...error.document, _source: { other: true } } } : error
          ),
          successes: successes.filter((_, i) => i !== cut % (successes.length + 1))
        }
        for (const [i, outcome] of Many.outcomes(sent(items), answer).entries()) {
          const { _id, n } = items[i]!
          if (outcome._tag === "Done") assert.deepStrictEqual(outcome.value, { _id: _id ?? `made${i}`, n })
          if (outcome._tag === "Failed") assert.strictEqual(outcome.error.reason, `no ${n}`)
        }
      }
    ))
  })

  it("the second document with an id waits for the first, and the others keep their order", () => {
    fc.assert(fc.property(fc.array(fc.option(fc.constantFrom("a", "b", "", "c"), { nil: undefined })), (ids) => {
      const items = ids.map((id, i) => ({ id, i }))
      const rounds = Many.rounds(items, ({ id }) => id)
      assert.sameDeepMembers(rounds.flat(), items)
      for (const round of rounds) {
        const given = round.flatMap(({ id }) => id === undefined || id === "" ? [] : [id])
        assert.lengthOf(new Set(given), given.length)
        assert.deepStrictEqual(round.map(({ i }) => i), round.map(({ i }) => i).sort((a, b) => a - b))
      }
      for (const id of ["a", "b", "c"]) {
        assert.deepStrictEqual(
          rounds.flat().filter((item) => item.id === id),
          items.filter((item) => item.id === id)
        )
      }
    }))
  })

  it("the messages of Elasticsearch are turned into the errors of Kuzzle", () => {
    const target = { controller: "document", action: "update", index: "i", collection: "c" }
    const fields = (reason: string, status = 400) => Many.fieldsOf(target, { _id: "a", reason, status })
    assert.deepStrictEqual(fields("document not found", 404), {
      controller: "document",
      action: "update",
      id: "services.storage.not_found",
      code: 16842763,
      status: 404,
      message: "Document \"a\" not found in \"i\":\"c\".",
      props: ["a", "i", "c"]
    })
    assert.strictEqual(
      fields("mapping set to strict, dynamic introduction of [x] within [_doc] is not allowed").id,
      "services.storage.strict_mapping_rejection"
    )
    assert.strictEqual(fields("document already exists").id, "services.storage.document_already_exists")
    assert.strictEqual(fields("failed to parse field").id, "services.storage.unexpected_bad_request")
    assert.strictEqual(fields("version conflict", 409).id, "services.storage.too_many_changes")
    assert.strictEqual(fields("rejected execution", 429).id, "services.storage.unexpected_error")
  })
})
