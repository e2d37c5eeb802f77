/** The end of a connection whose client was closed. It is one shared object, because all such ends are equal. */
import { ConnectionEndedError } from "../../KuzzleError.ts"

export const released = new ConnectionEndedError({ by: "Released", code: 1000, reason: "" })
