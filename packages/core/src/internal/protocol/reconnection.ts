/**
 * Decides when the next connection is dialled, and at which endpoint: after a loss, after a delay of the schedule, or
 * when the host wakes up.
 */
import * as Duration from "effect/Duration"
import * as RetryAfter from "../data/retryAfter.ts"
import type { Cause } from "./clientAction.ts"
import * as Connection from "./connection.ts"
import { Endpoints } from "./endpoints.ts"

/** The end of a connection, or of an attempt. */
interface Lost {
  readonly cause: Cause
  readonly endpoint: string
  readonly stable: boolean
}

/** What follows a loss. `delayMillis` is `undefined` if no further attempt is made. */
export interface Following extends Lost {
  readonly delayMillis: number | undefined
  /**
   * Whether no endpoint was reachable, or no further attempt is made. Then callers that wait for the first connection
   * fail.
   */
  readonly isUnusable: boolean
}

/** The part of the client's settings that this machine needs. */
export interface Settings {
  /** The schedule restarts after a connection that was open at least this long. */
  readonly stableAfter: Duration.Duration
}

export class Reconnection {
  private readonly endpoints: Endpoints
  /** When the connection was opened. */
  private openedAt: number | undefined = undefined
  /** The latest loss, until the schedule has returned the next delay. */
  private lost: Lost | undefined = undefined
  /** Whether the schedule restarts at its next use. */
  private restart = false
  /** The end of the backoff delay. */
  private pausedUntil = Infinity
  /**
   * Whether the host came back online or woke up since the current attempt began. Then the next attempt has no backoff
   * delay.
   */
  private woken = false
  private failures = 0

  constructor(endpoints: ReadonlyArray<string>, private readonly settings: Settings) {
    this.endpoints = new Endpoints(endpoints)
  }

  /** The addresses of the server. */
  current(): ReadonlyArray<string> {
    return this.endpoints.current()
  }

  /** The address of the next connection, from a new list. */
  locate(endpoint: string, now: readonly [string, ...Array<string>]): string {
    return this.endpoints.locate(endpoint, now)
  }

  /** Reports the endpoint of an attempt, and the current addresses. Returns when the endpoint may be dialled. */
  handleLocated(endpoint: string, current: ReadonlyArray<string>): number {
    this.endpoints.replace(current)
    return this.endpoints.allowedAt(endpoint)
  }

  handleDial(): void {
    this.woken = false
  }

  handleOpened(now: number): void {
    this.openedAt = now
    this.woken = false
  }

  /** Reports the end of a connection or an attempt. Returns whether there was a stable connection. */
  handleEnded(now: number): boolean {
    const { openedAt } = this
    const stable = openedAt !== undefined && now - openedAt >= Duration.toMillis(this.settings.stableAfter)
    this.openedAt = undefined
    // The restart is remembered even if the connection was closed on purpose, because the schedule is not used then.
    this.restart ||= stable
    return stable
  }

  /** Reports a loss. Returns whether the schedule restarts. */
  handleLost(lost: Lost, now: number): boolean {
    const { restart } = this
    this.lost = lost
    this.endpoints.handleRetryAfter(lost.endpoint, Duration.toMillis(RetryAfter.of(lost.cause)), now)
    this.restart = false
    return restart
  }

  /**
   * Reports the answer of the schedule. Returns what follows the latest loss.
   *
   * @param pause the backoff delay in milliseconds; `undefined` if the schedule has ended
   */
  handleDelay(pause: number | undefined, now: number): Following | undefined {
    const { lost } = this
    if (lost === undefined) return undefined
    this.lost = undefined
    const all = this.endpoints.current()
    const following = Connection.following(all, lost.endpoint, lost.stable)
    const wait = Math.max(0, this.endpoints.allowedAt(following) - now)
    const delayMillis = pause === undefined ? undefined : pause + wait
    this.pausedUntil = now + (delayMillis ?? Infinity)
    this.failures += 1
    return { ...lost, delayMillis, isUnusable: this.failures >= all.length || delayMillis === undefined }
  }

  /** Reports a defect, after which no further attempt is made. */
  handleDefect(): void {
    this.lost = undefined
  }

  /** Reports that the host came back online or woke up. */
  handleWoken(): void {
    this.woken = true
  }

  /** When to dial. Coming back online or waking up skips the backoff delay, but not the wait of `Retry-After`. */
  dialAt(endpoint: string): number {
    return Math.max(this.woken ? -Infinity : this.pausedUntil, this.endpoints.allowedAt(endpoint))
  }
}
