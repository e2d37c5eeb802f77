/** The addresses of the server, tried in turn, and until when each has asked not to be dialled (`Retry-After`). */
import { located } from "./connection.ts"

export class Endpoints {
  /** The time until which each endpoint has asked not to be dialled, in milliseconds. */
  private waits: Map<string, number> | undefined = undefined

  /** @param all as of the latest attempt to connect; empty while an effect has not yielded any */
  constructor(private all: ReadonlyArray<string>) {}

  current(): ReadonlyArray<string> {
    return this.all
  }

  /** The address of the next connection, from another list. */
  locate(endpoint: string, now: readonly [string, ...Array<string>]): string {
    return located(this.all, endpoint, now)
  }

  replace(all: ReadonlyArray<string>): void {
    this.all = all
  }

  /** `millis`: how long it asked to wait. */
  handleRetryAfter(endpoint: string, millis: number, now: number): void {
    // An effect may give another address at every dial: none is remembered for longer than it asked for.
    for (const [other, until] of this.waits ?? []) if (until <= now) this.waits?.delete(other)
    if (millis > 0) (this.waits ??= new Map()).set(endpoint, now + millis)
  }

  /** When the endpoint may be dialled; `-Infinity`: it has not asked to wait. */
  allowedAt(endpoint: string): number {
    return this.waits?.get(endpoint) ?? -Infinity
  }
}
