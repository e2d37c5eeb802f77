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

const interrupted =
  "an interruption comes first: a ManagedRuntime of 4 interrupts what it runs before it closes its layers"
const errors = "errors of files are PlatformError on 4, and those of a KeyValueStore KeyValueStoreError"
const shapes = "the test judges answers by the AST of a Schema of Effect 3"
const signalled = "a program of 4 that a signal ends has the exit code 130, where 3 gives 0"
const values = "the page of values is about the types of Effect 3, and quotes the messages for them"
const sleeps = "TestClock.sleeps is gone: a test clock of 4 does not tell who sleeps"

export const exceptions: ReadonlyArray<Exception> = [
  ...of("packages/core/test/Kuzzle.http.test.ts", {
    "8.A18: the query of the address is sent with each request":
      "the reason of a failed request is TransportError, not Transport"
  }),
  ...of("packages/core/test/KuzzleBatch.test.ts", { "all calls together use two timers": sleeps }),
  ...of("packages/core/test/KuzzleMappings.test.ts", {
    "a set": "Schema.HashSet of 4 is the set itself, not a list of its elements"
  }),
  ...of("packages/core/test/data/json.test.ts", {
    "an empty class of data":
      "an instance of an empty class of 4 looks like any object with hidden members: it is refused",
    "with its place `Either`": values,
    "with its place `List`": values,
    "with its place `Effect`, `Exit`": "an Effect of 4 is refused by another message",
    "any other type of Effect": "SortedMap is gone, and the map that takes its place has a message of its own"
  }),
  ...of("packages/core/test/runtime/heartbeat.test.ts", {
    "L1: requests, heartbeat and session share one timer": sleeps
  }),
  ...of("packages/core/test/runtime/traced.test.ts", {
    "a request is a span, by the names of OpenTelemetry": "a tracer of 4 gets the attributes after the span has begun"
  }),
  ...of("packages/node/test/NodeKuzzleStore.test.ts", {
    "a write that fails leaves the old value": errors,
    "it is a store like any other": errors,
    "a folder that cannot be made is a typed fault": errors
  }),
  ...of("packages/testing/test/command.test.ts", {
    "ends cleanly with SIGTERM": signalled
  }),
  ...of("tests/externalStore.memory.test.ts", {
    "an external store follows documents and the connection": interrupted
  }),
  ...of("tests/schemas.guide.test.ts", {
    "its commands write the file that it shows": "the program of the guide is written for Effect 3"
  }),
  ...of("tests/shapes.test.ts", {
    "C7: a malformed result auth:getCurrentUser": shapes,
    "C7: a malformed result auth:getStrategies": shapes,
    "C7: a malformed result auth:credentialsExist": shapes,
    "C7: a malformed result auth:validateMyCredentials": shapes,
    "C7: a malformed result security:mDeleteProfiles": shapes,
    "C7: a malformed result security:mDeleteUsers": shapes,
    "C7: a malformed result security:getCredentialFields": shapes,
    "C7: a malformed result security:validateCredentials": shapes,
    "C7: a malformed result security:hasCredentials": shapes,
    "C7: a malformed result debug:nodeVersion": shapes,
    "C7: a malformed result ms:getbit": shapes
  }),
  ...of("tests/signals.test.ts", {
    "SIGTERM ends a program of runMain with 0": signalled,
    "SIGINT ends a program of runMain with 0": signalled,
    "SIGINT ends the development server with 0": signalled
  })
]
