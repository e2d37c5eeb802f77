/** Plants all bugs without running any test. This takes seconds, and detects each entry that does not match the code. */
import { transform } from "esbuild"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { root } from "../simulation/bundle.ts"
import type { Mutant } from "./mutant.ts"
import { plant, type Planted } from "./plant.ts"
import { Source } from "./source.ts"

export interface Check {
  readonly planted: ReadonlyMap<Mutant, Planted>
  /** One line for each invalid entry, with its name. */
  readonly problems: ReadonlyArray<string>
}

/** The source files. Each is read once. */
class Sources {
  private readonly all = new Map<string, Source>()

  read(file: string): Source {
    const known = this.all.get(file)
    if (known !== undefined) return known
    const source = new Source(Fs.readFileSync(Path.join(root, file), "utf8"))
    this.all.set(file, source)
    return source
  }
}

const plantOne = async (sources: Sources, mutant: Mutant): Promise<Planted> => {
  // Vitest fails when it finds no test, which would look as if the bug had been found.
  const missing = mutant.tests?.find((test) => !Fs.existsSync(Path.join(root, test)))
  if (missing !== undefined) throw new Error(`there is no ${missing}`)
  const planted = plant(sources.read(mutant.file), mutant)
  await transform(planted.text, { loader: "ts", logLevel: "silent" })
  return planted
}

export const check = async (mutants: ReadonlyArray<Mutant>): Promise<Check> => {
  const sources = new Sources()
  const planted = new Map<Mutant, Planted>()
  const problems: Array<string> = []
  const results = await Promise.allSettled(mutants.map((mutant) => plantOne(sources, mutant)))
  const names = new Set<string>()
  for (const [place, mutant] of mutants.entries()) {
    const { name } = mutant
    if (names.has(name)) problems.push(`${name}: another bug has this name`)
    names.add(name)
    const result = results[place]
    if (result?.status === "fulfilled") planted.set(mutant, result.value)
    else problems.push(`${name}: ${result?.reason instanceof Error ? result.reason.message : String(result?.reason)}`)
  }
  return { planted, problems }
}
