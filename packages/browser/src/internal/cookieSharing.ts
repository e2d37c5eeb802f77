/**
 * The tabs of a browser have the same cookies. They notify each other through a `BroadcastChannel` when a session has
 * changed.
 */
import type { CookieSharing } from "@effect-kuzzle/core/KuzzleHttp"
import * as Effect from "effect/Effect"
import { webLock } from "./webLock.ts"

/** The parts of a window or a worker that are used here. */
export interface Host extends Partial<Pick<EventTarget, "addEventListener">> {
  readonly BroadcastChannel?: typeof BroadcastChannel | undefined
}

/** Cookies ignore ports, so a session belongs to a host. A message contains only the name of the host. */
const name = "kuzzle-session"

export const make = (host: Host): CookieSharing => ({
  join: (onChange) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => new Member(onChange, host)),
        (member) => Effect.sync(() => member.close())
      ),
      (member) => (changedAt) => member.announce(changedAt)
    ),
  lock: webLock(name)
})

class Member {
  private channel: BroadcastChannel | undefined
  private readonly listening = new AbortController()
  private readonly onChange: (changedAt?: string) => void
  private readonly host: Host

  constructor(onChange: (changedAt?: string) => void, host: Host) {
    this.onChange = onChange
    this.host = host
    this.open()
    const { signal } = this.listening
    // An open channel may keep a page out of the back/forward cache, and a page in that cache receives no messages.
    host.addEventListener?.("pagehide", () => this.closeChannel(), { signal })
    host.addEventListener?.("pageshow", (event) => {
      if (!("persisted" in event && event.persisted === true)) return
      this.open()
      onChange()
    }, { signal })
  }

  private open(): void {
    const { BroadcastChannel } = this.host
    if (BroadcastChannel === undefined) return
    this.channel = new BroadcastChannel(name)
    this.channel.onmessage = ({ data }) => this.onChange(String(data))
  }

  announce(changedAt: string): void {
    this.channel?.postMessage(changedAt)
  }

  private closeChannel(): void {
    this.channel?.close()
    this.channel = undefined
  }

  close(): void {
    this.closeChannel()
    this.listening.abort()
  }
}
