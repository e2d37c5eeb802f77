/** Compares a run of the tests on Effect 4 with the list of those that are known to fail there. */
import type { Exception } from "./exceptions.ts"

/** What this module reads of a report of vitest (`--reporter=json`). */
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
  /** Skipped by the test file itself, on both lines. */
  readonly skipped: number
  /** Failed, and the list has the reason. */
  readonly excepted: number
  /** Failed without a reason in the list. */
  readonly failed: ReadonlyArray<string>
  /** In the list, and they pass: the entry has to go. */
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

const shown = ({ file, title }: { readonly file: string; readonly title: string }): string =>
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
      .map((outcome) => `${shown(outcome)}\n    ${firstLine(outcome.message)}`),
    stale: exceptions
      .filter((exception) => ran.has(exception.file) && !failing.some((outcome) => covers(exception, outcome)))
      .map(shown)
  }
}
