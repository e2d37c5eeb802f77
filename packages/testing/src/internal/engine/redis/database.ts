/**
 * The keys, what they hold, and until when.
 */
import type { Bytes } from "./bytes.ts"
import { RedisError, wrongType } from "./errors.ts"
import type { Members } from "./members.ts"
import type { Scores } from "./scores.ts"

export type Value =
  /** `appended`: Redis keeps what was appended to as `raw`, however short. */
  | { readonly kind: "string"; readonly text: Bytes; readonly appended?: boolean }
  /** A HyperLogLog; it counts exactly here. For Redis it is a text, whose bytes nobody reads. */
  | { readonly kind: "hyperloglog"; readonly elements: Set<Bytes> }
  | { readonly kind: "list"; readonly items: Array<Bytes> }
  | { readonly kind: "set"; readonly members: Members }
  | { readonly kind: "hash"; readonly fields: Map<Bytes, Bytes> }
  | { readonly kind: "zset"; readonly scores: Scores }

export type Kind = Value["kind"]
export type ValueOf<K extends Kind> = Extract<Value, { readonly kind: K }>

interface Entry {
  readonly value: Value
  expiresAt: number | undefined
  usedAt: number
}

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
  /** A number from 0 to below 1, another one each time. */
  readonly random: () => number
  private readonly entries = new Map<Bytes, Entry>()

  constructor(random: () => number) {
    this.random = random
  }

  private entry(key: Bytes): Entry | undefined {
    const entry = this.entries.get(key)
    if (entry?.expiresAt === undefined || entry.expiresAt > this.now) return entry
    this.entries.delete(key)
    return undefined
  }

  has(key: Bytes): boolean {
    return this.entry(key) !== undefined
  }

  /** Looks without marking the key as used. */
  peek(key: Bytes): Value | undefined {
    return this.entry(key)?.value
  }

  find(key: Bytes): Value | undefined {
    const entry = this.entry(key)
    if (entry !== undefined) entry.usedAt = this.now
    return entry?.value
  }

  /** The value of a key, which must be of that kind if it is there. */
  get<K extends Kind>(key: Bytes, kind: K): ValueOf<K> | undefined {
    const value = this.find(key)
    if (value === undefined) return undefined
    if (value.kind !== kind) throw wrongType()
    // The kind was compared.
    return value as ValueOf<K>
  }

  /** As `get`, or a new one. */
  open<K extends Exclude<Kind, "string">>(key: Bytes, kind: K, make: () => ValueOf<K>): ValueOf<K> {
    const found = this.get(key, kind)
    if (found !== undefined) return found
    const made = make()
    this.set(key, made)
    return made
  }

  /** Puts a value in place of what was there; it lives for ever. */
  set(key: Bytes, value: Value): void {
    this.entries.set(key, { value, expiresAt: undefined, usedAt: this.now })
  }

  /** Puts a value in place of what was there, which lives as long as that did. */
  replace(key: Bytes, value: Value): void {
    this.entries.set(key, { value, expiresAt: this.entry(key)?.expiresAt, usedAt: this.now })
  }

  /** A collection without members is none. */
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
    this.entries.delete(from)
    this.entries.set(to, entry)
  }

  /** Until when a key lives; `undefined` for ever. */
  expiry(key: Bytes): number | undefined {
    return this.entry(key)?.expiresAt
  }

  /** False when there is no such key. What is due already is removed at once. */
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
    this.entries.clear()
  }
}
