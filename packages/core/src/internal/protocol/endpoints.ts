/**
 * The addresses of the server, which are tried in turn, and the time until which each has asked to wait
 * (`Retry-After`).
 */
import { located } from "./connection.ts"

export class Endpoints {
  /** The time until which each endpoint has asked to wait, in milliseconds. */
  private waits: Map<string, number> | undefined = undefined

  /** @param all the addresses of the latest attempt; empty until the effect of `url` has yielded some */
  constructor(private all: ReadonlyArray<string>) {}

  current(): ReadonlyArray<string> {
    return this.all
  }

  /** The address of the next connection, from a new list. */
  locate(endpoint: string, now: readonly [string, ...Array<string>]): string {
    return located(this.all, endpoint, now)
  }

  replace(all: ReadonlyArray<string>): void {
    this.all = all
  }

  /** @param millis how long the endpoint asked to wait */
  handleRetryAfter(endpoint: string, millis: number, now: number): void {
    // Waits that are over are forgotten, because an effect may yield another address at every attempt.
    for (const [other, until] of this.waits ?? []) if (until <= now) this.waits?.delete(other)
    if (millis > 0) (this.waits ??= new Map()).set(endpoint, now + millis)
  }

  /** When the endpoint may be dialled. `-Infinity` if it has not asked to wait. */
  allowedAt(endpoint: string): number {
    return this.waits?.get(endpoint) ?? -Infinity
  }
}
