/** The channels that are open on this connection, the intents that listen to each, and the rooms that they belong to. */
import type { Intent } from "./intent.ts"

/** A channel is `<roomId>-<digits>` (spec 1.5). */
export const roomOf = (channel: string): string => {
  const dash = channel.lastIndexOf("-")
  return dash < 0 ? channel : channel.slice(0, dash)
}

export class Channels<E> {
  /** The newest intent of each channel. The others follow by `older`. */
  private readonly newest = new Map<string, Intent<E>>()
  /** How many channels of ours each room has. */
  private readonly rooms = new Map<string, number>()

  newestOf(channel: string): Intent<E> | undefined {
    return this.newest.get(channel)
  }

  hasRoom(roomId: string): boolean {
    return this.rooms.has(roomId)
  }

  join(intent: Intent<E>, channel: string): void {
    const older = this.newest.get(channel)
    intent.phase = "Open"
    intent.channel = channel
    intent.older = older
    this.newest.set(channel, intent)
    if (older === undefined) this.addToRoom(roomOf(channel))
    else older.newer = intent
  }

  /** Returns the room if nothing listens to it any more. `older` stays: a notification may be on its way along the chain. */
  leave({ newer, older }: Intent<E>, channel: string): string | undefined {
    if (!this.newest.has(channel)) return undefined
    if (older !== undefined) older.newer = newer
    if (newer !== undefined) newer.older = older
    else if (older !== undefined) this.newest.set(channel, older)
    else {
      this.newest.delete(channel)
      return this.removeFromRoom(roomOf(channel))
    }
    return undefined
  }

  clear(): void {
    this.newest.clear()
    this.rooms.clear()
  }

  private addToRoom(roomId: string): void {
    this.rooms.set(roomId, (this.rooms.get(roomId) ?? 0) + 1)
  }

  private removeFromRoom(roomId: string): string | undefined {
    const others = (this.rooms.get(roomId) ?? 1) - 1
    if (others > 0) {
      this.rooms.set(roomId, others)
      return undefined
    }
    this.rooms.delete(roomId)
    return roomId
  }
}
