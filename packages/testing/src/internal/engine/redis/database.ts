/** The keys with their values and expirations. */
import type { Changes } from "../changes.ts"
import type { Bytes } from "./bytes.ts"
import { RedisError, wrongType } from "./errors.ts"
import { restore, save, type SavedValue } from "./saved.ts"
import type { Entry, Kind, Value, ValueOf } from "./value.ts"

const isEmpty = (value: Value): boolean => {
  switch (value.kind) {
    case "list":
      return value.items.length === 0
    case "set":
      return value.members.size === 0
    case "hash":
      return value.fields.size === 0
    case "zset":
      return value.scores.size === 0
    default:
      return false
  }
}

export class Database {
  /** The instant of the command, in milliseconds. */
  now = 0
  /** A random number from 0 to below 1. */
  readonly random: () => number
  private readonly entries = new Map<Bytes, Entry>()
  private readonly changes: Changes | undefined
  /** Whether the current command changes nothing. */
  private isReading = false

  constructor(random: () => number, changes?: Changes) {
    this.random = random
    this.changes = changes
  }

  // -- saving -------------------------------------------------------------------------------------------------------

  /** Runs a command that changes no value. The values that it reads are not saved again. */
  reading<A>(run: () => A): A {
    this.isReading = true
    try {
      return run()
    } finally {
      this.isReading = false
    }
  }

  /** Marks a value as changed, because a command may change any value that it reads. */
  private mark(key: Bytes): void {
    if (this.changes !== undefined && !this.isReading) this.changes.mark("value", key, () => this.saved(key))
  }

  private saved(key: Bytes): readonly ["value", key: Bytes, saved: SavedValue | null] {
    const entry = this.entries.get(key)
    return ["value", key, entry === undefined ? null : save(entry)]
  }

  *allSaved() {
    for (const key of this.entries.keys()) yield this.saved(key)
  }

  restore(key: Bytes, saved: SavedValue | null): void {
    if (saved === null) this.entries.delete(key)
    else this.entries.set(key, restore(saved))
  }

  // -- keys ---------------------------------------------------------------------------------------------------------

  private entry(key: Bytes): Entry | undefined {
    this.mark(key)
    const entry = this.entries.get(key)
    if (entry?.expiresAt === undefined || entry.expiresAt > this.now) return entry
    this.entries.delete(key)
    return undefined
  }

  has(key: Bytes): boolean {
    return this.entry(key) !== undefined
  }

  /** Reads without marking the key as used. */
  peek(key: Bytes): Value | undefined {
    return this.entry(key)?.value
  }

  find(key: Bytes): Value | undefined {
    const entry = this.entry(key)
    if (entry !== undefined) entry.usedAt = this.now
    return entry?.value
  }

  /** The value of a key. If it exists, it must have this type. */
  get<K extends Kind>(key: Bytes, kind: K): ValueOf<K> | undefined {
    const value = this.find(key)
    if (value === undefined) return undefined
    if (value.kind !== kind) throw wrongType()
    // Safe: the type was compared.
    return value as ValueOf<K>
  }

  /** Like `get`, but creates a value if there is none. */
  open<K extends Exclude<Kind, "string">>(key: Bytes, kind: K, make: () => ValueOf<K>): ValueOf<K> {
    const existing = this.get(key, kind)
    if (existing !== undefined) return existing
    const made = make()
    this.set(key, made)
    return made
  }

  /** Replaces the value of a key and removes its expiration. */
  set(key: Bytes, value: Value): void {
    this.mark(key)
    this.entries.set(key, { value, expiresAt: undefined, usedAt: this.now })
  }

  /** Replaces the value of a key and keeps its expiration. */
  replace(key: Bytes, value: Value): void {
    this.entries.set(key, { value, expiresAt: this.entry(key)?.expiresAt, usedAt: this.now })
  }

  /** Removes the value of a key if it is a collection without members. */
  prune(key: Bytes): void {
    const value = this.peek(key)
    if (value !== undefined && isEmpty(value)) this.entries.delete(key)
  }

  delete(key: Bytes): boolean {
    return this.has(key) && this.entries.delete(key)
  }

  rename(from: Bytes, to: Bytes): void {
    const entry = this.entry(from)
    if (entry === undefined) throw new RedisError("ERR no such key")
    this.mark(to)
    this.entries.delete(from)
    this.entries.set(to, entry)
  }

  /** When a key expires; `undefined`: never. */
  expiry(key: Bytes): number | undefined {
    return this.entry(key)?.expiresAt
  }

  /** Returns `false` if the key does not exist. A key whose time has passed is removed at once. */
  expireAt(key: Bytes, at: number | undefined): boolean {
    const entry = this.entry(key)
    if (entry === undefined) return false
    entry.expiresAt = at
    this.entry(key)
    return true
  }

  idleMillis(key: Bytes): number {
    return this.now - (this.entry(key)?.usedAt ?? this.now)
  }

  keys(): ReadonlyArray<Bytes> {
    return [...this.entries.keys()].filter((key) => this.has(key))
  }

  clear(): void {
    for (const key of this.entries.keys()) this.mark(key)
    this.entries.clear()
  }
}
