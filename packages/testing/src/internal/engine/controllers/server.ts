import { routeTable } from "../routes.ts"
import type { Controller } from "../state.ts"

export const server: Controller = {
  now: ({ now }) => ({ now }),
  info: ({ now, state }) => ({
    serverInfo: {
      kuzzle: {
        api: { routes: routeTable },
        application: { name: "embedded", version: "1.0.0", commit: null, controllers: {}, pipes: [], hooks: [] },
        // There is no process, no machine and no plugin to tell about.
        memoryUsed: 0,
        nodeVersion: "",
        plugins: {},
        system: { cpus: [], memory: { free: 0, total: 0 } },
        uptime: `${(now - state.startedAt) / 1000}s`,
        version: "2.56.0"
      },
      services: {}
    }
  }),
  publicApi: () => routeTable,
  adminExists: ({ state }) => ({ exists: state.users.adminExists })
}
