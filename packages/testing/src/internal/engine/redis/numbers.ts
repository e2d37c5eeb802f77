/**
 * How Redis reads and writes numbers.
 */
import type { Bytes } from "./bytes.ts"
import { notAFloat, notAnInteger, type RedisError, refuse } from "./errors.ts"

const min64 = -(2n ** 63n)
const max64 = 2n ** 63n - 1n

export const fits64 = (n: bigint): boolean => n >= min64 && n <= max64

/** An integer of 64 bits, written as Redis would write it. */
export const asBigInt = (text: Bytes): bigint | undefined => {
  if (text.length > 20 || !/^(?:0|-?[1-9]\d*)$/.test(text)) return undefined
  const n = BigInt(text)
  return fits64(n) ? n : undefined
}

export const bigInt = (text: Bytes, otherwise: () => RedisError = notAnInteger): bigint => {
  const n = asBigInt(text)
  if (n === undefined) throw otherwise()
  return n
}

export const integer = (text: Bytes, otherwise?: () => RedisError): number => Number(bigInt(text, otherwise))

/**
 * An integer of an answer, as the Redis driver of the real server reads it: digit by digit. Beyond 2^53 the result is
 * slightly inexact.
 */
export const toReply = (n: bigint): number => {
  const [, sign = "", digits = ""] = /^(-?)(\d+)$/.exec(String(n)) ?? []
  const absolute = [...digits].reduce((sum, digit) => sum * 10 + Number(digit), 0)
  return sign === "-" ? -absolute : absolute
}

export const natural = (text: Bytes): number => {
  const failure = () => refuse("value is out of range, must be positive")
  const n = integer(text, failure)
  if (n < 0) throw failure()
  return n
}

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i
const infinite = /^([+-]?)inf(?:inity)?$/i

/** A text that C's `strtod` accepts as a whole, except NaN and hexadecimal numbers. */
export const asFloat = (text: Bytes): number | undefined => {
  const sign = infinite.exec(text)?.[1]
  if (sign !== undefined) return sign === "-" ? -Infinity : Infinity
  if (!decimal.test(text)) return undefined
  const n = Number(text)
  return Number.isFinite(n) ? n : undefined
}

/** {@link asFloat} where Redis reads numbers leniently: leading spaces are skipped, and an empty text is 0. */
export const asLooseFloat = (text: Bytes): number | undefined =>
  text === "" ? 0 : asFloat(text.replace(/^[ \t-\r]+/, ""))

export const float = (text: Bytes, otherwise: () => RedisError = notAFloat): number => {
  const n = asFloat(text)
  if (n === undefined) throw otherwise()
  return n
}

/** C's `%.17g`. */
export const formatFloat = (n: number): Bytes => {
  if (!Number.isFinite(n)) return n > 0 ? "inf" : "-inf"
  if (n === 0) return Object.is(n, -0) ? "-0" : "0"
  const [mantissa = "", exponent = "0"] = n.toExponential(16).split("e")
  const e = Number(exponent)
  if (e >= -4 && e < 17) return withoutZeros(n.toFixed(16 - e))
  return `${withoutZeros(mantissa)}e${e < 0 ? "-" : "+"}${String(Math.abs(e)).padStart(2, "0")}`
}

export const withoutZeros = (digits: string): string => digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits
