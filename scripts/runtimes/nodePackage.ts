/** The layers of `@effect-kuzzle/node`. */
import { NodeKuzzle } from "@effect-kuzzle/node"
import type { Layers } from "./program.ts"

export const nodePackage: Layers = {
  socket: (url) => NodeKuzzle.layer({ url, pingInterval: "200 millis" }),
  http: (url) => NodeKuzzle.layerHttp({ url }),
  cookie: (url) => NodeKuzzle.layer({ url, session: NodeKuzzle.cookie })
}
