/** Reports outages, which are times without a connection: publishes events, makes a span, and counts reconnections. */
import type * as Clock from "effect/Clock"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import type * as Tracer from "effect/Tracer"
import type { ConnectError, ConnectionEndedError } from "../../KuzzleError.ts"
import { withoutSecrets } from "../data/endpoint.ts"
import type { Event } from "../protocol/clientAction.ts"
import type { ConnectionState } from "../protocol/connection.ts"
import type { Broadcast } from "./broadcast.ts"
import type { Telemetry } from "./telemetry.ts"
import type * as Traced from "./traced.ts"

export class Outage {
  private everReady = false
  /** The current outage: from the end of a ready connection until the next one is ready. */
  private current: { readonly because: "Loss" | "Replacement"; readonly span: Traced.Outage } | undefined = undefined

  constructor(
    private readonly telemetry: Telemetry,
    private readonly tracer: Tracer.Tracer,
    private readonly clock: Clock.Clock,
    private readonly events: Broadcast<Event>
  ) {}

  handleState(before: ConnectionState, now: ConnectionState): void {
    switch (now._tag) {
      case "Ready":
        this.everReady = true
        return this.ready(withoutSecrets(now.endpoint), now.attempt)
      case "Failed":
        this.current?.span.end(Exit.fail(now.cause))
        return this.events.publish({ _tag: "GaveUp", cause: now.cause })
      case "Closed":
        this.current?.span.end(Exit.interrupt(FiberId.none))
        return
      case "Waiting":
        if (before._tag !== "Waiting") this.handleEnded(now.cause)
    }
  }

  /** Reports the end of a connection, or the failure of an attempt. */
  handleEnded(cause: ConnectError | ConnectionEndedError): void {
    if (this.current !== undefined) this.current.span.failed(cause)
    else if (this.everReady) {
      const because = cause._tag === "KuzzleConnectionEndedError" && cause.by === "Replacement" ? "Replacement" : "Loss"
      this.current = { because, span: this.telemetry.spans.outage(this.tracer, this.clock, cause) }
    }
    if (cause._tag === "KuzzleConnectError") this.events.publish({ _tag: "ConnectFailed", cause })
    else this.events.publish({ _tag: "Disconnected", cause })
  }

  private ready(endpoint: string, attempt: number): void {
    if (this.current === undefined) return
    this.telemetry.metrics?.reconnects[this.current.because](1)
    this.current.span.end(Exit.succeed({ endpoint }))
    this.current = undefined
    this.events.publish({ _tag: "Reconnected", endpoint, attempt })
  }
}
