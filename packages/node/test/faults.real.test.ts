/** Some cases of the table of faults, against the real Kuzzle that `KUZZLE_REAL_URL` names. */
import { faultSuite } from "../../../tests/suite/faults.ts"
import { layerUrl } from "../../../tests/suite/node.ts"

const url = process.env.KUZZLE_REAL_URL
if (url === undefined) throw new Error("KUZZLE_REAL_URL must name a running Kuzzle, e.g. ws://127.0.0.1:7512")

/** The cases in which the embedded server may differ from the real one: ends of connections with requests in flight. */
const cases: Readonly<Record<string, ReadonlyArray<string>>> = {
  "connecting": ["1 KB/s", "reset"],
  "upgrading": ["reset", "one byte at a time"],
  "idle": ["FIN to the server", "FIN to the client", "close 1011", "black hole outward", "black hole inward"],
  "requests in flight": ["reset", "black hole both ways"],
  "half a frame out": ["reset", "FIN to the server", "black hole outward"],
  "half a frame in": ["reset", "one byte at a time"],
  "many requests": ["1 KB/s", "FIN to both ends"],
  "notification flood": ["a stall", "reset", "black hole inward"],
  "subscribing": ["reset", "black hole inward"],
  "resubscribing": ["reset", "reset, accepted in silence"],
  "login": ["reset"],
  "renewal of the session": ["latency", "FIN to the client"],
  "replay of the queue": ["reset", "1 KB/s"],
  "slow progress": ["all"],
  "closing": ["black hole both ways", "reset"]
}

faultSuite("faults, real Kuzzle", {
  backend: layerUrl(url),
  includes: (phase, fault) => cases[phase]?.includes(fault) ?? false,
  atOnce: 12
})
