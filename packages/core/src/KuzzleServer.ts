/**
 * The server itself.
 *
 * @since 0.1.0
 */
import * as Action from "./internal/action.ts"

/**
 * What `info` tells: versions, plugins, API, as far as the user may see them.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerInfo {
  readonly kuzzle: {
    readonly version: string
    readonly api: { readonly routes: Readonly<Record<string, unknown>> }
    readonly plugins: Readonly<Record<string, unknown>>
    readonly system: Readonly<Record<string, unknown>>
    readonly [key: string]: unknown
  }
  readonly services: Readonly<Record<string, unknown>>
}

/**
 * Information about the server: its version, plugins and services (`server:info`).
 *
 * @since 0.1.0
 * @category actions
 */
export const info = Action.make<Action.CallOptions, ServerInfo>({
  controller: "server",
  action: "info",
  http: ["GET", "/"],
  idempotent: true,
  result: Action.member("serverInfo")
})

/**
 * The server's clock (`server:now`), in milliseconds since the epoch.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KuzzleServer } from "@effect-kuzzle/core"
 *
 * export const skew = Effect.map(KuzzleServer.now({ timeout: "2 seconds" }), (now) => now - Date.now())
 * ```
 *
 * @since 0.1.0
 * @category actions
 */
export const now = Action.make<Action.CallOptions, number>({
  controller: "server",
  action: "now",
  http: ["GET", "/_now"],
  idempotent: true,
  result: Action.member("now")
})
