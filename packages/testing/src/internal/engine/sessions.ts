/**
 * Valid tokens and the connections that are linked to them: when tokens expire, and which connections are notified
 * (spec 1.5, 1.10).
 */
import type { KeyToken } from "./apiKeys.ts"
import type { Changes } from "./changes.ts"
import { error, nativeError } from "./errors.ts"
import * as Timespan from "./timespan.ts"
import * as Tokens from "./tokens.ts"

export interface Token {
  readonly jwt: string
  readonly userId: string
  /** Milliseconds since the epoch, -1 for never. */
  readonly expiresAt: number
  readonly ttl: number
  /** Whether the token is an API key, which is stored elsewhere and does not end at a logout. */
  readonly isApiKey: boolean
  /** Whether the token ends at its first use. */
  readonly singleUse: boolean
  refreshed: boolean
  /** When the server forgets the token: its expiry, or the end of the grace period after a refresh. */
  endsAt: number
}

/** A token; `endsAt` is `null` for a token that never ends, because JSON has no infinity. */
export type SavedToken = Omit<Token, "endsAt"> & { readonly endsAt: number | null }

/** A token with linked connections, which are notified when it expires. */
interface Watched {
  readonly token: Token
  readonly connections: Set<string>
}

export interface Options {
  readonly secret: string
  /** The default lifetime of a token, in milliseconds. */
  readonly lifetime: number
  /** How long a refreshed token still works, in milliseconds. */
  readonly gracePeriod: number
  /** An API key of a user. */
  readonly apiKey: (userId: string, jwt: string, now: number) => Pick<Token, "expiresAt" | "ttl"> | undefined
  readonly changes: Changes
}

/** The lifetime of a token: milliseconds or a timespan, as on the wire. */
const lifetime = (expiresIn: unknown): number => {
  if (expiresIn === "") throw nativeError(`val is not a non-empty string or a valid number. val=""`)
  const ttl = typeof expiresIn === "number" ? expiresIn : typeof expiresIn === "string" ? Timespan.parse(expiresIn) : 0
  if (ttl === undefined || ttl === 0) {
    throw error("api.assert.invalid_argument", "expiresIn", "a number of milliseconds, or a parsable timespan string")
  }
  return ttl
}

/** Refuses a lifetime that Redis does not accept: it only takes integers (tokenRepository.js, `persistForUser`). */
const checkStorable = (ttl: number): void => {
  if (ttl > 0 && !(Number.isInteger(ttl) && ttl < 2 ** 63)) {
    throw error("services.cache.write_failed", "ERR value is not an integer or out of range")
  }
}

export class Sessions {
  private readonly options: Options
  private readonly tokens = new Map<string, Token>()
  /** Sorted by expiry, as in the real server, whose off-by-one on a refresh the engine repeats (see `replace`). */
  private readonly watched: Array<Watched> = []
  /** Usually one entry for each token. A user who logs in twice within a second has the same token twice. */
  private readonly byToken = new Map<string, ReadonlyArray<Watched>>()
  private readonly byConnection = new Map<string, Watched>()
  constructor(options: Options) {
    this.options = options
  }

  private store(token: Token): void {
    this.tokens.set(token.jwt, token)
    this.mark(token.jwt)
  }

  private mark(jwt: string): void {
    this.options.changes.mark("token", jwt, () => this.saved(jwt))
  }

  private saved(jwt: string): readonly ["token", jwt: string, saved: SavedToken | null] {
    const token = this.tokens.get(jwt)
    return [
      "token",
      jwt,
      token === undefined ? null : { ...token, endsAt: token.endsAt === Infinity ? null : token.endsAt }
    ]
  }

  *allSaved() {
    for (const jwt of this.tokens.keys()) yield this.saved(jwt)
  }

  restore(jwt: string, saved: SavedToken | null): void {
    if (saved === null) this.tokens.delete(jwt)
    else this.tokens.set(jwt, { ...saved, endsAt: saved.endsAt ?? Infinity })
  }

  /** Creates a token. `expiresIn` is that of the request: milliseconds or a timespan. */
  create(userId: string, expiresIn: unknown, now: number, singleUse = false): Token {
    const ttl = expiresIn === undefined ? this.options.lifetime : lifetime(expiresIn)
    checkStorable(ttl)
    const expiresAt = ttl === -1 ? -1 : now + ttl
    const token: Token = {
      jwt: Tokens.sign(Tokens.prefix, this.options.secret, userId, ttl, now),
      userId,
      expiresAt,
      ttl,
      isApiKey: false,
      singleUse,
      refreshed: false,
      endsAt: ttl === -1 ? Infinity : expiresAt
    }
    this.store(token)
    return token
  }

  /** Creates the token of an API key, which is not stored here. */
  createKey(userId: string, expiresIn: unknown, now: number): KeyToken {
    const ttl = lifetime(expiresIn)
    const jwt = Tokens.sign(Tokens.keyPrefix, this.options.secret, userId, ttl, now)
    return { jwt, expiresAt: ttl === -1 ? -1 : now + ttl, ttl }
  }

  /** The token of a JWT; `undefined` if it is not valid. */
  lookup(jwt: string, now: number): Token | undefined {
    const userId = Tokens.verify(this.options.secret, jwt, now)
    if (userId === undefined) return undefined
    if (jwt.startsWith(Tokens.keyPrefix)) {
      const key = this.options.apiKey(userId, jwt, now)
      return key === undefined
        ? undefined
        : { ...key, jwt, userId, isApiKey: true, singleUse: false, refreshed: false, endsAt: Infinity }
    }
    const token = this.tokens.get(jwt)
    return token === undefined || token.endsAt <= now ? undefined : token
  }

  verify(jwt: string, now: number): Token {
    const token = this.lookup(jwt, now)
    // An expired token is "invalid" too: the real server tests the parent class of its error first (spec 0, 3).
    if (token === undefined) throw error("security.token.invalid")
    return token
  }

  /** Ends a single-use token. Returns the connections that lose their subscriptions. */
  endIfSingleUse(token: Token): ReadonlyArray<string> {
    return token.singleUse ? this.revoke(token) : []
  }

  /** Creates a token that replaces another one. The old one works until the end of the grace period. */
  refresh(old: Token, expiresIn: unknown, now: number): Token {
    if (old.refreshed) throw error("security.token.invalid")
    if (old.isApiKey) throw error("security.token.refresh_forbidden", "API Key")
    if (old.ttl < 0) throw error("security.token.refresh_forbidden", "Token with infinite TTL")
    const token = this.create(old.userId, expiresIn, now)
    // A token that is refreshed within its first second is the same token, so the grace period ends both (transcript
    // 04).
    this.store({ ...old, refreshed: true, endsAt: now + this.options.gracePeriod })
    this.replace(old, token)
    return token
  }

  /** Links a connection to the token of its last request. */
  link(token: Token, connectionId: string): void {
    const current = this.byConnection.get(connectionId)
    if (current !== undefined) {
      if (current.token.jwt === token.jwt) return
      this.detach(current, connectionId)
    }
    const known = this.watchedOf(token.jwt)
    if (known === undefined) return this.watch(token, new Set([connectionId]))
    known.connections.add(connectionId)
    this.byConnection.set(connectionId, known)
  }

  unlink(connectionId: string): void {
    const current = this.byConnection.get(connectionId)
    if (current === undefined) return
    this.detach(current, connectionId)
    this.byConnection.delete(connectionId)
  }

  /** The token that a connection is linked to, if it belongs to this user. */
  linked(userId: string, connectionId: string): Token | undefined {
    const token = this.byConnection.get(connectionId)?.token
    return token?.userId === userId ? token : undefined
  }

  /**
   * Replaces a token by another one for all its connections. The real server inserts the new token, and then deletes at
   * the former index of the old one. If the new token expires first, the wrong one is deleted: the expiry of the new
   * token is never notified (observed). The engine does the same.
   */
  replace(old: Token, token: Token): void {
    const watched = this.watchedOf(old.jwt)
    if (watched === undefined || old.jwt === token.jwt) return
    const index = this.indexOf(watched)
    this.watch(token, new Set(watched.connections))
    this.removeAt(index)
  }

  /** Ends a token. Returns the connections that lose their subscriptions without a notification. */
  revoke(token: Token): ReadonlyArray<string> {
    this.tokens.delete(token.jwt)
    this.mark(token.jwt)
    const watched = this.watchedOf(token.jwt)
    if (watched === undefined) return []
    this.removeAt(this.indexOf(watched))
    for (const id of watched.connections) this.byConnection.delete(id)
    return [...watched.connections]
  }

  revokeUser(userId: string): ReadonlyArray<string> {
    return [...this.tokens.values()].filter((token) => token.userId === userId).flatMap((token) => this.revoke(token))
  }

  /** Makes a token expire now. Its connections are notified as usual. */
  expire(jwt: string, now: number): ReadonlyArray<string> {
    const token = this.tokens.get(jwt)
    if (token !== undefined) {
      token.endsAt = Math.min(token.endsAt, now)
      this.mark(jwt)
    }
    const watched = this.watchedOf(jwt)
    return watched === undefined ? [] : this.removeExpired(this.indexOf(watched))
  }

  /** Removes the expired tokens. Returns their connections, which must be notified. */
  expired(now: number): ReadonlyArray<string> {
    const connectionIds: Array<string> = []
    for (let index = this.nextIndex(); index !== -1; index = this.nextIndex()) {
      if (this.watched[index]!.token.expiresAt > now) break
      connectionIds.push(...this.removeExpired(index))
    }
    for (const { endsAt, jwt } of this.tokens.values()) {
      if (endsAt > now) continue
      this.tokens.delete(jwt)
      this.mark(jwt)
    }
    return connectionIds
  }

  /** When the next watched token expires. */
  nextExpiry(): number {
    return this.watched[this.nextIndex()]?.token.expiresAt ?? Infinity
  }

  /** The index of the next token that expires. Tokens that never expire come first in the list, so they are skipped. */
  private nextIndex(): number {
    const index = this.firstIndex(0)
    return index === this.watched.length ? -1 : index
  }

  private removeExpired(index: number): ReadonlyArray<string> {
    const watched = this.removeAt(index)
    const connections = [...watched.connections]
    for (const id of connections) this.byConnection.delete(id)
    return connections
  }

  private watch(token: Token, connections: Set<string>): void {
    const watched = { token, connections }
    for (const id of connections) this.byConnection.set(id, watched)
    this.byToken.set(token.jwt, [...this.byToken.get(token.jwt) ?? [], watched])
    this.watched.splice(this.firstIndex(token.expiresAt, true), 0, watched)
  }

  private detach(watched: Watched, connectionId: string): void {
    watched.connections.delete(connectionId)
    if (watched.connections.size > 0) return
    const index = this.indexOf(watched)
    if (index !== -1) this.removeAt(index)
  }

  /** The index of the first token that expires at that time or later. With `after`, it must expire later. */
  private firstIndex(expiresAt: number, after = false): number {
    let low = 0
    let high = this.watched.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.watched[middle]!.token.expiresAt
      if (after ? other > expiresAt : other >= expiresAt) high = middle
      else low = middle + 1
    }
    return low
  }

  /** The index of an entry. It is searched among the tokens that expire at the same time. */
  private indexOf(watched: Watched): number {
    let index = this.firstIndex(watched.token.expiresAt)
    while (index < this.watched.length && this.watched[index] !== watched) index += 1
    return index < this.watched.length ? index : -1
  }

  /** The first entry of a token in the order of expiry. */
  private watchedOf(jwt: string): Watched | undefined {
    const [first, ...others] = this.byToken.get(jwt) ?? []
    return others.reduce((a, b) => this.indexOf(b) < this.indexOf(a!) ? b : a, first)
  }

  private removeAt(index: number): Watched {
    const [removed] = this.watched.splice(index, 1)
    const { jwt } = removed!.token
    const others = this.byToken.get(jwt)!.filter((other) => other !== removed)
    if (others.length > 0) this.byToken.set(jwt, others)
    else this.byToken.delete(jwt)
    return removed!
  }
}
