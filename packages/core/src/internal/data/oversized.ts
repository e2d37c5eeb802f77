/** The end of a connection that received a frame above the setting `maxResponseSize`. */
import { ConnectionEndedError } from "../../KuzzleError.ts"

export const oversized = (limit: number): ConnectionEndedError =>
  new ConnectionEndedError({
    by: "Oversized",
    code: 1009,
    reason: `a frame of more than ${limit} bytes arrived (ask for less at once, or raise maxResponseSize)`
  })
