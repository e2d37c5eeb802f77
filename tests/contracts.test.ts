/** The places of arguments, and every action against the embedded Kuzzle. */
import { describe, it } from "vitest"
import { contracts } from "./contract/all.ts"
import { contractSuite } from "./contract/contract.ts"
import { layerEmbedded } from "./suite/node.ts"

describe("arguments", () => {
  it.each(contracts)("$name", ({ places }) => places())
})

contractSuite("embedded Kuzzle", { backend: layerEmbedded, contracts, server: "embedded" })
