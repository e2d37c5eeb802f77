/** The command `schema`: reads a running Kuzzle and writes a TypeScript file. */
import * as Kuzzle from "@effect-kuzzle/core/Kuzzle"
import * as KuzzleAuth from "@effect-kuzzle/core/KuzzleAuth"
import * as KuzzleCollection from "@effect-kuzzle/core/KuzzleCollection"
import type { InvalidSettingError } from "@effect-kuzzle/core/KuzzleError"
import * as KuzzleHttp from "@effect-kuzzle/core/KuzzleHttp"
import * as KuzzleIndex from "@effect-kuzzle/core/KuzzleIndex"
import type { Mappings } from "@effect-kuzzle/core/KuzzleMappings"
import * as KuzzleSearch from "@effect-kuzzle/core/KuzzleSearch"
import * as KuzzleServer from "@effect-kuzzle/core/KuzzleServer"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import { messageOf } from "../engine/errors.ts"
import type { Login, WriteSchema } from "./commandLine.ts"
import { attempt, FileError } from "./fileError.ts"
import * as File from "./schema/file.ts"

/** Of each collection, this many of the oldest and this many of the newest documents are read. */
const sampleSize = 500

/** The server refused a request, or did not answer it. */
export class ServerError extends Data.TaggedError("ServerError")<{
  readonly url: string
  /** The operation that failed. */
  readonly operation: string
  readonly cause: { readonly _tag: string; readonly message: string }
  /** What to do next. */
  readonly advice: string
}> {
  override get message(): string {
    return `${this.url}: ${this.operation}: ${this.cause.message.replace(/\.$/, "")}\n${this.advice}`
  }
}

/** The server has no such index. */
export class IndexError extends Data.TaggedError("IndexError")<{
  readonly url: string
  readonly index: string
  readonly indexes: ReadonlyArray<string>
}> {
  override get message(): string {
    const available = this.indexes.length === 0
      ? "it has none that this user may see"
      : `it has ${this.indexes.join(", ")}`
    return `${this.url}: there is no index ${this.index}: ${available}`
  }
}

type Failure = ServerError | IndexError

/** Adds the purpose of a request to its error. */
const withPurpose =
  ({ login, url }: WriteSchema, operation: string, right: string) =>
  <A, E extends { readonly _tag: string; readonly message: string }, R>(
    request: Effect.Effect<A, E, R>
  ): Effect.Effect<A, ServerError, R> =>
    Effect.mapError(
      request,
      (cause) => new ServerError({ url, operation, cause, advice: advice(cause._tag, login, right) })
    )

const advice = (tag: string, login: Login, right: string): string => {
  switch (tag) {
    case "KuzzleHttpTransportError":
    case "KuzzleProtocolError":
      return "give the address of a running Kuzzle with --url; npx @effect-kuzzle/testing starts one to develop against"
    case "KuzzleUnauthorizedError":
      return login._tag === "ApiKey"
        ? "the key may have been revoked, or belong to another server: create another one with security:createApiKey"
        : login._tag === "Anonymous"
        ? "log in with --user name:password or --api-key"
        : `log in as a user who may do ${right}`
    case "KuzzleForbiddenError":
      return login._tag === "Anonymous"
        ? "log in with --user name:password or --api-key"
        : `give the user the right to do ${right}, or name the indexes that the user may read with --index`
    case "KuzzleDeadlineError":
      return "the server may be overloaded: try again later"
    default:
      return right === "auth:login" ? "check the name and the password of --user" : "see the server's log"
  }
}

/** Logs in with name and password. An API key needs no login. */
const logIn = (command: WriteSchema): Effect.Effect<void, ServerError, Kuzzle.Kuzzle> => {
  const { login } = command
  if (login._tag !== "User") return Effect.void
  const { password, username } = login
  return KuzzleAuth.login({ strategy: "local", credentials: { username, password } }).pipe(
    withPurpose(command, `cannot log in as ${username}`, "auth:login"),
    Effect.asVoid
  )
}

const indexesOf = (command: WriteSchema): Effect.Effect<ReadonlyArray<string>, Failure, Kuzzle.Kuzzle> => {
  const { indexes: requested, url } = command
  return KuzzleIndex.list().pipe(
    withPurpose(command, "cannot list the indexes", "index:list"),
    Effect.flatMap((indexes): Effect.Effect<ReadonlyArray<string>, IndexError> => {
      const absent = requested.find((index) => !indexes.includes(index))
      if (absent !== undefined) return new IndexError({ url, index: absent, indexes })
      return Effect.succeed(requested.length === 0 ? indexes : [...new Set(requested)])
    })
  )
}

const readCollection = (command: WriteSchema, target: KuzzleCollection.Target) =>
  Effect.gen(function*() {
    const name = `${target.index}/${target.collection}`
    const mappings = yield* KuzzleCollection.getMapping(target).pipe(
      withPurpose(command, `cannot read the mappings of ${name}`, "collection:getMapping")
    )
    const documents = yield* Effect.forEach(["asc", "desc"] as const, (order) =>
      KuzzleSearch.hits({
        ...target,
        sort: [{ "_kuzzle_info.createdAt": order }],
        strategy: KuzzleSearch.fromSize()
      }).pipe(
        Stream.take(sampleSize),
        Stream.map(({ _id, _source: { _kuzzle_info: _, ...content } }) => [_id, content] as const),
        Stream.runCollect
      )).pipe(withPurpose(command, `cannot read documents of ${name}`, "document:search"))
    return {
      ...target,
      // Safe: it is the answer of the action; `KuzzleMappings` reads it in the same way.
      mappings: mappings as Mappings,
      documents: [...new Map(documents.flatMap((some) => [...some])).values()]
    }
  })

/** The data for the file. */
const read = (command: WriteSchema): Effect.Effect<File.ServerData, Failure, Kuzzle.Kuzzle> =>
  Effect.gen(function*() {
    const api = yield* KuzzleServer.publicApi().pipe(
      withPurpose(command, "cannot read the actions", "server:publicApi")
    )
    const openapi = yield* KuzzleServer.openapi({ scope: "app" }).pipe(
      withPurpose(command, "cannot read the OpenAPI document", "server:openapi")
    )
    const collections = yield* Effect.forEach(yield* indexesOf(command), (index) =>
      KuzzleCollection.list({ index, type: "stored" }).pipe(
        withPurpose(command, `cannot list the collections of ${index}`, "collection:list"),
        Effect.map((listed) =>
          listed.map(({ name }) => ({ index, collection: name }))
        )
      ))
    return {
      api,
      openapi,
      collections: yield* Effect.forEach(collections.flat(), (target) => readCollection(command, target), {
        concurrency: 4
      })
    }
  })

// -------------------------------------------------------------------------------------------------------------------
// the file
// -------------------------------------------------------------------------------------------------------------------

const readIfExists = (path: string): Effect.Effect<string | undefined, FileError> =>
  attempt(path, "cannot be read", () => Fs.existsSync(path) ? Fs.readFileSync(path, "utf8") : undefined)

/** Refuses to overwrite a file that was not written by this command. */
const requireReplaceable = (path: string): Effect.Effect<void, FileError> =>
  Effect.flatMap(readIfExists(path), (text) => {
    switch (text === undefined ? "Written" : File.stateOf(text)) {
      case "Written":
        return Effect.void
      case "Edited":
        return new FileError({
          path,
          issue:
            "was edited since this command wrote it, so it was not replaced. Move the edits to a file that imports this one " +
            "and delete this one, or write to another file with --out and compare"
        })
      case "Foreign":
        return new FileError({
          path,
          issue: "was not written by this command, so it was not replaced. Give another file with --out"
        })
    }
  })

/** Explains why a file could not be written, and says what to do, by the code of the error. */
const reasons: { readonly [code: string]: string } = {
  ENOENT: "its folder does not exist: create it, or give another file with --out",
  ENOTDIR: "a part of its path is a file: give another file with --out",
  EISDIR: "it is a folder: give a file with --out",
  EACCES: "access is denied: give another file with --out",
  EPERM: "access is denied: give another file with --out",
  EROFS: "the disk is read-only: give another file with --out",
  ENOSPC: "the disk is full: free some space, and run it again",
  EDQUOT: "the quota is used up: free some space, and run it again",
  EFBIG: "the system allows no file of this size: raise its limit (ulimit -f)"
}

const save = (path: string, text: string): Effect.Effect<void, FileError> =>
  Effect.try({
    try: () => writeAtomically(path, text),
    catch: (cause) => {
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : ""
      return new FileError({ path, issue: `cannot be written: ${reasons[code] ?? messageOf(cause)}` })
    }
  })

/** Writes the file completely or not at all. */
const writeAtomically = (path: string, text: string): void => {
  const draft = `${path}.${process.pid}.new`
  try {
    Fs.writeFileSync(draft, text)
    Fs.renameSync(draft, path)
  } finally {
    Fs.rmSync(draft, { force: true })
  }
}

const summary = ({ collections }: File.ServerData, path: string): string => {
  const documents = collections.reduce((sum, { documents }) => sum + documents.length, 0)
  const names = collections.map(({ collection, index }) => `${index}/${collection}`).join(", ")
  return `${path}: written from ${documents} documents of ${names === "" ? "no collection" : names}`
}

/** Writes the file, or prints it if there is no path. */
export const schema = (
  command: WriteSchema
): Effect.Effect<void, FileError | Failure | InvalidSettingError> =>
  Effect.gen(function*() {
    const { login, out, url } = command
    // Checked first, because reading may take a while.
    if (out !== undefined) yield* requireReplaceable(out)
    const server = yield* Effect.zipRight(logIn(command), read(command)).pipe(
      Effect.provide(
        Kuzzle.layerHttp({ url, apiKey: login._tag === "ApiKey" ? login.key : undefined }).pipe(
          Layer.provide(KuzzleHttp.layer),
          Layer.provide(FetchHttpClient.layer)
        )
      )
    )
    const text = File.write(server)
    if (out === undefined) return yield* Console.log(text.trimEnd())
    yield* requireReplaceable(out)
    yield* save(out, text)
    yield* Console.log(summary(server, out))
  })
