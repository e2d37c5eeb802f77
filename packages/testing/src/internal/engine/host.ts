/** The platform of the engine. It also runs in browsers, where there is no version of Node. */
import { isObject } from "./json.ts"

/** The version of Node; empty in other runtimes. */
export const nodeVersion = (): string => {
  const host: unknown = Reflect.get(globalThis, "process")
  return isObject(host) && typeof host.version === "string" ? host.version : ""
}
