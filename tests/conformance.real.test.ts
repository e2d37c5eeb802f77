/**
 * The embedded Kuzzle against a real one, which others may use at the same time. `KUZZLE_REAL_URL` names it. Scenarios that
 * need their own server are in `destructive.real.test.ts`.
 */
import { conformanceSuite } from "./conformance/against.ts"
import { scenarios } from "./conformance/scenarios.ts"

const real = process.env.KUZZLE_REAL_URL
if (real === undefined) throw new Error("KUZZLE_REAL_URL must name a running Kuzzle, e.g. ws://127.0.0.1:7512")

conformanceSuite(real, scenarios.filter(({ alone }) => alone === undefined))
