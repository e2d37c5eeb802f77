/** Serves the files of the page. */
import { Effect } from "effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

export interface Resource {
  readonly type: string
  readonly content: string
}

/** Listens until the scope closes. Succeeds with the port. */
export const serve = (resources: Readonly<Record<string, Resource>>, { host, port }: { host: string; port: number }) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const server = createServer(({ url = "" }, response) => {
        const resource = Object.hasOwn(resources, url) ? resources[url] : undefined
        if (resource === undefined) response.writeHead(404).end()
        else response.writeHead(200, { "content-type": resource.type }).end(resource.content)
      })
      await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve))
      return server
    }),
    (server) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  ).pipe(
    // A server that listens on TCP has an address with a port.
    Effect.map((server) => (server.address() as AddressInfo).port)
  )
