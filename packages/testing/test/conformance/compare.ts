/**
 * Two playings of one scenario, side by side.
 */
import { differences } from "../conformance.differences.ts"
import type { Step } from "./recorder.ts"

export interface Comparison {
  /** Answers and notifications compared. */
  readonly compared: number
  /** What is wrong: differences that are not listed, and listed ones that are none. */
  readonly faults: ReadonlyArray<string>
}

const framesOf = (step: Step | undefined): ReadonlyArray<string> =>
  Object.entries(step?.received ?? {}).flatMap(([party, frames]) => frames.map((frame) => `${party}: ${frame}`))

/** What only one of both has; the whole when just the order differs. */
const show = (real: Step, embedded: Step | undefined): string => {
  const [theirs, ours] = [framesOf(real), framesOf(embedded)]
  const lines = [
    ...theirs.filter((frame) => !ours.includes(frame)).map((frame) => `  real      ${frame}`),
    ...ours.filter((frame) => !theirs.includes(frame)).map((frame) => `  embedded  ${frame}`)
  ]
  return lines.length > 0 ? lines.join("\n") : `${theirs.join("\n")}\n  in another order than\n${ours.join("\n")}`
}

export const compare = (title: string, real: ReadonlyArray<Step>, embedded: ReadonlyArray<Step>): Comparison => {
  const listed = differences[title] ?? {}
  const faults: Array<string> = []
  for (const [i, step] of real.entries()) {
    const ours = embedded[i]
    const differs = JSON.stringify(step) !== JSON.stringify(ours)
    if (differs && listed[step.label] === undefined) faults.push(`${step.label}\n${show(step, ours)}`)
    if (!differs && listed[step.label] !== undefined) {
      faults.push(`${step.label}: listed as different, but it is the same`)
    }
  }
  if (embedded.length !== real.length) faults.push(`${real.length} steps against ${embedded.length}`)
  for (const label of Object.keys(listed)) {
    if (!real.some((step) => step.label === label)) {
      faults.push(`${label}: listed as different, but there is no such step`)
    }
  }
  return { compared: real.reduce((sum, step) => sum + framesOf(step).length, 0), faults }
}
