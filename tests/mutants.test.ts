/** Each entry of `pnpm mutants` names existing code. Only `pnpm mutants` runs the tests that find the bugs. */
import { assert, describe, it } from "vitest"
import { check } from "../scripts/mutants/check.ts"
import { mutants } from "../scripts/mutants/list.ts"
import { parsePart, partOf } from "../scripts/mutants/part.ts"
import { plant } from "../scripts/mutants/plant.ts"
import { Source } from "../scripts/mutants/source.ts"

const text = `
export const limit = 3

/** Counts. */
export class Counter {
  private readonly seen = new Map<string, number>()

  constructor(readonly name: string) {
    this.seen.set(name, 0)
  }

  add(key: string): boolean {
    const count = this.seen.get(key) ?? 0
    if (key === "" || count >= limit || this.isShut()) return false
    this.seen.set(key, count + 1) // one more
    return true
  }

  isShut(): boolean {
    return this.seen.size > limit
  }
}

export const make = (names: ReadonlyArray<string>) => {
  const drop = (key: string) => {
    if (key === "") return false
    return true
  }
  return { all: () => names.map((name) => new Counter(name)), drop }
}

export const remake = () => {
  const first = { run: () => 1 }
  const second = () => {
    const run = () => 2
    return run
  }
  return [first, second]
}
`

const source = new Source(text)

const at = (path: string, find: string, replace = "") =>
  plant(source, { file: "counter.ts", in: path, find, replace }).text

const fails = (path: string, find: string, ...messages: ReadonlyArray<string>) => {
  let message = ""
  try {
    at(path, find)
  } catch (cause) {
    message = String(cause)
  }
  for (const part of messages) assert.include(message, part)
}

describe("the entry of a planted bug", () => {
  it("names code by its tokens, independent of formatting and comments", () => {
    const bug = text.replace("count + 1", "count + 2")
    assert.strictEqual(at("Counter.add", "count + 1", "count + 2"), bug)
    assert.strictEqual(at("Counter.add", "  count  // how often\n   +\n1", "count + 2"), bug)
    assert.strictEqual(at("Counter.add", "count/* now */+1", "count + 2"), bug)
  })

  it("may name neighbours under one parent: statements, or an operator with its operand", () => {
    assert.strictEqual(
      at("Counter.add", "this.seen.set(key, count + 1) return true", "return true"),
      text.replace("this.seen.set(key, count + 1) // one more\n    ", "")
    )
    assert.strictEqual(at("Counter.add", "|| count >= limit"), text.replace(" || count >= limit", " "))
    const condition = `if (key === "" || count >= limit || this.isShut()) `
    assert.strictEqual(at("Counter.add", condition), text.replace(condition, " "))
  })

  it("names functions, members and variables by their path", () => {
    assert.include(at("limit", "3", "4"), "limit = 4")
    assert.include(at("limit", "const limit = 3", "let limit = 3"), "export let limit = 3")
    assert.include(at("Counter.constructor", "0", "1"), "this.seen.set(name, 1)")
    assert.include(at("Counter.seen", "new Map<string, number>()", "undefined"), "seen = undefined")
    assert.include(at("make.drop", "return true", "return false"), "return false\n  }\n  return { all")
    assert.include(at("make.all", "new Counter(name)", "name"), "(name) => name")
    assert.include(at("remake.first.run", "1", "3"), "() => 3")
    assert.include(at("remake.second.run", "2", "3"), "() => 3")
  })

  it("fails with similar code if its code is missing", () => {
    fails("Counter.add", "count > limit", "counter.ts, `Counter.add` (line 12)", "Nearest: line 14 `count >= limit`")
    fails("Counter.add", "coun", "has no `coun`")
    fails("Counter.isShut", `if (key === "") return false`, "It is in `make.drop` (line 26)")
  })

  it("fails with a similar name if its function is missing", () => {
    fails("Counter.isShutNow", "limit", "counter.ts has no `Counter.isShutNow`. Nearest: `Counter.isShut` (line 19)")
    fails("add", "limit", "counter.ts has no `add`. Nearest: `Counter.add` (line 12)")
  })

  it("fails with both places if its code occurs twice or its path has two declarations", () => {
    fails("Counter", "this.seen", "has `this.seen` 4 times (lines 9, 13, 15, 20)")
    const twice = new Source("const a = () => 1\n{ const a = () => 2 }")
    assert.throws(
      () => plant(twice, { file: "a.ts", in: "a", find: "1", replace: "3" }),
      "a.ts has 2 of `a` (lines 1, 2): name what is around them"
    )
  })

  it("fails with the node if its code is a part of a node or has an unbalanced bracket", () => {
    fails("Counter.add", "if (key", "is a piece of a node", "`if ( key === \"\"")
    fails(
      "Counter.add",
      "limit || this.isShut()",
      "The node around it: `key === \"\" || count >= limit || this . isShut ( )`"
    )
    fails(
      "Counter.isShut",
      "{ return this.seen.size > limit",
      "The node around it: `{ return this . seen . size > limit }`"
    )
  })

  it("fails if its test is missing, its code does not compile or its name occurs twice", async () => {
    const { planted, problems } = await check([
      {
        name: "a",
        breaks: "",
        file: "scripts/packages.ts",
        in: "packages",
        find: `"../packages"`,
        replace: `"c"`,
        tests: ["none.test.ts"]
      },
      { name: "b", breaks: "", file: "scripts/packages.ts", in: "packages", find: `"../packages"`, replace: `"c" "d"` },
      { name: "c", breaks: "", file: "scripts/packages.ts", in: "packages", find: `"../packages"`, replace: `"c"` },
      { name: "c", breaks: "", file: "scripts/packages.ts", in: "packages", find: `"../packages"`, replace: `"d"` }
    ])
    assert.strictEqual(planted.size, 2)
    const [missing, compiled, twice, ...others] = problems
    assert.strictEqual(missing, "a: there is no none.test.ts")
    assert.match(String(compiled), /^b: .*Expected "\)" but found/s)
    assert.strictEqual(twice, "c: another bug has this name")
    assert.deepStrictEqual(others, [])
  })
})

describe("the parts of the list", () => {
  it("contain each bug once, and differ in size by one at most", () => {
    const bugs = [0, 1, 2, 3, 4, 5, 6]
    const parts = ["1/3", "2/3", "3/3"].map((text) => {
      const part = parsePart(text)
      assert.isDefined(part)
      return partOf(part, bugs)
    })
    assert.deepStrictEqual(parts, [[0, 3, 6], [1, 4], [2, 5]])
  })

  it("a part that does not exist is refused", () => {
    for (const text of ["", "1", "0/3", "4/3", "1/0", "-1/3", "1/2/3", "a/b"]) assert.isUndefined(parsePart(text), text)
  })
})

describe("the planted bugs", () => {
  it("every entry names code that occurs once, and compiles", { timeout: 60_000 }, async () => {
    const { planted, problems } = await check(mutants)
    assert.deepStrictEqual(problems, [])
    assert.strictEqual(planted.size, mutants.length)
  })
})
