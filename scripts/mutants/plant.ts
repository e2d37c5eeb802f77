/** Plants a bug: replaces the code that a patch names by its function and its text. */
import type { Declaration, Run, Source } from "./source.ts"

/** A change to one file of the sources. */
export interface Patch {
  /** Path from the root of the repository. */
  readonly file: string
  /** The function, class, member or variable that holds the code, by its path: `Requests.handleAnswer`. */
  readonly in: string
  /**
   * A node of the syntax tree, or neighbours under one parent, such as two statements or the ` || b` of `a || b`. It must
   * occur once in `in`. Tokens are compared: white space and comments do not matter.
   */
  readonly find: string
  /** The code that replaces it. */
  readonly replace: string
}

/** A source file with a planted bug. */
export interface Planted {
  /** Path from the root of the repository. */
  readonly file: string
  readonly text: string
}

/** The most candidates that a message shows. */
const maxCandidates = 3

const pairsOf = (text: string): Map<string, number> => {
  const dense = text.replaceAll(/\s/g, "")
  const pairs = new Map<string, number>()
  for (let at = 0; at < dense.length - 1; at++) {
    const pair = dense.slice(at, at + 2)
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
  }
  return pairs
}

const sizeOf = (pairs: ReadonlyMap<string, number>): number =>
  Array.from(pairs.values()).reduce((sum, count) => sum + count, 0)

/** The similarity of two texts, from 0 to 1: Dice's coefficient of their pairs of characters. */
const similarity = (a: ReadonlyMap<string, number>, text: string): number => {
  const b = pairsOf(text)
  let common = 0
  for (const [pair, count] of a) common += Math.min(count, b.get(pair) ?? 0)
  return 2 * common / Math.max(1, sizeOf(a) + sizeOf(b))
}

const nearest = <A>(wanted: string, candidates: ReadonlyArray<A>, textOf: (candidate: A) => string): Array<A> => {
  const pairs = pairsOf(wanted)
  return candidates
    .map((candidate) => ({ candidate, score: similarity(pairs, textOf(candidate)) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, maxCandidates)
    .map(({ candidate }) => candidate)
}

const quote = (code: string): string => {
  const line = code.replaceAll(/\s+/g, " ").trim()
  return `\`${line.length > 120 ? `${line.slice(0, 120)}…` : line}\``
}

const linesOf = (source: Source, runs: ReadonlyArray<Run>): string => runs.map((run) => source.lineOf(run)).join(", ")

const holderOf = (source: Source, { file, in: path }: Patch): Declaration => {
  const [holder, ...others] = source.declarations.filter((declaration) => declaration.path === path)
  if (holder === undefined) {
    const candidates = nearest(path, source.declarations, (declaration) => declaration.path)
      .map((declaration) => `${quote(declaration.path)} (line ${source.lineOf(declaration.run)})`)
    throw new Error(`${file} has no ${quote(path)}. Nearest: ${candidates.join(", ")}`)
  }
  if (others.length > 0) {
    const lines = linesOf(source, [holder, ...others].map(({ run }) => run))
    throw new Error(`${file} has ${others.length + 1} of ${quote(path)} (lines ${lines}): name what is around them`)
  }
  return holder
}

/** The other places that contain the code, or else the code that is most similar to it. */
const hints = (source: Source, { find }: Patch, within: Run): string => {
  const elsewhere = source.search(find, source.all())
  if (elsewhere.length > 0) {
    const places = elsewhere.map((run) => {
      const holder = source.declarations.findLast((one) => one.run.start <= run.start && run.end <= one.run.end)
      return `${quote(holder?.path ?? "the top of the file")} (line ${source.lineOf(run)})`
    })
    return `It is in ${places.join(", ")}`
  }
  const nodes = source.nodes.filter(({ end, start }) => within.start <= start && end <= within.end && start < end)
  const candidates = new Set(
    nearest(find, nodes, (run) => source.compact(run))
      .map((run) => `line ${source.lineOf(run)} ${quote(source.compact(run))}`)
  )
  return `Nearest: ${Array.from(candidates).join(", ")}`
}

/** The code that a patch names. Fails unless there is exactly one such place. */
export const locate = (source: Source, patch: Patch): Run => {
  const { run: within } = holderOf(source, patch)
  const where = `${patch.file}, ${quote(patch.in)} (line ${source.lineOf(within)})`
  const [run, ...others] = source.search(patch.find, within)
  if (run === undefined) throw new Error(`${where} has no ${quote(patch.find)}. ${hints(source, patch, within)}`)
  if (others.length > 0) {
    const lines = linesOf(source, [run, ...others])
    throw new Error(
      `${where} has ${quote(patch.find)} ${others.length + 1} times (lines ${lines}): name more of the code`
    )
  }
  const whole = source.whole(run)
  if (whole.start !== run.start || whole.end !== run.end) {
    throw new Error(
      `${where}: ${quote(patch.find)} is a piece of a node. The node around it: ${quote(source.compact(whole))}`
    )
  }
  return run
}

export const plant = (source: Source, patch: Patch): Planted => ({
  file: patch.file,
  text: source.replace(locate(source, patch), patch.replace)
})
