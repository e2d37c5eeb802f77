/** Facts of the platform that runs the engine. */
import { isObject } from "./json.ts"

/** The version of Node; empty in other runtimes, such as browsers. */
export const nodeVersion = (): string => {
  const host: unknown = Reflect.get(globalThis, "process")
  return isObject(host) && typeof host.version === "string" ? host.version : ""
}
