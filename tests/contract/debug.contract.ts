/** `debug`. Most actions need a server that is configured for debugging. Other servers refuse them. */
import { KuzzleDebug } from "@effect-kuzzle/core"
import { Effect, Schema } from "effect"
import { contract } from "./contract.ts"
import { Content } from "./schemas.ts"

const wire = (action: string) => ({ controller: "debug", action })

const alone = "it must be configured with security.debug.native_debug_protocol"
const embedded = "the engine has no Node to debug, so it refuses, as a server does by default"
const websocket = "events come over WebSocket; over HTTP the server answers with an error"

const enabled = Effect.acquireRelease(KuzzleDebug.enable(), () => Effect.orDie(KuzzleDebug.disable()))

const off = { tag: "KuzzleDebuggerError", id: "core.debugger.not_enabled" } as const

export const contracts = [
  contract(KuzzleDebug.nodeVersion, {
    sends: [{}, wire("nodeVersion")],
    works: KuzzleDebug.nodeVersion(),
    type: Schema.String,
    result: Schema.String.pipe(Schema.pattern(/^v\d+\.\d+\.\d+/)),
    neverFails: "it takes no argument"
  }),
  contract(KuzzleDebug.enable, {
    sends: [{}, wire("enable")],
    works: Effect.zipRight(KuzzleDebug.enable(), KuzzleDebug.enable()),
    result: Schema.Void,
    neverFails:
      "debugging may be enabled twice; a server that is not configured for it refuses, see `KuzzleDebug.test`",
    alone,
    except: { embedded }
  }),
  contract(KuzzleDebug.disable, {
    sends: [{}, wire("disable")],
    works: KuzzleDebug.disable(),
    result: Schema.Void,
    neverFails: "as for `enable`",
    alone,
    except: { embedded }
  }),
  contract(KuzzleDebug.post, {
    sends: [
      { method: "Runtime.evaluate", params: { expression: "1" } },
      { ...wire("post"), body: { method: "Runtime.evaluate", params: { expression: "1" } } }
    ],
    works: Effect.zipRight(
      enabled,
      Effect.zip(
        KuzzleDebug.post({ method: "Runtime.evaluate", params: { expression: "20 + 3" } }),
        KuzzleDebug.post({ method: "Nothing.atAll" })
      )
    ),
    type: Content,
    result: Schema.mutable(Schema.Tuple(
      Schema.Struct({
        result: Schema.Struct({
          type: Schema.Literal("number"),
          value: Schema.Literal(23),
          description: Schema.Literal("23")
        })
      }),
      Schema.Struct({ error: Schema.String })
    )),
    fails: { call: KuzzleDebug.post({ method: "Runtime.enable" }), ...off },
    alone,
    except: { embedded }
  }),
  contract(KuzzleDebug.addListener, {
    sends: [{ event: "*" }, { ...wire("addListener"), body: { event: "*" } }],
    works: Effect.zipRight(enabled, KuzzleDebug.addListener({ event: "*" })),
    result: Schema.Void,
    fails: { call: KuzzleDebug.addListener({ event: "*" }), ...off },
    alone,
    except: { embedded, http: websocket }
  }),
  contract(KuzzleDebug.removeListener, {
    sends: [{ event: "*" }, { ...wire("removeListener"), body: { event: "*" } }],
    works: Effect.zipRight(
      enabled,
      Effect.zipRight(KuzzleDebug.addListener({ event: "*" }), KuzzleDebug.removeListener({ event: "*" }))
    ),
    result: Schema.Void,
    fails: { call: KuzzleDebug.removeListener({ event: "*" }), ...off },
    alone,
    except: { embedded, http: websocket }
  })
]
