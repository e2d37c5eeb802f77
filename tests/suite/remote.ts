/** What a page knows of a backend that lives in Node: addresses, among them the one that commands the network. */
import { Effect } from "effect"
import type { Scope } from "effect"
import type { Network } from "./backend.ts"
import type { Accidents } from "./line.ts"

export interface RemoteBackend {
  /** The server itself. */
  readonly url: string
  /** The relay in front of it. */
  readonly relayUrl: string
  /** `POST /cut`, `/close/<code>`, `/freeze`, `/thaw`; `/lines` for a relay of one's own. */
  readonly controlUrl: string
}

/** A relay of one's own: `POST /lines/<id>/arm`, `/struck`, `/heal`, `/cut`, `/sockets`, `/end`. */
export interface RemoteLine {
  readonly id: string
  readonly url: string
}

const post = <A>({ controlUrl }: RemoteBackend, path: string, body?: unknown): Effect.Effect<A> =>
  Effect.promise(async (signal) => {
    const init = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(`${controlUrl}/${path}`, { method: "POST", signal, ...init })
    if (response.status !== 200) throw new Error(`${path} was answered with ${response.status}`)
    // It is what the other half, `control.ts`, says that it is.
    return await response.json() as A
  })

export const network = (remote: RemoteBackend): Network => ({
  cut: post(remote, "cut"),
  close: (code) => post(remote, `close/${code}`),
  freeze: post(remote, "freeze"),
  thaw: post(remote, "thaw")
})

/** A relay of one's own, as long as the scope. */
export const line = (remote: RemoteBackend): Effect.Effect<Accidents & RemoteLine, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(post<RemoteLine>(remote, "lines"), ({ id }) => post(remote, `lines/${id}/end`)),
    ({ id, url }) => ({
      id,
      url,
      arm: (fault, when) => post(remote, `lines/${id}/arm`, { fault, when }),
      struck: post(remote, `lines/${id}/struck`),
      heal: post(remote, `lines/${id}/heal`),
      cut: post(remote, `lines/${id}/cut`),
      sockets: post(remote, `lines/${id}/sockets`)
    })
  )
