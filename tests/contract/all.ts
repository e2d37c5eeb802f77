/** Every contract. */
import * as Admin from "./admin.contract.ts"
import * as Auth from "./auth.contract.ts"
import * as Bulk from "./bulk.contract.ts"
import * as Cluster from "./cluster.contract.ts"
import * as Collection from "./collection.contract.ts"
import type { Contract } from "./contract.ts"
import * as Debug from "./debug.contract.ts"
import * as Document from "./document.contract.ts"
import * as Export from "./export.contract.ts"
import * as Index from "./index.contract.ts"
import * as MemoryStorage from "./ms.contract.ts"
import * as Realtime from "./realtime.contract.ts"
import * as Security from "./security.contract.ts"
import * as Server from "./server.contract.ts"

export const contracts: ReadonlyArray<Contract> = [
  ...Auth.contracts,
  ...Security.contracts,
  ...Server.contracts,
  ...Realtime.contracts,
  ...Debug.contracts,
  ...Cluster.contracts,
  ...Admin.contracts,
  ...Export.contracts,
  ...Bulk.contracts,
  ...Collection.contracts,
  ...Document.contracts,
  ...Index.contracts,
  ...MemoryStorage.contracts
]
