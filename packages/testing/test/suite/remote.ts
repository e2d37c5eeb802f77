/** What a page knows of a backend that lives in Node: addresses, among them the one that commands the network. */
import { Effect } from "effect"
import type { Network } from "./backend.ts"

export interface RemoteBackend {
  /** The server itself. */
  readonly url: string
  /** The relay in front of it. */
  readonly relayUrl: string
  /** `POST /cut`, `/close/<code>`, `/freeze`, `/thaw`. */
  readonly controlUrl: string
}

export const network = ({ controlUrl }: RemoteBackend): Network => {
  const command = (path: string) =>
    Effect.flatMap(
      Effect.promise(() => fetch(`${controlUrl}/${path}`, { method: "POST" })),
      ({ status }) => status === 204 ? Effect.void : Effect.dieMessage(`${path} was answered with ${status}`)
    )
  return {
    cut: command("cut"),
    close: (code) => command(`close/${code}`),
    freeze: command("freeze"),
    thaw: command("thaw")
  }
}
