/** Compares the results of the tests on Effect 4 with the list of tests that fail there (`exceptions.ts`). */
import type { Exception } from "./exceptions.ts"

/** The part of a vitest report (`--reporter=json`) that this module reads. */
export interface Report {
  readonly testResults: ReadonlyArray<{
    /** The path of the file. */
    readonly name: string
    readonly status: string
    /** Why the file did not load. */
    readonly message?: string
    readonly assertionResults: ReadonlyArray<{
      readonly fullName: string
      readonly status: string
      readonly failureMessages?: ReadonlyArray<string> | null
    }>
  }>
}

export interface Verdict {
  readonly passed: number
  /** Tests that the test file itself skips, on both versions of Effect. */
  readonly skipped: number
  /** Tests that fail and are listed. */
  readonly excepted: number
  /** Tests that fail and are not listed. */
  readonly failed: ReadonlyArray<string>
  /** Tests that pass although they are listed. Their entries must be removed. */
  readonly stale: ReadonlyArray<string>
}

interface Outcome {
  readonly file: string
  readonly title: string
  readonly status: string
  readonly message: string
}

/** A file that does not load is one failure without a title. */
const outcomesOf = (report: Report, root: string): ReadonlyArray<Outcome> =>
  report.testResults.flatMap(({ assertionResults, message = "", name, status }) => {
    const file = name.startsWith(root) ? name.slice(root.length).replace(/^\//, "") : name
    return assertionResults.length === 0 && status === "failed"
      ? [{ file, title: "", status, message }]
      : assertionResults.map(({ failureMessages, fullName, status }) => ({
        file,
        title: fullName,
        status,
        message: failureMessages?.[0] ?? ""
      }))
  })

const covers = (exception: Exception, { file, title }: Outcome): boolean =>
  exception.file === file && title.includes(exception.title)

const nameOf = ({ file, title }: { readonly file: string; readonly title: string }): string =>
  title === "" ? `${file} does not load` : `${file} > ${title}`

const firstLine = (message: string): string => message.split("\n", 1)[0] ?? ""

export const judge = (report: Report, exceptions: ReadonlyArray<Exception>, root: string): Verdict => {
  const outcomes = outcomesOf(report, root)
  const failing = outcomes.filter(({ status }) => status === "failed")
  const isExcepted = (outcome: Outcome) => exceptions.some((exception) => covers(exception, outcome))
  const ran = new Set(outcomes.map(({ file }) => file))
  return {
    passed: outcomes.filter(({ status }) => status === "passed").length,
    skipped: outcomes.filter(({ status }) => status !== "passed" && status !== "failed").length,
    excepted: failing.filter(isExcepted).length,
    failed: failing.filter((outcome) => !isExcepted(outcome))
      .map((outcome) => `${nameOf(outcome)}\n    ${firstLine(outcome.message)}`),
    stale: exceptions
      .filter((exception) => ran.has(exception.file) && !failing.some((outcome) => covers(exception, outcome)))
      .map(nameOf)
  }
}
