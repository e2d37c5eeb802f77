import * as Core from "@effect-kuzzle/core"
import { KuzzleAction, KuzzleActionError, KuzzleDocument, KuzzleError } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Either } from "effect"
import { answering } from "./support/answering.ts"

const fields = { controller: "c", action: "a", code: 1, message: "m", props: [] }

type AnyClass = new(...args: ReadonlyArray<unknown>) => unknown

const isErrorClass = (value: unknown): value is AnyClass =>
  typeof value === "function" && value.prototype instanceof Error && !special.has(value)

/** Errors whose tag the application chooses. */
const special: ReadonlySet<unknown> = new Set([KuzzleAction.DeclaredError])

describe("KuzzleError", () => {
  it("every error of the package is a KuzzleError", () => {
    const modules: ReadonlyArray<object> = Object.values(Core)
    const classes = modules.flatMap((module) => Object.values(module)).filter(isErrorClass)
    assert.isAbove(classes.length, 80)
    const foreign = classes.filter((Class) => !KuzzleError.isKuzzleError(new Class({})))
    assert.deepStrictEqual(foreign.map(({ name }) => name), [])
  })

  it("the tag of every error is `Kuzzle` and its name, which ends with `Error`", () => {
    const named = Object.values(Core).flatMap((module) => Object.entries<unknown>(module))
    const tags = named.flatMap(([name, value]) =>
      isErrorClass(value) ? [[`Kuzzle${name}`, Object(new value({}))._tag] as const] : []
    )
    assert.isAbove(tags.length, 80)
    assert.deepStrictEqual(tags.filter(([name, tag]) => tag !== name || !/Error$/.test(tag)), [])
  })

  it("a logged error contains the address of its explanation", () => {
    const unreachable = new KuzzleError.ConnectError({ reason: "Unreachable", url: "ws://x" })
    const lost = new KuzzleError.NotSentError({ controller: "c", action: "a", cause: unreachable })
    const refused = new KuzzleError.NotFoundError({ ...fields, id: "services.storage.not_found", status: 404 })
    const printed = [lost, refused].map((error) => Cause.pretty(Cause.fail(error), { renderErrorCause: true }))
    const page = "https://effect-kuzzle.github.io/effect-kuzzle/reference/errors"
    assert.deepStrictEqual(printed, [
      `KuzzleNotSentError: ${lost.message}\n    see ${page}#kuzzlenotsenterror {\n` +
      `  [cause]: KuzzleConnectError: ${unreachable.message}\n      see ${page}#kuzzleconnecterror\n}`,
      `KuzzleNotFoundError: m\n    see ${page}#services.storage.not_found`
    ])
    // The message itself does not contain the address, because applications show messages to their users.
    assert.notInclude(lost.message, page)
    assert.strictEqual(lost.help, `${page}#kuzzlenotsenterror`)
  })

  it("hasStatus matches the general error, every named error, and errors that an application declares", () => {
    const given = { ...fields, id: "services.storage.not_found", status: 404 }
    const errors = [
      KuzzleError.fromStatus(given),
      new KuzzleActionError.DocumentNotFoundError(given),
      new KuzzleActionError.IndexNotFoundError(given),
      new KuzzleAction.DeclaredError("Gone", given)
    ]
    assert.deepStrictEqual(errors.map(KuzzleError.hasStatus(404)), [true, true, true, true])
    assert.deepStrictEqual(errors.map(KuzzleError.hasStatus(403)), [false, false, false, false])
    assert.deepStrictEqual(errors.map(KuzzleError.isApiError), [true, true, true, true])
    assert.isFalse(KuzzleError.hasStatus(404)({ status: 404 }))
    const other = new KuzzleError.ConnectError({ reason: "Rejected", url: "ws://x", status: 404 })
    assert.isFalse(KuzzleError.hasStatus(404)(other))
  })

  it.effect("an error can be caught by its status under any name, and other errors are not caught", () =>
    Effect.gen(function*() {
      const get = KuzzleDocument.get({ index: "nyc", collection: "taxi", _id: "a" })
      const withStatus = (status: number, id: string) =>
        get.pipe(
          Effect.catchIf(KuzzleError.hasStatus(404), ({ _tag }) => Effect.succeed(_tag)),
          Effect.provide(answering(() => {
            const error = { id, status, code: 1, message: "m", props: [] }
            return new Response(JSON.stringify({ requestId: "r", status, error, result: null }), { status })
          })),
          Effect.either
        )
      const caught = yield* withStatus(404, "services.storage.not_found")
      assert.deepStrictEqual(caught, Either.right("KuzzleDocumentNotFoundError"))
      const general = yield* withStatus(404, "api.process.controller_not_found")
      assert.deepStrictEqual(general, Either.right("KuzzleNotFoundError"))
      assert.isTrue(Either.isLeft(yield* withStatus(403, "security.rights.forbidden")))
    }))
})
