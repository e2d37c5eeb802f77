/** All commands, how a request asks for one, and how to run it. */
import { error } from "../errors.ts"
import { isObject } from "../json.ts"
import * as Args from "./arguments.ts"
import { bits } from "./bits.ts"
import type { Bytes } from "./bytes.ts"
import { type Commands, exactly, type Reply, wrongNumber } from "./command.ts"
import type { Database } from "./database.ts"
import { RedisError } from "./errors.ts"
import { geo } from "./geo.ts"
import { hashes } from "./hashes.ts"
import { hyperLogLogs } from "./hyperLogLogs.ts"
import { keys } from "./keys.ts"
import { lists } from "./lists.ts"
import { sets } from "./sets.ts"
import { sortedSets } from "./sortedSets.ts"
import { strings } from "./strings.ts"

const server: Commands = {
  dbsize: exactly(0, [], (db) => db.keys().length),
  flushdb: exactly(0, [], (db) => {
    db.clear()
    return "OK"
  }),
  ping: exactly(0, [], () => "PONG"),
  time: exactly(0, [], (db) => [String(Math.floor(db.now / 1000)), String(Math.floor((db.now % 1000) * 1000))])
}

export const commands: Commands = {
  ...bits,
  ...geo,
  ...hashes,
  ...hyperLogLogs,
  ...keys,
  ...lists,
  ...server,
  ...sets,
  ...sortedSets,
  ...strings
}

/** All commands except `mexecute`. */
export const names: ReadonlyArray<string> = Object.keys(commands)

export type Call = readonly [name: string, ...args: ReadonlyArray<Bytes>]

export const callOf = (name: string, source: Args.Source): Call => [name, ...Args.read(commands[name]!.given, source)]

/** The steps of a transaction. */
export const callsOf = (source: Args.Source): ReadonlyArray<Call> => {
  Args.requireBody(source)
  return Args.bodyList(source, "actions").map((step) => {
    const { action, args } = isObject(step) ? step : {}
    if (!isObject(step) || !Object.hasOwn(step, "action")) throw error("api.assert.missing_argument", "action")
    if (!Object.hasOwn(step, "args")) throw error("api.assert.missing_argument", "args")
    if (!isObject(args)) throw error("api.assert.invalid_type", "args", "object")
    if (typeof action !== "string" || !names.includes(action)) throw error("api.assert.forbidden_argument", action)
    return callOf(action, { args, body: isObject(args.body) ? args.body : null })
  })
}

const commandOf = ([name, ...args]: Call) => {
  const command = commands[name]
  if (command === undefined || args.length < command.minArguments || args.length > command.maxArguments) {
    throw wrongNumber(name)
  }
  return command
}

/** Fails with a `RedisError`. */
export const execute = (db: Database, call: Call): Reply => {
  const [, ...args] = call
  return commandOf(call).run(db, ...args)
}

/** Runs commands one after the other, each with its own outcome. None is run if one of them is invalid. */
export const transaction = (db: Database, calls: ReadonlyArray<Call>): ReadonlyArray<Reply | RedisError> => {
  try {
    calls.forEach(commandOf)
  } catch {
    // Redis names the invalid command when it is queued; the transaction itself is answered with this error.
    throw new RedisError("EXECABORT Transaction discarded because of previous errors.")
  }
  return calls.map((call) => {
    try {
      return execute(db, call)
    } catch (cause) {
      if (cause instanceof RedisError) return cause
      throw cause
    }
  })
}
