/**
 * The tests that fail on Effect 4, each with its reason. `pnpm effect4` fails when an unlisted test fails, and when a listed
 * test passes.
 */
export interface Exception {
  /** The path from the root of the workspace. */
  readonly file: string
  /** A part of the test's full title. It is empty for a file that does not load. */
  readonly title: string
  readonly reason: string
}

const of = (file: string, reasons: Readonly<Record<string, string>>): ReadonlyArray<Exception> =>
  Object.entries(reasons).map(([title, reason]) => ({ file, title, reason }))

const interrupted = "a ManagedRuntime of Effect 4 interrupts its fibers before it closes its layers"
const errors = "the errors of files are PlatformError on Effect 4, and those of a KeyValueStore are KeyValueStoreError"
const shapes = "the test checks answers by the AST of a Schema of Effect 3"
const signalled = "a program of Effect 4 that a signal ends has the exit code 130, and one of Effect 3 has 0"
const values = "docs/values.md describes the types of Effect 3, and quotes the messages for them"
const sleeps = "Effect 4 has no TestClock.sleeps, so a test cannot list the fibers that sleep"

export const exceptions: ReadonlyArray<Exception> = [
  ...of("packages/core/test/Kuzzle.http.test.ts", {
    "8.A18: the query of the address is sent with each request":
      "the reason of a failed request is TransportError on Effect 4, and Transport on Effect 3"
  }),
  ...of("packages/core/test/KuzzleBatch.test.ts", { "all calls together use two timers": sleeps }),
  ...of("packages/core/test/KuzzleMappings.test.ts", {
    "a set": "Schema.HashSet of Effect 4 encodes to the set itself, not to a list of its elements"
  }),
  ...of("packages/core/test/data/json.test.ts", {
    "an empty class of data":
      "on Effect 4, an instance of an empty class looks like any object with hidden members, so it is refused",
    "with its place `Either`": values,
    "with its place `List`": values,
    "with its place `Effect`, `Exit`": "an Effect of Effect 4 is refused with another message",
    "any other type of Effect": "Effect 4 has no SortedMap, and the map that replaces it has another message"
  }),
  ...of("packages/core/test/runtime/heartbeat.test.ts", {
    "L1: requests, heartbeat and session share one timer": sleeps
  }),
  ...of("packages/core/test/runtime/traced.test.ts", {
    "a request is a span, by the names of OpenTelemetry":
      "a tracer of Effect 4 gets the attributes after the span has started"
  }),
  ...of("packages/node/test/NodeKuzzleStore.test.ts", {
    "a write that fails leaves the old value": errors,
    "behaves like any KeyValueStore": errors,
    "a folder that cannot be created is a typed error": errors
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
