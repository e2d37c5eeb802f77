import { assert, describe, it } from "@effect/vitest"
import { Exit, FastCheck as fc, Redacted } from "effect"
import { SecretJson } from "../../src/internal/data/json.ts"
import * as Envelope from "../../src/internal/protocol/envelope.ts"
import * as KuzzleError from "../../src/KuzzleError.ts"
import { frame, json, object, text, wire } from "../support/arbitraries.ts"

const baseRequest = { controller: "document", action: "create" }

const encoded = (request: Envelope.KuzzleRequest): string => {
  const outcome = Envelope.encode(request)
  assert.isString(outcome)
  return String(outcome)
}

const refused = (request: Envelope.KuzzleRequest): KuzzleError.EncodeError => {
  const outcome = Envelope.encode(request)
  assert.instanceOf(outcome, KuzzleError.EncodeError)
  return typeof outcome === "string" ? assert.fail() : outcome
}

const argumentsOf = object.map((given) => {
  const { jwt: _jwt, requestId: _id, volatile: _volatile, ...rest } = given
  return rest
})

const failed = (exit: Exit.Exit<unknown, KuzzleError.ApiError | KuzzleError.ProtocolError>) =>
  Exit.isFailure(exit) && exit.cause._tag === "Fail" ? exit.cause.error : undefined

describe("envelope: encoding", () => {
  it.prop(
    "JSON values are encoded unchanged, with the members that the session adds",
    { given: argumentsOf, body: json, token: fc.option(text, { nil: undefined }), volatile: object },
    ({ body, given, token, volatile }) => {
      const request = { ...given, ...baseRequest, body }
      const frame = Envelope.complete(encoded(request), Envelope.sessionPart(token, JSON.stringify(volatile)), "id-1")
      assert.deepStrictEqual(
        JSON.parse(frame),
        JSON.parse(JSON.stringify({
          ...request,
          ...(token === undefined ? {} : { jwt: token }),
          volatile,
          requestId: "id-1"
        }))
      )
    }
  )

  it.prop(
    "R7, C7: a value that JSON cannot represent is an error with its place",
    {
      path: fc.array(fc.oneof(fc.nat(3), fc.constantFrom("a", "b", "null")), { maxLength: 6 }),
      culprit: fc.constantFrom<ReadonlyArray<unknown>>(
        [NaN, "is NaN"],
        [Infinity, "is Infinity"],
        [-Infinity, "is -Infinity"],
        [1n, "is a bigint"],
        [new Date(NaN), "is an invalid date"]
      )
    },
    ({ culprit: [value, what], path }) => {
      const body = path.reduceRight<unknown>(
        (
          inner,
          key
        ) => (typeof key === "number" ? [...Array.from({ length: key }, () => null), inner] : { [key]: inner }),
        value
      )
      const where = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("")
      const { issue, message } = refused({ ...baseRequest, body })
      assert.include(issue, `body${where} ${String(what)}`)
      assert.include(message, "document:create")
    }
  )

  it("R7: in an array, a value that JSON would change to null is refused", () => {
    assert.include(refused({ ...baseRequest, body: { a: [1, undefined] } }).issue, "body.a[1] is undefined")
    assert.include(refused({ ...baseRequest, body: { a: [() => 1] } }).issue, "body.a[0] is a function")
    assert.include(refused({ ...baseRequest, body: [Symbol("s")] }).issue, "body[0] is a symbol")
  })

  it("an undefined member is left out", () => {
    assert.deepStrictEqual(JSON.parse(`${encoded({ ...baseRequest, index: undefined, body: { a: undefined } })}}`), {
      ...baseRequest,
      body: {}
    })
  })

  it("a null is accepted, and so is the word null in a string", () => {
    assert.include(encoded({ ...baseRequest, body: { a: null, b: "null" } }), "\"a\":null")
  })

  it("R7, C7: the error for a cycle has the place where it closes, and a value in two places is not a cycle", () => {
    const cycle: { list: Array<unknown> } = { list: [] }
    cycle.list.push(cycle)
    assert.include(refused({ ...baseRequest, body: cycle }).issue, "body.list[0] is part of a cycle")
    const shared = { a: 1 }
    assert.isString(Envelope.encode({ ...baseRequest, body: { x: shared, y: [shared], z: null } }))
  })

  it("R7, C7: nesting beyond the stack fails alone", () => {
    let deep: unknown = null
    for (let i = 0; i < 100_000; i++) deep = [deep]
    assert.notStrictEqual(refused({ ...baseRequest, body: deep }).issue, "")
  })

  it("R7, C7: a toJSON that throws or gives nothing fails alone", () => {
    const broken = {
      toJSON: () => {
        throw new Error("no JSON of mine")
      }
    }
    assert.include(refused({ ...baseRequest, body: broken }).issue, "no JSON of mine")
    assert.isDefined(refused({ ...baseRequest, toJSON: () => undefined }))
    assert.isDefined(refused({ ...baseRequest, toJSON: () => "text" }))
  })

  it("a Redacted value is revealed, except to controllers that store or publish their arguments", () => {
    const body = { deep: [{ pin: Redacted.make("s3cr3t") }] }
    for (const controller of ["auth", "security", "payments/cards", "server"]) {
      const outcome = Envelope.encode({ controller, action: "pay", body })
      assert.include(outcome instanceof SecretJson ? outcome.text : "", "\"deep\":[{\"pin\":\"s3cr3t\"}]")
    }
    for (const controller of ["document", "bulk", "realtime", "ms"]) {
      const { message } = refused({ controller, action: "create", body })
      assert.include(message, "body.deep[0].pin is Redacted")
      assert.notInclude(message, "s3cr3t")
    }
  })

  it("8.D9: a request that sets a member of the client is refused", () => {
    for (const key of ["requestId", "jwt", "volatile"]) {
      const secret = "eyJhbGciOi"
      const error = refused({ ...baseRequest, [key]: secret })
      assert.include(error.issue, `"${key}" is set by the client`)
      assert.notInclude(JSON.stringify(error) + error.message, secret)
      assert.isString(Envelope.encode({ ...baseRequest, [key]: undefined }))
    }
  })
})

describe("envelope: size", () => {
  it.prop(
    "R7: a frame above the limit is reported with its true size in UTF-8, lone surrogates escaped as JSON does",
    { text, limit: fc.nat(100) },
    ({ limit, text }) => {
      const json = JSON.stringify(text)
      const size = new TextEncoder().encode(json).length
      assert.strictEqual(Envelope.exceeds(json, limit), size > limit ? size : undefined)
      assert.strictEqual(Envelope.exceeds(json, size), undefined)
      assert.strictEqual(Envelope.exceeds(json, size - 1), size)
    }
  )
})

describe("envelope: outcome", () => {
  it.prop("C7: any object is an answer or a typed error", { value: frame }, ({ value }) => {
    const { error, requestId, room, status } = value
    const exit = Envelope.outcome(baseRequest, value)
    const problem = failed(exit)
    const noError = error === null || error === undefined
    if (noError && typeof status === "number" && status < 400) {
      assert.isTrue(Exit.isSuccess(exit) && exit.value.status === status)
    } else if ((typeof error === "object" && error !== null) || (noError && typeof status === "number")) {
      assert.isTrue(problem !== undefined && KuzzleError.isApiError(problem))
    } else if (status === undefined && requestId === undefined && typeof room === "string") {
      const { room: _, ...result } = value
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepStrictEqual(Exit.isSuccess(exit) && exit.value.result, result)
    } else {
      assert.strictEqual(problem?._tag, "KuzzleProtocolError")
    }
    if (problem !== undefined) {
      assert.strictEqual(problem.controller, "document")
      assert.strictEqual(problem.action, "create")
      assert.isString(problem.message)
      assert.notStrictEqual(problem.message, "")
    }
  })

  it.prop("an error has everything that the server sent, even if parts are missing or malformed", {
    error: object,
    result: json
  }, ({
    error,
    result
  }) => {
    const problem = failed(Envelope.outcome(baseRequest, { error, result, status: 404, requestId: "1" }))
    assert.isTrue(problem !== undefined && KuzzleError.isApiError(problem))
    if (problem === undefined || !KuzzleError.isApiError(problem)) return
    assert.strictEqual(problem.status, typeof error.status === "number" ? error.status : 404)
    assert.strictEqual(problem.id, typeof error.id === "string" ? error.id : "")
    if (result === null) assert.isUndefined(problem.result)
    else assert.deepStrictEqual(problem.result, result)
  })

  it.each<readonly [number, string]>([
    [206, "KuzzlePartialError"],
    [400, "KuzzleBadRequestError"],
    [401, "KuzzleUnauthorizedError"],
    [403, "KuzzleForbiddenError"],
    [404, "KuzzleNotFoundError"],
    [412, "KuzzlePreconditionError"],
    [413, "KuzzleSizeLimitError"],
    [429, "KuzzleTooManyRequestsError"],
    [500, "KuzzleInternalError"],
    [502, "KuzzleServiceUnavailableError"],
    [503, "KuzzleServiceUnavailableError"],
    [504, "KuzzleGatewayTimeoutError"],
    [418, "KuzzleOtherStatusError"]
  ])("8.E9: an error of status %d is a %s", (status, tag) => {
    const error = { id: "a.b.c", code: 7, message: "m", props: ["p"], status, stack: "s", errors: [1] }
    const problem = failed(Envelope.outcome(baseRequest, { error, status, result: { successes: [] } }))
    assert.strictEqual(problem?._tag, tag)
    assert.strictEqual(problem?.message, "m")
    assert.deepInclude({ ...problem }, {
      id: "a.b.c",
      code: 7,
      status,
      props: ["p"],
      serverStack: "s",
      errors: [1],
      result: { successes: [] }
    })
  })

  it("8.B7, 8.E2: a dead token is recognized by either id, and other refusals do not count as one", () => {
    const dead = (status: number, id: string) =>
      KuzzleError.isTokenDead(failed(Envelope.outcome(baseRequest, { status, error: { status, id } })))
    assert.isTrue(dead(401, "security.token.invalid"))
    assert.isTrue(dead(401, "security.token.expired"))
    assert.isFalse(dead(401, "security.rights.unauthorized"))
    assert.isFalse(dead(500, "security.token.invalid"))
  })

  it("internal members of the client do not appear in answers and errors", () => {
    const call = { ...baseRequest, deadline: 1, encoded: "secret", settle: () => {}, options: {} }
    const raw = Envelope.outcome(call, { room: "1", mine: true })
    assert.deepStrictEqual(
      raw,
      Exit.succeed({ ...baseRequest, status: 200, result: { mine: true }, requestId: "1", volatile: null })
    )
    const problem = failed(Envelope.outcome(call, { requestId: "1" }))
    assert.notProperty(problem, "settle")
    assert.notProperty(problem, "encoded")
  })
})

describe("envelope: frames", () => {
  it.prop("C7, 8.A5: decoding is total: an object, or the reason why not", { text: wire }, ({ text }) => {
    const decoded = Envelope.decode(text)
    if (Envelope.isUnreadable(decoded)) {
      const parsed = parse(text)
      assert.strictEqual(decoded.unreadable, parsed.ok ? "NotAnObject" : "NotJson")
      assert.isFalse(parsed.ok && isRecord(parsed.value))
    } else {
      assert.isTrue(isRecord(decoded))
      assert.deepStrictEqual(decoded, JSON.parse(text))
    }
  })

  it.prop("a decoded frame equals the parsed JSON", { value: object }, ({ value }) => {
    assert.deepStrictEqual(Envelope.decode(JSON.stringify(value)), JSON.parse(JSON.stringify(value)))
  })

  it.prop("a frame that is not an object is unreadable, never an exception", { value: json }, ({ value }) => {
    assert.strictEqual(Envelope.isUnreadable(Envelope.decode(JSON.stringify(value))), !isRecord(value))
  })

  it.prop("no frame is confused with the marker of an unreadable frame", { reason: text }, ({ reason }) => {
    for (const unreadable of [reason, "NotJson", "NotAnObject"]) {
      assert.isFalse(Envelope.isUnreadable(Envelope.decode(JSON.stringify({ unreadable }))))
    }
  })

  it("C7: no key of a frame reaches a prototype", () => {
    const decoded = Envelope.decode("{\"__proto__\":{\"room\":\"stolen\"},\"constructor\":1}")
    assert.isFalse(Envelope.isUnreadable(decoded))
    assert.isTrue(!Envelope.isUnreadable(decoded) && decoded.room === undefined)
    assert.notProperty({}, "room")
  })

  it.each([64, 1_000, 100_000])("C7: nesting of %d levels does not throw", (depth) => {
    for (const [open, close] of [["[", "]"], ["{\"a\":", "}"]] as const) {
      const core = open === "[" ? "" : "1"
      assert.doesNotThrow(() => Envelope.decode(open.repeat(depth) + core + close.repeat(depth)))
      assert.deepStrictEqual(Envelope.decode(open.repeat(depth)), { unreadable: "NotJson" })
    }
  })

  it("pings and pongs have the exact text of spec 1.6", () => {
    assert.deepStrictEqual([JSON.parse(Envelope.ping), JSON.parse(Envelope.pong)], [{ p: 1 }, { p: 2 }])
  })
})

const isRecord = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value)

const parse = (text: string): { readonly ok: true; readonly value: unknown } | { readonly ok: false } => {
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch {
    return { ok: false }
  }
}
