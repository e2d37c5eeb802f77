/**
 * Identifiers that look like the real server's. They are the same in every run, so that a test is repeatable.
 */
import { hmac } from "@noble/hashes/hmac.js"
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex } from "@noble/hashes/utils.js"
import * as Encoding from "effect/Encoding"

const utf8 = new TextEncoder()

export const digest = (secret: string, text: string): Uint8Array => hmac(sha256, utf8.encode(secret), utf8.encode(text))

export const digestHex = (secret: string, text: string): string => bytesToHex(digest(secret, text))

export class Identifiers {
  private readonly seed: string
  /** How many identifiers were generated. */
  count = 0
  constructor(seed: string) {
    this.seed = seed
  }

  private next(): Uint8Array {
    return digest(this.seed, `id ${this.count++}`)
  }

  /** A version 4 UUID, for connections and for requests without `requestId`. */
  uuid(): string {
    const bytes = this.next()
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const hex = bytesToHex(bytes)
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-")
  }

  /** A document id: 20 characters of base64url. */
  document(): string {
    return Encoding.encodeBase64Url(this.next().slice(0, 15))
  }

  /** The uuid of an index of Elasticsearch: 22 characters of base64url. */
  index(): string {
    return Encoding.encodeBase64Url(this.next().slice(0, 16))
  }

  /** A pseudo-random number from 0 to below 1. */
  random(): number {
    return new DataView(this.next().buffer).getUint32(0) / 2 ** 32
  }

  scroll(): string {
    return Encoding.encodeBase64(this.next())
  }
}
