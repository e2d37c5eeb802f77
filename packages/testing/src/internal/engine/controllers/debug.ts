import { error } from "../errors.ts"
import { nodeVersion } from "../host.ts"
import type { Action, Controller } from "../state.ts"

/** Refuses all actions, as a server without configured debugging does. This is the default. */
const denied: Action = () => {
  throw error("core.debugger.native_debug_protocol_usage_denied")
}

export const debug: Controller = {
  nodeVersion,
  enable: denied,
  disable: denied,
  post: denied,
  addListener: denied,
  removeListener: denied
}
