/**
 * What is below the engine. It runs in browsers, too, where there is no version of Node.
 */
import { isObject } from "./json.ts"

/** As Node tells its own version; empty where there is none. */
export const nodeVersion = (): string => {
  const host: unknown = Reflect.get(globalThis, "process")
  return isObject(host) && typeof host.version === "string" ? host.version : ""
}
