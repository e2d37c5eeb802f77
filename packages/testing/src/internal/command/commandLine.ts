/**
 * What the command line asks for.
 */
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

/** A server, and what it begins with. */
export interface Serve {
  readonly _tag: "Serve"
  readonly host: string
  readonly port: number
  readonly users: ReadonlyArray<SeedUser>
  /** Paths of files of JSON. */
  readonly mappings: string | undefined
  readonly securities: string | undefined
  readonly fixtures: string | undefined
  /** The folder that keeps what the server knows. */
  readonly save: string | undefined
  /** Whether requests are left out of what is printed. */
  readonly quiet: boolean
}

export type Command = Serve | { readonly _tag: "Help" } | { readonly _tag: "Version" }

export const help = `effect-kuzzle: a Kuzzle in memory, to develop against

  npx @effect-kuzzle/testing [options]

  --port <number>       where it listens; 7512 by default, 0 for any free port
  --host <address>      127.0.0.1 by default, which only this machine reaches
  --user <name:password[:profile,...]>
                        a user who can log in; may be given several times
  --mappings <file>     indexes, collections and mappings, as for admin:loadMappings
  --securities <file>   roles, profiles and users, as for admin:loadSecurities
  --fixtures <file>     documents, as for admin:loadFixtures
  --save <folder>       keep everything there, so that the next start has it; what it has
                        wins over --user and the users of --securities, and --fixtures are
                        loaded only into a new folder
  --quiet               do not print requests
  --version
  --help

It speaks the wire of Kuzzle 2.56 over HTTP and WebSocket, so every client works
with it. Nobody needs to log in until there is an administrator, as on a new Kuzzle.
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
  // The text is not shown: it may hold a password.
  return username === "" || password === ""
    ? Either.left(new UsageError({ issue: "--user expects a name and a password, such as --user ada:secret" }))
    : Either.right({
      username,
      password: Redacted.make(password),
      ...(profiles === undefined ? {} : { profileIds: profiles.split(",") })
    })
}

/** `argv`: what follows the name of the program. */
export const parse = (argv: ReadonlyArray<string>): Either.Either<Command, UsageError> =>
  Either.gen(function*() {
    const { values } = yield* Either.try({
      try: () => parseArgs({ args: [...argv], options, allowPositionals: false }),
      catch: (cause) => new UsageError({ issue: messageOf(cause) })
    })
    if (values.help === true) return { _tag: "Help" } as const
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
