/** Parses the command line. */
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { parseArgs, type ParseArgsConfig } from "node:util"
import type { SeedUser } from "../../KuzzleEngine.ts"
import { messageOf } from "../engine/errors.ts"

/** The command line cannot be understood. */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly issue: string }> {
  override get message(): string {
    return `${this.issue}\neffect-kuzzle --help lists the options`
  }
}

/** The command `serve`: the server and its initial data. */
export interface Serve {
  readonly _tag: "Serve"
  readonly host: string
  readonly port: number
  readonly users: ReadonlyArray<SeedUser>
  /** Paths of JSON files. */
  readonly mappings: string | undefined
  readonly securities: string | undefined
  readonly fixtures: string | undefined
  /** The folder that stores the state of the server. */
  readonly save: string | undefined
  /** Whether requests are not printed. */
  readonly quiet: boolean
}

/** How the command `schema` logs in to the server. */
export type Login =
  | { readonly _tag: "Anonymous" }
  | { readonly _tag: "ApiKey"; readonly key: Redacted.Redacted }
  | { readonly _tag: "User"; readonly username: string; readonly password: Redacted.Redacted }

/** The command `schema`: writes a file of Schemas of a running server. */
export interface WriteSchema {
  readonly _tag: "WriteSchema"
  readonly url: string
  readonly login: Login
  /** The names of the indexes to read. An empty list stands for all. */
  readonly indexes: ReadonlyArray<string>
  /** The path of the file; without it, the file is printed. */
  readonly out: string | undefined
}

export type Command =
  | Serve
  | WriteSchema
  | { readonly _tag: "Help"; readonly text: string }
  | { readonly _tag: "Version" }

const help = `effect-kuzzle: a Kuzzle in memory, to develop against

  npx @effect-kuzzle/testing [options]
  npx @effect-kuzzle/testing schema --help    Schemas of a live Kuzzle, as TypeScript

  --port <number>       the port to listen on; 7512 by default, 0 for any free port
  --host <address>      127.0.0.1 by default, which only this machine reaches
  --user <name:password[:profile,...]>
                        a user who can log in; may be given several times
  --mappings <file>     indexes, collections and mappings, as for admin:loadMappings
  --securities <file>   roles, profiles and users, as for admin:loadSecurities
  --fixtures <file>     documents, as for admin:loadFixtures
  --save <folder>       save the state there, and start with it the next time; saved users
                        take precedence over --user and the users of --securities, and
                        --fixtures are loaded only into a new folder
  --quiet               do not print requests
  --version
  --help

It has the protocol of Kuzzle 2.56 over HTTP and WebSocket, so every client works
with it. As on a new Kuzzle, requests need no login until there is an administrator.
`

const schemaHelp = `effect-kuzzle schema: Schemas of a live Kuzzle, as TypeScript

  npx @effect-kuzzle/testing schema --url <address> [options]

  --url <address>       the server, such as ws://localhost:7512 or https://kuzzle.example.org
  --user <name:password>
                        the user who reads; anonymous by default
  --api-key <key>       an API key of this user, in place of --user
  --index <name>        an index to read; may be given several times, all indexes by default
  --out <file>          the file to write; by default the result is printed
  --help

The file has a Schema and a repository for each collection, from its mappings, its 500 oldest
and its 500 newest documents, and a declaration for each action of a plugin or an application.
A file that was edited since is not overwritten.

The variables KUZZLE_URL, KUZZLE_USERNAME with KUZZLE_PASSWORD, and KUZZLE_API_KEY can replace
the options. Secrets in variables do not appear in the list of processes.
`

const options = {
  port: { type: "string" },
  host: { type: "string" },
  user: { type: "string", multiple: true },
  mappings: { type: "string" },
  securities: { type: "string" },
  fixtures: { type: "string" },
  save: { type: "string" },
  quiet: { type: "boolean" },
  version: { type: "boolean" },
  help: { type: "boolean", short: "h" }
} satisfies ParseArgsConfig["options"]

const portOf = (text: string): Either.Either<number, UsageError> =>
  /^\d{1,5}$/.test(text) && Number(text) < 65_536
    ? Either.right(Number(text))
    : Either.left(new UsageError({ issue: `--port is ${text}: expected a number from 0 to 65535` }))

const userOf = (text: string): Either.Either<SeedUser, UsageError> => {
  const [username = "", password = "", profiles] = text.split(":")
  // The text is not shown, because it may contain a password.
  return username === "" || password === ""
    ? Either.left(new UsageError({ issue: "--user expects a name and a password, such as --user ada:secret" }))
    : Either.right({
      username,
      password: Redacted.make(password),
      ...(profiles === undefined ? {} : { profileIds: profiles.split(",") })
    })
}

/** `argv`: the arguments after the name of the program. */
export const parse = (
  argv: ReadonlyArray<string>,
  environment: Environment = {}
): Either.Either<Command, UsageError> => {
  const [first, ...rest] = argv
  return first === "schema" ? parseSchema(rest, environment) : parseServe(argv)
}

/** Variables that replace options. Other users of the machine can see a command line, but not these variables. */
export interface Environment {
  readonly KUZZLE_URL?: string | undefined
  readonly KUZZLE_USERNAME?: string | undefined
  readonly KUZZLE_PASSWORD?: string | undefined
  readonly KUZZLE_API_KEY?: string | undefined
}

const valuesOf = <Options extends NonNullable<ParseArgsConfig["options"]>>(
  argv: ReadonlyArray<string>,
  options: Options
) =>
  Either.try({
    try: () => parseArgs({ args: [...argv], options, allowPositionals: false }).values,
    catch: (cause) => new UsageError({ issue: messageOf(cause) })
  })

const schemaOptions = {
  url: { type: "string" },
  user: { type: "string" },
  "api-key": { type: "string" },
  index: { type: "string", multiple: true },
  out: { type: "string" },
  help: { type: "boolean", short: "h" }
} satisfies ParseArgsConfig["options"]

const anonymous: Login = { _tag: "Anonymous" }

const apiKey = (key: string): Login => ({ _tag: "ApiKey", key: Redacted.make(key) })

const userWith = (username: string, password: string): Login => ({
  _tag: "User",
  username,
  password: Redacted.make(password)
})

const loginOf = (user: string | undefined, key: string | undefined): Either.Either<Login, UsageError> => {
  if (user !== undefined && key !== undefined) {
    return Either.left(new UsageError({ issue: "--user and --api-key are given: give one of them" }))
  }
  if (key !== undefined) {
    return key === ""
      ? Either.left(new UsageError({ issue: "--api-key is empty: give the token of an API key" }))
      : Either.right(apiKey(key))
  }
  // A password may contain colons.
  const [, username, password] = /^([^:]+):(.+)$/s.exec(user ?? "") ?? []
  return username === undefined || password === undefined
    ? Either.left(new UsageError({ issue: "--user expects a name and a password, such as --user ada:secret" }))
    : Either.right(userWith(username, password))
}

const loginFrom = (
  { KUZZLE_API_KEY: key = "", KUZZLE_PASSWORD: password = "", KUZZLE_USERNAME: username = "" }: Environment
): Either.Either<Login, UsageError> => {
  if (key !== "" && username !== "") {
    return Either.left(new UsageError({ issue: "KUZZLE_API_KEY and KUZZLE_USERNAME are set: unset one of them" }))
  }
  if (key !== "") return Either.right(apiKey(key))
  if (username === "") return Either.right(anonymous)
  return password === ""
    ? Either.left(new UsageError({ issue: "KUZZLE_USERNAME is set, and KUZZLE_PASSWORD is not: set both, or neither" }))
    : Either.right(userWith(username, password))
}

const parseSchema = (
  argv: ReadonlyArray<string>,
  environment: Environment
): Either.Either<Command, UsageError> =>
  Either.gen(function*() {
    const values = yield* valuesOf(argv, schemaOptions)
    if (values.help === true) return { _tag: "Help", text: schemaHelp } as const
    const { "api-key": key, index = [], out, url = environment.KUZZLE_URL ?? "", user } = values
    if (url === "") {
      return yield* Either.left(
        new UsageError({ issue: "schema expects the address of a server, such as --url ws://localhost:7512" })
      )
    }
    const login = yield* user === undefined && key === undefined ? loginFrom(environment) : loginOf(user, key)
    return { _tag: "WriteSchema", url, login, indexes: index, out } as const
  })

const parseServe = (argv: ReadonlyArray<string>): Either.Either<Command, UsageError> =>
  Either.gen(function*() {
    const values = yield* valuesOf(argv, options)
    if (values.help === true) return { _tag: "Help", text: help } as const
    if (values.version === true) return { _tag: "Version" } as const
    return {
      _tag: "Serve",
      host: values.host ?? "127.0.0.1",
      port: yield* portOf(values.port ?? "7512"),
      users: yield* Either.all((values.user ?? []).map(userOf)),
      mappings: values.mappings,
      securities: values.securities,
      fixtures: values.fixtures,
      save: values.save,
      quiet: values.quiet === true
    } as const
  })
