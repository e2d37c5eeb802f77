import { assert, describe, it } from "@effect/vitest"
import { Exit, FastCheck as fc } from "effect"
import * as Http from "../../src/internal/protocol/http.ts"
import * as KuzzleError from "../../src/KuzzleError.ts"
import { frame, json, object, wire } from "../support/arbitraries.ts"

const request = { controller: "document", action: "get", index: "i" }

const answer = (status: number, body: string, headers: Readonly<Record<string, string>> = {}) =>
  Http.answer(request, { status, headers, body }, 0)

const failed = (exit: Exit.Exit<unknown, KuzzleError.ApiError | KuzzleError.ProtocolError>) =>
  Exit.isFailure(exit) && exit.cause._tag === "Fail" ? exit.cause.error : undefined

const status = fc.oneof(fc.constantFrom(200, 204, 301, 400, 413, 502), fc.integer({ min: 100, max: 599 }))

describe("http", () => {
  it.prop(
    "C7, 8.D13: any body with any status is an answer or a typed error",
    { status, body: wire },
    ({ body, status }) => {
      const exit = answer(status, body)
      const problem = failed(exit)
      assert.isTrue(Exit.isSuccess(exit) || problem !== undefined)
      if (problem?._tag === "KuzzleProtocolError") assert.isBelow(problem.message.length, 400)
    }
  )

  it.prop(
    "C7: any object with any status is an answer or a typed error",
    { status, value: frame },
    ({ status, value }) => {
      const exit = answer(status, JSON.stringify(value))
      assert.isTrue(Exit.isSuccess(exit) || failed(exit) !== undefined)
    }
  )

  it("the status of an envelope takes precedence over the HTTP status", () => {
    const envelope = { requestId: "1", status: 200, error: null, result: { _id: "a" } }
    const exit = answer(200, JSON.stringify(envelope))
    assert.isTrue(Exit.isSuccess(exit))
    assert.deepStrictEqual(Exit.isSuccess(exit) && exit.value.result, { _id: "a" })
    const missing = {
      requestId: "1",
      status: 404,
      error: { id: "services.storage.not_found", status: 404 },
      result: null
    }
    assert.isTrue(
      KuzzleError.hasId("services.storage.not_found")(
        failed(answer(404, JSON.stringify(missing)))
      )
    )
  })

  it("8.D13, 8.E10: an error without an envelope is an error", () => {
    const bare = { id: "network.http.request_too_large", code: 1, message: "too large", props: [], status: 413 }
    const problem = failed(answer(413, JSON.stringify(bare)))
    assert.strictEqual(problem?._tag, "KuzzleSizeLimitError")
    assert.isTrue(KuzzleError.hasId("network.http.request_too_large")(problem))
    assert.isDefined(failed(answer(200, JSON.stringify(bare))))
  })

  it("8.D13: the error for a page of a proxy names the page and the side to check", () => {
    const page = "<html><head><title>502 Bad Gateway</title></head><body>".padEnd(5000, "x")
    const bad = failed(answer(502, page))
    assert.strictEqual(bad?._tag, "KuzzleProtocolError")
    assert.strictEqual(bad?.status, 502)
    assert.include(bad?.message, "HTTP status 502")
    assert.include(bad?.message, "behind the proxy")
    assert.include(failed(answer(200, page))?.message, "the address of a Kuzzle server")
    assert.include(failed(answer(204, ""))?.message, "got nothing")
  })

  it("A5: a redirect is never an answer, whatever its body; its target is shown without secrets", () => {
    const envelope = JSON.stringify({ requestId: "1", status: 200, error: null, result: {} })
    const location = "https://ada:s3@cr@t@other.test/login?token=s3cr3t#s3cr3t"
    for (const status of [301, 302, 303, 307, 308]) {
      const redirect = failed(answer(status, envelope, { location }))
      assert.deepInclude({ ...redirect }, { _tag: "KuzzleProtocolError", status, location: "https://other.test/login" })
    }
    for (const location of ["/login?next=s3cr3t", "/login#s3cr3t"]) {
      assert.deepInclude({ ...failed(answer(302, "", { location })) }, { location: "/login" })
    }
    assert.notProperty(failed(answer(302, envelope)), "location")
    // A browser hides the status and the target of a redirect.
    const hidden = failed(answer(0, ""))
    assert.notProperty(hidden, "status")
    assert.include(hidden?.message, "it is a redirect. The client does not follow it")
    assert.isFalse(Http.isDownload(0, "application/octet-stream"))
  })

  it.prop("the answer of a raw action is its result", { value: object }, ({ value }) => {
    const { id: _id, requestId: _requestId, ...raw } = value
    const exit = answer(200, JSON.stringify(raw))
    assert.isTrue(Exit.isSuccess(exit))
    assert.deepStrictEqual(Exit.isSuccess(exit) && exit.value.result, JSON.parse(JSON.stringify(raw)))
    assert.strictEqual(failed(answer(404, JSON.stringify(raw)))?._tag, "KuzzleProtocolError")
  })

  it.prop("8.E11: spec 2.4: an argument that is false is left out, the body stays as it is", {
    given: fc.dictionary(fc.string().filter((key) => key !== "body"), fc.oneof(fc.boolean(), json)),
    body: fc.option(fc.oneof(object, fc.constant(false)), { nil: undefined })
  }, ({ body, given }) => {
    const givenRequest = { ...given, controller: "c", action: "a", ...(body === undefined ? {} : { body }) }
    const sent = Http.withoutFalse(givenRequest)
    assert.deepStrictEqual(sent.body, body)
    for (const [key, value] of Object.entries(givenRequest)) {
      if (value !== false || key === "body") assert.deepStrictEqual(sent[key], value)
      else assert.isFalse(Object.hasOwn(sent, key))
    }
    assert.strictEqual(
      Object.keys(sent).length,
      Object.entries(givenRequest).filter(([key, value]) => value !== false || key === "body").length
    )
  })
})
