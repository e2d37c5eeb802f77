/**
 * The open channels of this connection, with the intents that listen to each and the rooms that the channels belong to.
 */
import type { Intent } from "./intent.ts"

/** A channel is `<roomId>-<digits>` (spec 1.5). */
export const roomOf = (channel: string): string => {
  const dash = channel.lastIndexOf("-")
  return dash < 0 ? channel : channel.slice(0, dash)
}

type Rooms = Map<string, number>

export class Channels<E> {
  /** The newest intent of each channel. Its `older` leads to the others. */
  private readonly newest = new Map<string, Intent<E>>()
  /**
   * How many open channels each room has. Counted when it is first needed, because most programs never leave a room.
   */
  private rooms: Rooms | undefined = undefined

  newestOf(channel: string): Intent<E> | undefined {
    return this.newest.get(channel)
  }

  hasRoom(roomId: string): boolean {
    return this.counted().has(roomId)
  }

  join(intent: Intent<E>, channel: string): void {
    const older = this.newest.get(channel)
    intent.phase = "Open"
    intent.channel = channel
    intent.older = older
    this.newest.set(channel, intent)
    if (older !== undefined) older.newer = intent
    else if (this.rooms !== undefined) add(this.rooms, roomOf(channel), 1)
  }

  /**
   * Returns the id of the room if nothing listens to it any more. `older` of the intent stays set, because a
   * notification may be on its way along the chain.
   */
  leave({ newer, older }: Intent<E>, channel: string): string | undefined {
    if (!this.newest.has(channel)) return undefined
    if (older !== undefined) older.newer = newer
    if (newer !== undefined) newer.older = older
    else if (older !== undefined) this.newest.set(channel, older)
    else return this.close(channel)
    return undefined
  }

  private close(channel: string): string | undefined {
    const rooms = this.counted()
    const roomId = roomOf(channel)
    this.newest.delete(channel)
    if (add(rooms, roomId, -1) > 0) return undefined
    rooms.delete(roomId)
    return roomId
  }

  clear(): void {
    this.newest.clear()
    this.rooms = undefined
  }

  private counted(): Rooms {
    if (this.rooms === undefined) {
      this.rooms = new Map()
      for (const channel of this.newest.keys()) add(this.rooms, roomOf(channel), 1)
    }
    return this.rooms
  }
}

/** Returns how many channels the room has now. */
const add = (rooms: Rooms, roomId: string, channels: number): number => {
  const count = (rooms.get(roomId) ?? 0) + channels
  rooms.set(roomId, count)
  return count
}
