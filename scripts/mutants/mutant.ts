/** A planted bug, as the lists have it. */
import type { Patch } from "./plant.ts"

export interface Mutant extends Patch {
  readonly name: string
  /** The promises, and the faults of the SDK ("SDK A2"). */
  readonly breaks: string
  /** What finds it where the simulation cannot: folders or files of tests. By default the simulation, then the tests of the core. */
  readonly tests?: ReadonlyArray<string>
  /** Where `pnpm ends` must find it, too. With `ends` and without `tests`, nothing else has to. */
  readonly ends?: ReadonlyArray<"node" | "chromium">
  /** The simulation must find it within this many histories, even if tests find it as well. */
  readonly histories?: number
}

export const inFile = (file: string, mutants: ReadonlyArray<Omit<Mutant, "file">>): ReadonlyArray<Mutant> =>
  mutants.map((mutant) => ({ ...mutant, file }))
