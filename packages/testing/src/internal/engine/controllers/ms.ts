import { isRead } from "../catalogue.ts"
import { nativeError } from "../errors.ts"
import { decode } from "../redis/bytes.ts"
import type { Reply } from "../redis/command.ts"
import * as Commands from "../redis/commands.ts"
import { RedisError } from "../redis/errors.ts"
import type { Action, Controller } from "../state.ts"

const isList = (reply: Reply): reply is ReadonlyArray<Reply> => Array.isArray(reply)

const decoded = (reply: Reply): unknown => {
  if (typeof reply === "string") return decode(reply)
  if (reply === null || typeof reply === "number") return reply
  if (isList(reply)) return reply.map(decoded)
  return Object.fromEntries(Object.entries(reply).map(([field, value]) => [decode(field), decode(value)]))
}

/** For Kuzzle, an error of Redis is an exception like any other. */
const attempt = <A>(run: () => A): A => {
  try {
    return run()
  } catch (cause) {
    throw cause instanceof RedisError ? nativeError(cause.message) : cause
  }
}

const action = (name: string): Action => ({ now, request, state: { memoryStorage } }) => {
  memoryStorage.now = now
  const run = () => decoded(attempt(() => Commands.execute(memoryStorage, Commands.callOf(name, request))))
  return isRead(name) ? memoryStorage.reading(run) : run()
}

export const ms: Controller = {
  ...Object.fromEntries(Commands.names.map((name) => [name, action(name)])),
  mexecute: ({ now, request, state: { memoryStorage } }) => {
    memoryStorage.now = now
    const outcomes = attempt(() => Commands.transaction(memoryStorage, Commands.callsOf(request)))
    // An error is an empty object in the JSON (observed).
    return outcomes.map((outcome) => (outcome instanceof RedisError ? [{}] : [null, decoded(outcome)]))
  }
}
