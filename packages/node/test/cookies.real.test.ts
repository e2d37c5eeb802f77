/** Cookies on Node, against the real Kuzzle that `KUZZLE_REAL_URL` names. */
import { Layer } from "effect"
import { layerUrl } from "../../../tests/suite/node.ts"
import { Address, cookieSuite } from "./cookieSuite.ts"

const url = process.env.KUZZLE_REAL_URL
if (url === undefined) throw new Error("KUZZLE_REAL_URL must name a running Kuzzle, e.g. ws://127.0.0.1:7512")

cookieSuite("cookies, real Kuzzle", Layer.merge(layerUrl(url), Layer.succeed(Address, url)))
