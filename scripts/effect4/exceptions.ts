/**
 * The tests that fail on Effect 4, each with its reason. `pnpm effect4` fails when a test fails that is not listed, and when
 * one passes that is listed.
 */
export interface Exception {
  /** From the root of the workspace. */
  readonly file: string
  /** A part of the test's full title; empty for a whole file, which does not load. */
  readonly title: string
  readonly reason: string
}

const of = (file: string, reasons: Readonly<Record<string, string>>): ReadonlyArray<Exception> =>
  Object.entries(reasons).map(([title, reason]) => ({ file, title, reason }))

const schemas = "it builds a Schema that has no equal on 4, or expects the text of an issue of 3"
const storedNames = "a class cannot rename a field on 4: `encodeKeys` makes another Schema of it"
const interrupted =
  "an interruption comes first: a ManagedRuntime of 4 interrupts what it runs before it closes its layers"
const errors = "errors of files are PlatformError on 4, and those of a KeyValueStore KeyValueStoreError"
const sleeps = "TestClock.sleeps is gone: a test clock of 4 does not tell who sleeps"

export const exceptions: ReadonlyArray<Exception> = [
  ...of("packages/core/test/Kuzzle.http.test.ts", {
    "8.A18: the query of the address goes along": "the reason of a failed request is TransportError, not Transport"
  }),
  ...of("packages/core/test/KuzzleBatch.test.ts", { "any number of calls waits on two timers": sleeps }),
  ...of("packages/core/test/KuzzleMappings.test.ts", {
    "a set": "Schema.Set is another Schema on 4",
    "a class, by the names of what is stored": storedNames,
    "says all that cannot be mapped, and where": "a Date is named Date, not DateFromSelf"
  }),
  ...of("packages/core/test/KuzzleRepository.live.test.ts", {
    "a Schema with services, and a filter that is wrong": "the codemod has no rule for Schema.transformOrFail"
  }),
  ...of("packages/core/test/KuzzleRepository.update.test.ts", {
    "renamed, as Option, none: refused": storedNames,
    "renamed, as Option, nullable, none: a change": storedNames,
    "renamed as a whole, undefined: refused": "it is refused, and the issue names the stored field",
    "nested and renamed, in part: a change": storedNames,
    "nested, nullable, none: a change": storedNames,
    "nested in an Option, undefined: refused": schemas
  }),
  ...of("packages/core/test/KuzzleTokenStore.test.ts", {
    "in a folder, from one client to the next": "NodeKeyValueStore is gone: NodeKuzzleStore has tests of its own"
  }),
  ...of("packages/core/test/events.test.ts", {
    "maps the 18 events of the official SDK": "it looks for the titles of tests as they are written for Effect 3"
  }),
  ...of("packages/core/test/data/json.test.ts", {
    "": "it lists values of modules that are gone, such as List and SortedMap"
  }),
  ...of("packages/core/test/runtime/dial.test.ts", {
    "C5, R3: the end of the schedule":
      "a listener that is forked first hears of a request that waits: it begins at once"
  }),
  ...of("packages/core/test/runtime/heartbeat.test.ts", {
    "L1: requests, heartbeat and session share one timer": sleeps
  }),
  ...of("packages/core/test/runtime/traced.test.ts", {
    "a request is a span, by the names of OpenTelemetry": "a tracer of 4 gets the attributes after the span has begun",
    "nor a span whose ids do not have the form of W3C":
      "the test's own tracer passes six arguments on, and 4 gives one object"
  }),
  ...of("examples/board/test/board.test.ts", {
    "logs in by a cookie, follows the taxis": "its own server of pages is written for the HttpServer of 3"
  }),
  ...of("packages/node/test/NodeKuzzleStore.test.ts", {
    "a write that fails leaves the old value": errors,
    "it is a store like any other": errors,
    "a folder that cannot be made is a typed fault": errors
  }),
  ...of("packages/node/test/leaks.test.ts", { "": "it runs programs that are texts: the codemod does not see them" }),
  ...of("packages/testing/test/command.test.ts", {
    "ends in order with SIGTERM": "a program of 4 that a signal ends has the exit code 130, where 3 gives 0"
  }),
  ...of("tests/contracts.test.ts", { "": "it does not load: the codemod has no rule for Effect.serviceOptional" }),
  ...of("tests/externalStore.memory.test.ts", {
    "an external store follows documents and the connection": interrupted
  }),
  ...of("tests/promise.test.ts", {
    "rejections are the tagged errors themselves":
      "Runtime.isFiberFailure is gone: a rejection of 4 is the error itself"
  }),
  ...of("tests/repository.test.ts", {
    "embedded Kuzzle over": storedNames,
    "embedded Kuzzle in real time": storedNames,
    "embedded Kuzzle mappings": "the text of an issue of 3 is expected"
  })
]
