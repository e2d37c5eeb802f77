/**
 * A folder that keeps what a server knows. What was written survives the end of the process, `kill -9` included; against
 * the loss of power it does nothing.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import * as Path from "node:path"
import type { Store } from "../../KuzzleEngine.ts"
import { isObject } from "../engine/json.ts"
import { attempt, FileError } from "./fileError.ts"

const format = 1

const newline = 0x0a

/** The lines of a file. A last one without an end was not written to its end: it is left out. */
function* linesOf(path: string): Generator<string> {
  const content = Fs.readFileSync(path)
  for (let start = 0, end = 0; (end = content.indexOf(newline, start)) !== -1; start = end + 1) {
    yield content.toString("utf8", start, end)
  }
}

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined // what is no JSON is no header: the caller says so
  }
}

interface Kept {
  /** What the tokens of the folder are signed with. */
  readonly seed: string
  readonly lines: Iterable<string>
}

/** What the file holds; `undefined` for one that is not there, or holds nothing yet. */
const read = (path: string): Effect.Effect<Kept | undefined, FileError> =>
  Effect.gen(function*() {
    if (!Fs.existsSync(path)) return undefined
    const lines = linesOf(path)
    const first = yield* attempt(path, "cannot be read", () => lines.next())
    if (first.done === true) return undefined
    const header = parse(first.value)
    if (!isObject(header) || typeof header.seed !== "string") {
      return yield* new FileError({ path, issue: "was not written by this program: give another folder" })
    }
    if (header.format !== format) {
      return yield* new FileError({
        path,
        issue: `has the format ${
          String(header.format)
        }, and this version knows ${format}: use the version that wrote it`
      })
    }
    return { seed: header.seed, lines }
  })

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (cause) {
    // A process of somebody else.
    return cause instanceof Error && "code" in cause && cause.code === "EPERM"
  }
}

/** Writes our process id, unless that of a living process is there. */
const take = (path: string): void => {
  try {
    Fs.writeFileSync(path, String(process.pid), { flag: "wx" })
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause
    const pid = Number(Fs.readFileSync(path, "utf8"))
    if (pid > 0 && isAlive(pid)) {
      throw new Error(
        `process ${pid} uses the folder: end it, give another folder, or delete ${path} if it is no server`
      )
    }
    // Its process was killed.
    Fs.rmSync(path, { force: true })
    Fs.writeFileSync(path, String(process.pid), { flag: "wx" })
  }
}

const lock = (folder: string): Effect.Effect<void, FileError, Scope.Scope> => {
  const path = Path.join(folder, "lock")
  return Effect.asVoid(Effect.acquireRelease(
    attempt(folder, "cannot be used", () => take(path)),
    () => Effect.sync(() => Fs.rmSync(path, { force: true }))
  ))
}

/** A file is written anew when it has grown by more than this, and to several times of what is in it. */
const slack = { bytes: 4 * 1024 * 1024, times: 4 }

const appendable = (lines: Iterable<string>): string => Array.from(lines, (line) => `${line}\n`).join("")

/** The folder is ours until the scope closes, and is made where there is none. */
export const open = (folder: string): Effect.Effect<Store, FileError, Scope.Scope> =>
  Effect.gen(function*() {
    yield* attempt(folder, "cannot be made", () => Fs.mkdirSync(folder, { recursive: true }))
    yield* lock(folder)
    const path = Path.join(folder, "kuzzle.jsonl")
    const { lines, seed } = (yield* read(path)) ?? { lines: [], seed: crypto.randomUUID() }
    const header = JSON.stringify({ format, seed })
    let size = 0
    /** How large the file may become. At the start it is written anew: its last line may be torn. */
    let limit = 0
    return {
      seed,
      lines,
      keep: (changed, all) => {
        const added = Buffer.from(appendable(changed))
        size += added.length
        if (size <= limit) return Fs.appendFileSync(path, added)
        size = replace(path, header, all())
        limit = Math.max(size + slack.bytes, size * slack.times)
      }
    }
  })

/** Puts lines in the place of a file, as a whole or not at all. Returns its size. */
const replace = (path: string, header: string, lines: Iterable<string>): number => {
  const draft = `${path}.new`
  const file = Fs.openSync(draft, "w")
  let size = 0
  const write = (line: string) => {
    const bytes = Buffer.from(`${line}\n`)
    Fs.writeFileSync(file, bytes)
    size += bytes.length
  }
  try {
    write(header)
    for (const line of lines) write(line)
    Fs.fsyncSync(file)
  } finally {
    Fs.closeSync(file)
  }
  Fs.renameSync(draft, path)
  return size
}
