/** The action of a plugin that every Kuzzle has, over each protocol. */
import { KuzzleAction } from "@effect-kuzzle/core"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { layerWorld, World } from "./suite/backend.ts"
import { layerUrl } from "./suite/node.ts"
import { withClient, withHttp } from "./suite/tools.ts"

const url = process.env.KUZZLE_REAL_URL
if (url === undefined) throw new Error("KUZZLE_REAL_URL must name a running Kuzzle, e.g. ws://127.0.0.1:7512")

const password = { controller: "kuzzle-plugin-auth-passport-local/password" }

const getResetToken = KuzzleAction.make({
  ...password,
  action: "getResetPasswordToken",
  http: ["GET", "/_/password/resetToken/:_id"],
  idempotent: true,
  options: Schema.Struct({ _id: Schema.String }),
  result: Schema.Struct({ resetToken: Schema.Redacted(Schema.String) })
})

const reset = KuzzleAction.make({
  ...password,
  action: "reset",
  http: ["POST", "/_/password/reset"],
  idempotent: false,
  options: Schema.Struct({ password: Schema.String, token: Schema.String }),
  body: ["password", "token"],
  result: Schema.Unknown,
  // The plugin's own id, `plugin.kuzzle-plugin-auth-passport-local.invalid_token`, is lost in the server.
  errors: { ResetRefusedError: "core.fatal.unexpected_error" }
})

const resets = Effect.gen(function*() {
  const { kuid } = yield* (yield* World).user
  const { resetToken } = yield* getResetToken({ _id: kuid })
  assert.strictEqual(String(resetToken), "<redacted>")
  const refused = yield* Effect.flip(reset({ password: "new", token: "garbage" }))
  assert.strictEqual(refused._tag, "ResetRefusedError")
  const nobody = yield* Effect.flip(getResetToken({ _id: "nobody" }))
  assert.strictEqual(nobody._tag, "KuzzleBadRequestError")
})

layer(Layer.provideMerge(layerWorld, layerUrl(url)), { excludeTestServices: true, timeout: "20 seconds" })(
  "the action of a plugin",
  (it) => {
    it.effect("over WebSocket", () => withClient()(resets))
    it.effect("over HTTP", () => withHttp()(resets))
    it.effect("over its REST route", () => withHttp({ routes: "rest" })(resets))
  }
)
