import type { Controller } from "../state.ts"

const node = { address: "127.0.0.1", id: "knode-embedded" }

export const cluster: Controller = {
  status: ({ state }) => {
    const since = new Date(state.startedAt).toISOString()
    return {
      activeNodes: 1,
      activity: [{ address: node.address, date: since, event: "joined", id: node.id }],
      nodes: [{ address: node.address, birthdate: since, id: node.id }]
    }
  }
}
