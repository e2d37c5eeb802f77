/**
 * One suite for every client: in memory, on Node's `ws`, in a browser, against the embedded and a real Kuzzle. `Backend`
 * provides the surroundings. This module imports nothing of Node.
 */
import { describe, layer } from "@effect/vitest"
import { Layer } from "effect"
import { apiTests } from "./api.ts"
import { authenticationTests } from "./authentication.ts"
import { type Backend, layerWorld } from "./backend.ts"
import { realtimeTests } from "./realtime.ts"
import { sessionTests } from "./session.ts"
import { withClient, withHttp } from "./tools.ts"
import { tracingTests } from "./tracing.ts"

export const clientSuite = <E>(
  name: string,
  options: {
    readonly backend: Layer.Layer<Backend, E>
    /** For backends whose network has no faults on demand. */
    readonly api?: "only"
  }
): void =>
  // Connections are real, and so is the time.
  layer(Layer.provideMerge(layerWorld, options.backend), { excludeTestServices: true, timeout: "60 seconds" })(
    name,
    (it) => {
      describe("over WebSocket", () => apiTests(it, withClient))
      describe("over HTTP", () => apiTests(it, withHttp))
      realtimeTests(it)
      tracingTests(it)
      if (options.api === "only") return
      sessionTests(it)
      authenticationTests(it)
    }
  )
