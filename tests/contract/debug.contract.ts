/** `debug`. Most of it takes a server that lets itself be debugged; the others refuse. */
import { KuzzleDebug } from "@effect-kuzzle/core"
import { Effect, Schema } from "effect"
import { contract } from "./contract.ts"
import { Content } from "./schemas.ts"

const asks = (action: string) => ({ controller: "debug", action })

const alone = "it must be configured with security.debug.native_debug_protocol"
const embedded = "the engine has no Node to debug: it refuses, as a server does by default"
const websocket = "events come over a WebSocket: over HTTP the server answers with an error"

const enabled = Effect.acquireRelease(KuzzleDebug.enable(), () => Effect.orDie(KuzzleDebug.disable()))

const off = { tag: "KuzzleDebuggerError", id: "core.debugger.not_enabled" } as const

export const contracts = [
  contract(KuzzleDebug.nodeVersion, {
    sends: [{}, asks("nodeVersion")],
    works: KuzzleDebug.nodeVersion(),
    result: Schema.String.pipe(Schema.pattern(/^v\d+\.\d+\.\d+/)),
    neverFails: "it takes no argument, and whoever may ask is answered"
  }),
  contract(KuzzleDebug.enable, {
    sends: [{}, asks("enable")],
    works: Effect.zipRight(KuzzleDebug.enable(), KuzzleDebug.enable()),
    result: Schema.Void,
    neverFails: "a server that may be debugged may be so twice; the others refuse, see `KuzzleDebug.test`",
    alone,
    except: { embedded }
  }),
  contract(KuzzleDebug.disable, {
    sends: [{}, asks("disable")],
    works: KuzzleDebug.disable(),
    result: Schema.Void,
    neverFails: "as for `enable`",
    alone,
    except: { embedded }
  }),
  contract(KuzzleDebug.post, {
    sends: [
      { method: "Runtime.evaluate", params: { expression: "1" } },
      { ...asks("post"), body: { method: "Runtime.evaluate", params: { expression: "1" } } }
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
    sends: [{ event: "*" }, { ...asks("addListener"), body: { event: "*" } }],
    works: Effect.zipRight(enabled, KuzzleDebug.addListener({ event: "*" })),
    result: Schema.Void,
    fails: { call: KuzzleDebug.addListener({ event: "*" }), ...off },
    alone,
    except: { embedded, http: websocket }
  }),
  contract(KuzzleDebug.removeListener, {
    sends: [{ event: "*" }, { ...asks("removeListener"), body: { event: "*" } }],
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
