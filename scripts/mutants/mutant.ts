/** An entry of the list of planted bugs. */
import type { Patch } from "./plant.ts"

export interface Mutant extends Patch {
  readonly name: string
  /** The promises that the bug breaks, and the faults of the official SDK that it repeats (`SDK A2`). */
  readonly breaks: string
  /** Files or folders of tests that find the bug. Without them, the simulation must find it, or else the tests of core. */
  readonly tests?: ReadonlyArray<string>
  /** Where `pnpm ends` must find the bug, too. With `ends` and without `tests`, no test has to find it. */
  readonly ends?: ReadonlyArray<"node" | "chromium">
  /** The simulation must find the bug within this many histories, even if tests find it as well. */
  readonly histories?: number
}

export const inFile = (file: string, mutants: ReadonlyArray<Omit<Mutant, "file">>): ReadonlyArray<Mutant> =>
  mutants.map((mutant) => ({ ...mutant, file }))
