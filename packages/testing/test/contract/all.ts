/** Every contract. */
import type { Contract } from "./contract.ts"
import * as Index from "./index.contract.ts"

export const contracts: ReadonlyArray<Contract> = [
  ...Index.contracts
]
