/** The errors of Redis, with their messages. */

export class RedisError extends Error {
  override readonly name = "RedisError"
}

export const refuse = (words: string): RedisError => new RedisError(`ERR ${words}`)

export const wrongType = (): RedisError =>
  new RedisError("WRONGTYPE Operation against a key holding the wrong kind of value")

export const syntaxError = (): RedisError => refuse("syntax error")

export const notAnInteger = (): RedisError => refuse("value is not an integer or out of range")

export const notAFloat = (): RedisError => refuse("value is not a valid float")
