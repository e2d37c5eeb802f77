/** Cookies on Node, against the embedded Kuzzle. */
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { Effect, Layer } from "effect"
import { layerUrl } from "../../../tests/suite/node.ts"
import { Address, cookieSuite } from "./cookieSuite.ts"

const backend = Layer.unwrapEffect(
  Effect.map(
    KuzzleTestServer.KuzzleTestServer,
    ({ url }) => Layer.merge(layerUrl(url), Layer.succeed(Address, url))
  )
).pipe(Layer.provide(KuzzleTestServer.layer()))

cookieSuite("cookies, embedded Kuzzle", backend)
