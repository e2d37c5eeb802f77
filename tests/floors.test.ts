/** The lint rule `house/floors`, with small packages that violate it. */
import { assert, describe, it } from "@effect/vitest"
import { Linter } from "eslint"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { parser } from "typescript-eslint"
import { afterEach } from "vitest"
import { floors } from "../scripts/eslint/floors.mjs"

const folders: Array<string> = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** The messages about the first of these modules. */
const lint = (name: string, modules: Readonly<Record<string, string>>): ReadonlyArray<string> => {
  const cwd = mkdtempSync(join(tmpdir(), "floors-"))
  folders.push(cwd)
  const fileOf = (module: string) => join(cwd, "packages", name, "src", `${module}.ts`)
  for (const [module, text] of Object.entries(modules)) {
    mkdirSync(dirname(fileOf(module)), { recursive: true })
    writeFileSync(fileOf(module), text)
  }
  const linter = new Linter({ cwd })
  const config: Linter.Config = {
    files: ["**/*.ts"],
    languageOptions: { parser },
    plugins: { house: { rules: { floors } } },
    rules: { "house/floors": "error" }
  }
  const [first = ["", ""]] = Object.entries(modules)
  return linter.verify(first[1], config, { filename: fileOf(first[0]) }).map(({ message }) => message)
}

describe("the floors of core", () => {
  it("the protocol must not import the runtime, not even a type", () => {
    const modules = { "internal/runtime/driver": `export type Driver = 1` }
    for (
      const text of [
        `import { drive } from "../runtime/driver.ts"`,
        `import type { Driver } from "../runtime/driver.ts"`,
        `export * from "../runtime/driver.ts"`,
        `export type { Driver } from "../runtime/driver.ts"`,
        `const driver = import("../runtime/driver.ts")`,
        `type Driver = import("../runtime/driver.ts").Driver`
      ]
    ) {
      assert.deepStrictEqual(lint("core", { "internal/protocol/client": text, ...modules }), [
        "internal/protocol/client is on floor 1: it must not import internal/runtime/driver, which is on floor 2"
      ], text)
    }
  })

  it("a module imports from its own floor and below", () => {
    assert.deepStrictEqual(
      lint("core", {
        "internal/runtime/driver": `
          import * as Effect from "effect/Effect"
          import "./session.ts"
          import "../protocol/client.ts"
          import "../services/timer.ts"
          import "../data/json.ts"`
      }),
      []
    )
  })

  it("pure modules must not import an effect, nor a service", () => {
    for (const folder of ["data", "protocol"]) {
      const from = `internal/${folder}/a`
      assert.deepStrictEqual(lint("core", { [from]: `import * as Effect from "effect/Effect"` }), [
        `${from} is pure: it must not import effect/Effect`
      ])
      assert.deepStrictEqual(lint("core", { [from]: `import { now } from "../services/timer.ts"` }), [
        `${from} is pure: it must not import internal/services/timer`
      ])
      assert.deepStrictEqual(lint("core", { [from]: `import type { Timer } from "../services/timer.ts"` }), [])
      assert.deepStrictEqual(lint("core", { [from]: `import * as Option from "effect/Option"` }), [])
    }
  })

  it("a public module is as high as the highest floor that it imports, directly or not", () => {
    const messages = lint("core", {
      "internal/runtime/driver": `import { Kuzzle } from "../../Kuzzle.ts"`,
      "Kuzzle": `import { Realtime } from "./KuzzleRealtime.ts"`,
      "KuzzleRealtime": `import { Action } from "./internal/client/action.ts"
        import type { Kuzzle } from "./Kuzzle.ts"`
    })
    assert.deepStrictEqual(messages, [
      "internal/runtime/driver is on floor 2: it must not import Kuzzle, which is on floor 3"
    ])
  })

  it("a public module is pure if everything that it imports is pure", () => {
    const rest = {
      "KuzzleError": `import type { Id } from "./KuzzleErrorId.ts"
        import * as Shape from "./internal/data/shape.ts"
        import type { Socket } from "./KuzzleSocket.ts"`,
      "KuzzleSchedule": `import { settings } from "./KuzzleConfig.ts"`,
      "KuzzleConfig": `import { known } from "./internal/services/immediate.ts"`,
      "KuzzleSocket": `import * as Effect from "effect/Effect"`
    }
    const from = "internal/protocol/client"
    const importing = (to: string) => lint("core", { [from]: `import { a } from "../../${to}.ts"`, ...rest })
    assert.deepStrictEqual(importing("KuzzleError"), [])
    assert.deepStrictEqual(importing("KuzzleSocket"), [
      `${from} is pure: it must not import KuzzleSocket, which imports effect/Effect`
    ])
    assert.deepStrictEqual(importing("KuzzleSchedule"), [
      `${from} is pure: it must not import KuzzleSchedule, which imports KuzzleConfig, ` +
      `which imports internal/services/immediate`
    ])
  })

  it("public modules may import each other and any floor", () => {
    assert.deepStrictEqual(
      lint("core", {
        "KuzzleLog": `import { Kuzzle } from "./Kuzzle.ts"
          import { pump } from "./internal/api/outboxPump.ts"`,
        "Kuzzle": `import { log } from "./KuzzleLog.ts"`
      }),
      []
    )
  })

  it("a file without a floor is reported", () => {
    for (const module of ["internal/loose", "internal/elsewhere/module"]) {
      assert.deepStrictEqual(lint("core", { [module]: `` }), [
        `${module} is on no floor: move it into a folder of internal/ (data, services, protocol, runtime, client, api)`
      ])
    }
  })
})

describe("the floors of the other packages", () => {
  it("no package imports another by a path", () => {
    assert.deepStrictEqual(lint("node", { "NodeKuzzle": `import { a } from "../../core/src/Kuzzle.ts"` }), [
      "NodeKuzzle must not import ../../core/src/Kuzzle.ts, which is outside its package: import the other package by its name"
    ])
  })

  it("internal modules of Node and of browsers must not import the public modules", () => {
    for (const [name, module] of [["node", "NodeKuzzle"], ["browser", "BrowserKuzzle"]] as const) {
      assert.deepStrictEqual(lint(name, { "internal/proxy": `import { layer } from "../${module}.ts"` }), [
        `internal/proxy is on floor 0: it must not import ${module}, which is on floor 1`
      ])
      assert.deepStrictEqual(lint(name, { "internal/proxy": `import { fault } from "./fault.ts"` }), [])
    }
  })

  it("the engine must not import the public modules, the commands may", () => {
    const text = `import { make } from "../../KuzzleEngine.ts"`
    assert.deepStrictEqual(lint("testing", { "internal/engine/engine": text }), [
      "internal/engine/engine is on floor 0: it must not import KuzzleEngine, which is on floor 1"
    ])
    assert.deepStrictEqual(lint("testing", { "internal/command/serve": text }), [])
  })
})
