/**
 * Compiles the answers of servers against the declared types. Every member that no type declares, and every value of another
 * type, is a fault, at any depth. `typia` and `ts-json-schema-generator` cannot check this: the types of the actions are
 * inferred, and contain `Option` and `Redacted`.
 */
import * as Core from "@effect-kuzzle/core"
import { Effect, Option, Redacted } from "effect"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as Shape from "../../packages/core/src/internal/data/shape.ts"
import { functionsOf, nameOf } from "../../scripts/generate-actions.ts"

/** The result of an action, as a server answered. */
export interface Answer {
  /** `controller:action` */
  readonly name: string
  readonly result: unknown
}

/** A client that records the answers to its requests. */
export const recording = (
  kuzzle: Core.Kuzzle.KuzzleShape,
  record: (answer: Answer) => void
): Core.Kuzzle.KuzzleShape => {
  const recorded = <Options>(
    send: (request: Core.Kuzzle.KuzzleRequest, options?: Options) => ReturnType<Core.Kuzzle.KuzzleShape["query"]>
  ): typeof send =>
  (request, options) =>
    Effect.tap(send(request, options), ({ result }) => Effect.sync(() => record({ name: nameOf(request), result })))
  const { authentication, query } = kuzzle
  return {
    ...kuzzle,
    query: recorded(query),
    authentication: {
      ...authentication,
      login: recorded(authentication.login),
      refresh: recorded(authentication.refresh)
    }
  }
}

const functions = functionsOf({ ...Core })

/** The faults of these answers, each with the action, its function, the path and the message of TypeScript. */
export const faults = async (answers: ReadonlyArray<Answer>): Promise<ReadonlyArray<string>> => {
  const refused: Array<string> = []
  /** The statements to compile, with their labels. Equal answers are compiled once. */
  const statements = new Map<string, string>()
  for (const { name: action, result } of answers) {
    const read = functions.filter(({ declaration }) => nameOf(declaration) === action)
      .map(({ declaration, name }) => ({ name, value: declaration.result(result) }))
    // Some actions have several functions, for example `sort` and `sortStore`. The answer must fit at least one.
    const accepted = read.filter(({ value }) => !(value instanceof Shape.Issue))
    if (read.length > 0 && accepted.length === 0) {
      refused.push(`${action}: no function accepts ${JSON.stringify(result)}`)
    }
    for (const { name, value } of accepted) {
      statements.set(`export const answer: Result<typeof Core.${name}> = ${literal(value)}`, `${action} (${name})`)
    }
  }
  return [...refused, ...await compiled(statements)]
}

/** The value as an expression, which TypeScript compares member by member. */
export const literal = (value: unknown): string => {
  if (Redacted.isRedacted(value)) return `Redacted.make(${literal(Redacted.value(value))})`
  if (Option.isOption(value)) return Option.isNone(value) ? "Option.none()" : `Option.some(${literal(value.value)})`
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`
  if (typeof value !== "object" || value === null) return typeof value === "number" ? String(value) : quoted(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new Error(`contract/declared.ts cannot write a ${value.constructor.name}: extend \`literal\``)
  }
  return `{ ${Object.entries(value).map(([name, member]) => `${quoted(name)}: ${literal(member)}`).join(", ")} }`
}

const quoted = (value: unknown): string => JSON.stringify(value) ?? "undefined"

/**
 * Compiles in another process, because the test runner gives up a worker that is busy for too long.
 */
export const compiled = (statements: ReadonlyMap<string, string>): Promise<ReadonlyArray<string>> =>
  new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      ["--import", "tsx", fileURLToPath(new URL("./compile.ts", import.meta.url))],
      { maxBuffer: 64 * 1024 ** 2 },
      (error, stdout, stderr) => {
        if (error !== null) reject(new Error(`the answers were not compiled: ${stderr}`, { cause: error }))
        else resolve(JSON.parse(stdout))
      }
    )
    child.stdin?.end(JSON.stringify([...statements]))
  })
