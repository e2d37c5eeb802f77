/** The layers of the core alone, over the standard `WebSocket` and `fetch`. */
import { Kuzzle, KuzzleHeartbeat, KuzzleHttp, KuzzleSocket } from "@effect-kuzzle/core"
import { FetchHttpClient, Socket } from "@effect/platform"
import { Duration, Layer } from "effect"
import type { Layers } from "./program.ts"

export const standard: Layers = {
  socket: (url) =>
    Kuzzle.layer({ url }).pipe(
      Layer.provide(KuzzleSocket.layerWebSocketConstructor),
      Layer.provide(Socket.layerWebSocketConstructorGlobal),
      Layer.provide(
        Layer.orDie(
          KuzzleHeartbeat.layerProtocol({ pingInterval: Duration.millis(200) })
        )
      )
    ),
  http: (url) => Kuzzle.layerHttp({ url }).pipe(Layer.provide(KuzzleHttp.layer), Layer.provide(FetchHttpClient.layer))
}
