/**
 * The nodes of the server.
 *
 * @module
 * @since 0.1.0
 */
import * as Action from "./internal/client/action.ts"
import * as Shape from "./internal/data/shape.ts"

/**
 * An active node.
 *
 * @since 0.1.0
 * @category models
 */
export interface Node {
  readonly id: string
  readonly address: string
  /** An ISO 8601 date. */
  readonly birthdate: string
}

/**
 * A node that joined or left the cluster.
 *
 * @since 0.1.0
 * @category models
 */
export interface Activity {
  readonly id: string
  readonly address: string
  /** An ISO 8601 date. */
  readonly date: string
  readonly event: "joined" | "evicted"
  /** The reason why the node was evicted. */
  readonly reason?: string
}

/**
 * The state of the cluster: its active nodes, and the nodes that joined or left.
 *
 * @since 0.1.0
 * @category models
 */
export interface Status {
  readonly activeNodes: number
  readonly nodes: ReadonlyArray<Node>
  /** The latest changes, the oldest first. By default, there are at most 50. */
  readonly activity: ReadonlyArray<Activity>
}

/**
 * The active nodes, and the nodes that joined or left (`cluster:status`).
 *
 * @since 0.1.0
 * @category actions
 */
export const status = Action.make<Action.CallOptions, Status>({
  controller: "cluster",
  action: "status",
  http: ["GET", "/cluster/_status"],
  idempotent: true,
  result: Shape.whole(Shape.struct<Status>({
    activeNodes: Shape.number,
    nodes: Shape.array(Shape.struct<Node>({ id: Shape.string, address: Shape.string, birthdate: Shape.string })),
    activity: Shape.array(Shape.struct<Activity>({
      id: Shape.string,
      address: Shape.string,
      date: Shape.string,
      event: Shape.literal("joined", "evicted")
    }))
  }))
})
