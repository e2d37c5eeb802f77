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

const values = "docs/values.md describes the types of Effect 3, and quotes the messages for them"

export const exceptions: ReadonlyArray<Exception> = [
  ...of("packages/core/test/data/json.test.ts", {
    "with its place `Either`": values,
    "with its place `List`": values,
    "with its place `Effect`, `Exit`": "an Effect of Effect 4 is refused with another message",
    "any other type of Effect": "Effect 4 has no SortedMap, and the map that replaces it has another message"
  }),
  ...of("packages/core/test/runtime/traced.test.ts", {
    "a request is a span, by the names of OpenTelemetry":
      "a tracer of Effect 4 gets the attributes after the span has started"
  }),
  ...of("tests/schemas.guide.test.ts", {
    "its commands write the file that it shows": "the program of the guide is written for Effect 3"
  }),
  ...of("tests/signals.test.ts", {
    "the code of an interrupted program is 0": "it is 130 on Effect 4"
  })
]
