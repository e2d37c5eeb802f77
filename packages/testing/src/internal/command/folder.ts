/**
 * A folder that stores the state of a server. Writes survive the end of the process, including `kill -9`, but not a
 * power failure.
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

/** The lines of a file. A last line without a line break is incomplete and is left out. */
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
    return undefined // It is not a header. The caller reports it.
  }
}

interface StoredState {
  /** The secret that signs the tokens of the folder. */
  readonly seed: string
  readonly lines: Iterable<string>
}

/** The content of the file; `undefined` if it does not exist or is empty. */
const read = (path: string): Effect.Effect<StoredState | undefined, FileError> =>
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
        }, but this version reads ${format}: use the version that wrote it`
      })
    }
    return { seed: header.seed, lines }
  })

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (cause) {
    // EPERM: the process belongs to another user.
    return cause instanceof Error && "code" in cause && cause.code === "EPERM"
  }
}

/** Writes the id of this process. Throws if the file contains the id of another running process. */
const createLockFile = (path: string): void => {
  try {
    Fs.writeFileSync(path, String(process.pid), { flag: "wx" })
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause
    const pid = Number(Fs.readFileSync(path, "utf8"))
    if (pid > 0 && isAlive(pid)) {
      throw new Error(
        `process ${pid} uses the folder: end it, give another folder, or delete ${path} if this process is not a server`
      )
    }
    // The process that wrote the file was killed.
    Fs.rmSync(path, { force: true })
    Fs.writeFileSync(path, String(process.pid), { flag: "wx" })
  }
}

const lock = (folder: string): Effect.Effect<void, FileError, Scope.Scope> => {
  const path = Path.join(folder, "lock")
  return Effect.asVoid(Effect.acquireRelease(
    attempt(folder, "cannot be used", () => createLockFile(path)),
    () => Effect.sync(() => Fs.rmSync(path, { force: true }))
  ))
}

/**
 * The file is rewritten when it has grown by more than `bytes`, and to more than `times` its size, since the last time.
 */
const growth = { bytes: 4 * 1024 * 1024, times: 4 }

const textOf = (lines: Iterable<string>): string => Array.from(lines, (line) => `${line}\n`).join("")

/** Locks the folder until the scope closes. Creates it if it does not exist. */
export const open = (folder: string): Effect.Effect<Store, FileError, Scope.Scope> =>
  Effect.gen(function*() {
    yield* attempt(folder, "cannot be created", () => Fs.mkdirSync(folder, { recursive: true }))
    yield* lock(folder)
    const path = Path.join(folder, "kuzzle.jsonl")
    const { lines, seed } = (yield* read(path)) ?? { lines: [], seed: crypto.randomUUID() }
    const header = JSON.stringify({ format, seed })
    let size = 0
    /**
     * The size from which the file is rewritten. The first change rewrites it, because its last line may be incomplete.
     */
    let limit = 0
    return {
      seed,
      lines,
      save: (changed, all) => {
        const added = Buffer.from(textOf(changed))
        size += added.length
        if (size <= limit) return Fs.appendFileSync(path, added)
        size = replace(path, header, all())
        limit = Math.max(size + growth.bytes, size * growth.times)
      }
    }
  })

/** Replaces a file by the lines, completely or not at all. Returns its size. */
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
