/** Of users and their keys, to the last member; and how a test logs in. */
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

/** From then on the client is that user's. A login that fails is a fault of the test. */
export const login = (username: string, password: string) =>
  Effect.orDie(
    KuzzleAuth.login({ strategy: "local", credentials: { username, password: Redacted.make(password) } })
  )
