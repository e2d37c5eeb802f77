/**
 * Compares the embedded Kuzzle with the real one that `KUZZLE_REAL_URL` names. Other clients may use it at the same time.
 * `destructive.real.test.ts` plays the scenarios that need a server of their own.
 */
import { conformanceSuite } from "./conformance/against.ts"
import { scenarios } from "./conformance/scenarios.ts"

const real = process.env.KUZZLE_REAL_URL
if (real === undefined) throw new Error("KUZZLE_REAL_URL must name a running Kuzzle, e.g. ws://127.0.0.1:7512")

conformanceSuite(real, scenarios.filter(({ alone }) => alone === undefined))
