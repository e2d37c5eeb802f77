/** The page's side of a backend in Node: its addresses, and the commands for its network. */
import { Effect } from "effect"
import type { Scope } from "effect"
import type { Network } from "./backend.ts"
import type { FaultControls } from "./line.ts"

export interface RemoteBackend {
  /** The server itself. */
  readonly url: string
  /** The relay in front of it. */
  readonly relayUrl: string
  /** `POST /cut`, `/close/<code>`, `/freeze`, `/thaw`; `/lines` makes another relay. */
  readonly controlUrl: string
}

/** A relay for one client: `POST /lines/<id>/inject`, `/struck`, `/heal`, `/cut`, `/sockets`, `/end`. */
export interface RemoteLine {
  readonly id: string
  readonly url: string
}

const post = <A>({ controlUrl }: RemoteBackend, path: string, body?: unknown): Effect.Effect<A> =>
  Effect.promise(async (signal) => {
    const init = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(`${controlUrl}/${path}`, { method: "POST", signal, ...init })
    if (response.status !== 200) throw new Error(`${path} was answered with ${response.status}`)
    // The other half of this protocol, `control.ts`, defines the answers.
    return await response.json() as A
  })

export const network = (remote: RemoteBackend): Network => ({
  cut: post(remote, "cut"),
  close: (code) => post(remote, `close/${code}`),
  freeze: post(remote, "freeze"),
  thaw: post(remote, "thaw")
})

/** Makes a relay that ends with the scope. */
export const line = (remote: RemoteBackend): Effect.Effect<FaultControls & RemoteLine, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(post<RemoteLine>(remote, "lines"), ({ id }) => post(remote, `lines/${id}/end`)),
    ({ id, url }) => ({
      id,
      url,
      inject: (fault, when) => post(remote, `lines/${id}/inject`, { fault, when }),
      struck: post(remote, `lines/${id}/struck`),
      heal: post(remote, `lines/${id}/heal`),
      cut: post(remote, `lines/${id}/cut`),
      sockets: post(remote, `lines/${id}/sockets`)
    })
  )
