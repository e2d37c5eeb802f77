/** Users and their keys, with every member, and the login of a test. */
import { KuzzleAuth } from "@effect-kuzzle/core"
import { Effect, Redacted, Schema } from "effect"
import { Content, Info, optional } from "./schemas.ts"

export const User = Schema.Struct({
  _id: Schema.String,
  _source: Schema.Struct({ profileIds: Schema.Array(Schema.String), _kuzzle_info: optional(Info) }, Content)
})

const key = {
  userId: Schema.String,
  description: Schema.String,
  expiresAt: Schema.Number,
  ttl: Schema.Number,
  fingerprint: Schema.String
}

export const ApiKey = Schema.Struct({ _id: Schema.String, _source: Schema.Struct(key) })

export const NewApiKey = Schema.Struct({
  _id: Schema.String,
  _source: Schema.Struct({ ...key, token: Schema.RedactedFromSelf(Schema.String), _kuzzle_info: Info })
})

export const Right = Schema.Struct({
  controller: Schema.String,
  action: Schema.String,
  index: Schema.String,
  collection: Schema.String,
  value: Schema.Literal("allowed", "denied")
})

/** Logs the client in. A login that fails is a fault of the test. */
export const login = (username: string, password: string) =>
  Effect.orDie(
    KuzzleAuth.login({ strategy: "local", credentials: { username, password: Redacted.make(password) } })
  )
