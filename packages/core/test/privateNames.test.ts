import { assert, describe, it } from "@effect/vitest"
import ts from "typescript"
import { shorten } from "../../../scripts/privateNames.ts"

/** The output of the build for a module, without the standard library. */
const built = (source: string): string => {
  const options: ts.CompilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, noLib: true }
  const host = ts.createCompilerHost(options)
  const file = ts.createSourceFile("module.ts", source, ts.ScriptTarget.ES2022, true)
  const program = ts.createProgram(["module.ts"], options, {
    ...host,
    getSourceFile: (name) => name === "module.ts" ? file : undefined
  })
  let code = ""
  program.emit(
    file,
    (_, text) => {
      code = text
    },
    undefined,
    undefined,
    { before: [shorten(program)] }
  )
  return code
}

const run = (source: string): unknown => new Function(`${built(source).replaceAll("export ", "")}; return result`)()

describe("build: names of private members", () => {
  it("are short, and a derived class continues with the next names", () => {
    const code = built(`
      export class Base { private counter = 1; private step(): number { return this.counter } }
      export class Derived extends Base { private counted = 2; open = 3; get sum(): number { return this.counted } }
    `)
    assert.notMatch(code, /counter|step|counted/)
    assert.match(code, /\$a = 1;\s+\$b\(\) \{ return this\.\$a; \}/)
    assert.match(code, /\$c = 2;\s+open = 3;\s+get sum\(\) \{ return this\.\$c; \}/)
  })

  it("every kind of access to a member still works", () => {
    const result = run(`
      class Account {
        private static opened = 10
        private total = 0
        readonly card: { readonly owner: string }
        constructor(private readonly owner: string, private readonly limit = 5) { this.card = { owner } }
        private get rest(): number { return this.limit - this.total }
        private add(amount: number): void { this.total += amount }
        pay(other: Account, amount: number) {
          const { owner, limit: most = 0, total } = other
          this.add(amount)
          return { owner, most, total, rest: this.rest, opened: Account.opened, card: this.card.owner }
        }
      }
      const result = new Account("ada").pay(new Account("bob", 7), 2)
    `)
    assert.deepStrictEqual(result, { owner: "bob", most: 7, total: 0, rest: 3, opened: 10, card: "ada" })
  })

  it("members with the same name that are not private keep their name", () => {
    assert.deepStrictEqual(
      run(`
        class Private { private name = 1; read() { return { name: this.name } } }
        class Public { name = 2 }
        const { name } = new Public()
        const result = [new Private().read().name, name]
      `),
      [1, 2]
    )
  })

  it("an access that TypeScript does not check is refused", () => {
    assert.throws(
      () => built(`export class Hidden { private name = 1; read() { return this["name"] } }`),
      `module.ts:1: ["name"] keeps its long name: write .name`
    )
  })
})
