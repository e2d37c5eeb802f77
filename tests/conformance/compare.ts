/**
 * Compares the steps of one scenario that were played on two servers.
 */
import { differences, refusals } from "../conformance.differences.ts"
import type { Step } from "./recorder.ts"

export interface Comparison {
  /** The number of compared answers and notifications. */
  readonly compared: number
  /** The number of requests that are listed as refused. */
  readonly refused: number
  /** Differences that are not listed, and listed differences that do not exist. */
  readonly faults: ReadonlyArray<string>
}

const framesOf = (step: Step | undefined): ReadonlyArray<string> =>
  Object.entries(step?.received ?? {}).flatMap(([party, frames]) => frames.map((frame) => `${party}: ${frame}`))

/** The number of answers and notifications of a step. The answer to an HTTP call counts as one. */
export const countOf = ({ received }: Step): number =>
  Object.entries(received).reduce((sum, [party, frames]) => sum + (party === "http" ? 1 : frames.length), 0)

/** The frames that only one of both steps has. If only the order differs, all frames. */
const describeDifference = (real: Step, embedded: Step | undefined): string => {
  const [theirs, ours] = [framesOf(real), framesOf(embedded)]
  const lines = [
    ...theirs.filter((frame) => !ours.includes(frame)).map((frame) => `  real      ${frame}`),
    ...ours.filter((frame) => !theirs.includes(frame)).map((frame) => `  embedded  ${frame}`)
  ]
  return lines.length > 0
    ? lines.join("\n")
    : `  the order differs: real\n${theirs.join("\n")}\n  embedded\n${ours.join("\n")}`
}

/** The feature that an answer names as not implemented. */
const refusedFeature = (step: Step | undefined): string | undefined => {
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
      if (refusedFeature(ours) !== refusal) {
        faults.push(`${step.label}: listed as refused, but it is not\n${describeDifference(step, ours)}`)
      }
      continue
    }
    compared.push(step)
    const differs = JSON.stringify(step) !== JSON.stringify(ours)
    if (differs && listed[step.label] === undefined) {
      faults.push(`${step.label}\n${describeDifference(step, ours)}`)
    }
    if (!differs && listed[step.label] !== undefined) {
      faults.push(`${step.label}: listed as different, but the answers are equal`)
    }
  }
  if (embedded.length !== real.length) {
    faults.push(`the real server played ${real.length} steps, and the embedded one ${embedded.length}`)
  }
  for (const label of [...Object.keys(listed), ...Object.keys(listedRefusals)]) {
    if (!real.some((step) => step.label === label)) {
      faults.push(`${label}: listed, but the scenario has no such step`)
    }
  }
  return {
    compared: compared.reduce((sum, step) => sum + countOf(step), 0),
    refused: Object.keys(listedRefusals).length,
    faults
  }
}
