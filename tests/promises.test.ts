/** Every promise, and every fault of the official SDK, has a test and an entry in the documentation. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import {
  faults,
  generate,
  named,
  namedIn,
  promises,
  simulated,
  target,
  testsOf,
  untestable
} from "../scripts/promises.ts"

const numbers = (all: ReadonlyArray<{ readonly number: string }>) => all.map(({ number }) => number)

/** Whether a test of `pnpm test` asserts this promise itself. */
const proves = (number: string): boolean =>
  testsOf(number).some(({ asserts, file }) => asserts && !/\.(real|browser)\.test\.ts$/.test(file))

describe("promises", () => {
  it("the lists are complete", () => {
    assert.lengthOf(promises, 41)
    assert.lengthOf(faults, 90)
    assert.strictEqual(new Set([...numbers(promises), ...numbers(faults)]).size, 131)
  })

  it("every promise has a test", () => {
    assert.deepStrictEqual(numbers(promises).filter((number) => !proves(number)), [])
  })

  it("every fault has a test, except those that cannot have one", () => {
    assert.deepStrictEqual(numbers(faults).filter((number) => !proves(number)), Object.keys(untestable))
  })

  it("no title, and no check of the simulation, names an unknown number", () => {
    const known = new Set([...numbers(promises), ...numbers(faults)])
    assert.deepStrictEqual(
      named.flatMap(({ numbers, title }) => numbers.filter((number) => !known.has(number)).map(() => title)),
      []
    )
    assert.deepStrictEqual([...simulated].filter((number) => !known.has(number)), [])
    assert.isAbove(simulated.size, 20)
  })

  it("docs/promises.md is what the generator writes", () => {
    assert.strictEqual(readFileSync(target, "utf8"), generate(), "docs/promises.md is stale: pnpm promises")
  })

  it("titles are found in every position, and nothing else counts as a title", () => {
    const text = `
      describe("R1: a group", () => {})
      it.scoped("R2, 8.A10: one", () => assert.isTrue(true))
      it.effect.prop("R3: two " + "parts", {}, () => holds)
      it.each([1])(\`R4: filled \${in_}\`, (n) => { expect(n).toBe(1) })
      test("of v2 and utf-8: nothing", Effect.gen(function*() {}))
      assert.isTrue(true, "R5: what failed")
    `
    assert.deepStrictEqual(
      namedIn("a.ts", text).map(({ asserts, numbers, title }) => [title, numbers.join(), asserts]),
      [
        ["R2, 8.A10: one", "R2,8.A10", true],
        ["R3: two parts", "R3", false],
        ["R4: filled …", "R4", true]
      ]
    )
  })
})
