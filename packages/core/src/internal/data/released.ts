/** How the connection of a client ends whose scope was closed. One for all, because such ends do not differ. */
import { ConnectionEndedError } from "../../KuzzleError.ts"

export const released = new ConnectionEndedError({ by: "Released", code: 1000, reason: "" })
