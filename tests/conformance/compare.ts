/**
 * Two playings of one scenario, side by side.
 */
import { differences, refusals } from "../conformance.differences.ts"
import type { Step } from "./recorder.ts"

export interface Comparison {
  /** Answers and notifications compared. */
  readonly compared: number
  /** Requests that the embedded server refuses, as is listed. */
  readonly refused: number
  /** The faults: differences that are not listed, and listed differences that do not exist. */
  readonly faults: ReadonlyArray<string>
}

const framesOf = (step: Step | undefined): ReadonlyArray<string> =>
  Object.entries(step?.received ?? {}).flatMap(([party, frames]) => frames.map((frame) => `${party}: ${frame}`))

/** The number of answers and notifications of a step. The answer to an HTTP call counts as one. */
export const countOf = ({ received }: Step): number =>
  Object.entries(received).reduce((sum, [party, frames]) => sum + (party === "http" ? 1 : frames.length), 0)

/** What only one of both has; the whole when just the order differs. */
const show = (real: Step, embedded: Step | undefined): string => {
  const [theirs, ours] = [framesOf(real), framesOf(embedded)]
  const lines = [
    ...theirs.filter((frame) => !ours.includes(frame)).map((frame) => `  real      ${frame}`),
    ...ours.filter((frame) => !theirs.includes(frame)).map((frame) => `  embedded  ${frame}`)
  ]
  return lines.length > 0 ? lines.join("\n") : `${theirs.join("\n")}\n  in another order than\n${ours.join("\n")}`
}

/** What an answer says that is not implemented. */
const refusedBy = (step: Step | undefined): string | undefined => {
  const [frame] = Object.values(step?.received ?? {}).flat()
  const error = frame === undefined ? undefined : JSON.parse(frame).error
  return error?.id === "testing.engine.not_implemented" ? String(error.props[0]) : undefined
}

export const compare = (title: string, real: ReadonlyArray<Step>, embedded: ReadonlyArray<Step>): Comparison => {
  const listed = differences[title] ?? {}
  const listedRefusals = refusals[title] ?? {}
  const faults: Array<string> = []
  const compared: Array<Step> = []
  for (const [i, step] of real.entries()) {
    const ours = embedded[i]
    const refusal = listedRefusals[step.label]
    if (refusal !== undefined) {
      if (refusedBy(ours) !== refusal) faults.push(`${step.label}: listed as refused, but\n${show(step, ours)}`)
      continue
    }
    compared.push(step)
    const differs = JSON.stringify(step) !== JSON.stringify(ours)
    if (differs && listed[step.label] === undefined) faults.push(`${step.label}\n${show(step, ours)}`)
    if (!differs && listed[step.label] !== undefined) {
      faults.push(`${step.label}: listed as different, but it is the same`)
    }
  }
  if (embedded.length !== real.length) faults.push(`${real.length} steps against ${embedded.length}`)
  for (const label of [...Object.keys(listed), ...Object.keys(listedRefusals)]) {
    if (!real.some((step) => step.label === label)) {
      faults.push(`${label}: listed, but there is no such step`)
    }
  }
  return {
    compared: compared.reduce((sum, step) => sum + countOf(step), 0),
    refused: Object.keys(listedRefusals).length,
    faults
  }
}
