/**
 * The encodings in which Redis 7.0 stores values. In Redis, a value that was once large keeps the encoding of a large
 * value. The engine does not implement this.
 */
import type { Bytes } from "./bytes.ts"
import { asBigInt } from "./numbers.ts"
import type { Value } from "./value.ts"

const isShort = (text: Bytes): boolean => text.length <= 64

const areShort = (size: number, texts: Iterable<Bytes>): boolean => size <= 128 && [...texts].every(isShort)

export const encodingOf = (value: Value): string => {
  switch (value.kind) {
    case "string":
      if (value.appended === true) return "raw"
      return asBigInt(value.text) !== undefined ? "int" : value.text.length <= 44 ? "embstr" : "raw"
    case "hyperloglog":
      return "raw"
    case "list":
      return "quicklist"
    case "set":
      return value.members.size <= 512 && [...value.members].every((member) => asBigInt(member) !== undefined)
        ? "intset"
        : "hashtable"
    case "hash":
      return areShort(value.fields.size, [...value.fields.keys(), ...value.fields.values()]) ? "listpack" : "hashtable"
    case "zset":
      return areShort(value.scores.size, value.scores.keys()) ? "listpack" : "skiplist"
  }
}

/** The number of references to a value. Redis shares small integers, and reports the largest number for them. */
export const referencesOf = (value: Value): number => {
  const n = value.kind === "string" && value.appended !== true ? asBigInt(value.text) : undefined
  return n !== undefined && n >= 0n && n < 10_000n ? 2 ** 31 - 1 : 1
}
