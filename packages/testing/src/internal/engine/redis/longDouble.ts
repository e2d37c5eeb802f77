/** Numbers as `long double` of x86, with 64 bits of mantissa: `incrbyfloat` and `hincrbyfloat` add in them. */
import type { Bytes } from "./bytes.ts"
import { notAFloat, type RedisError } from "./errors.ts"
import { withoutZeros } from "./numbers.ts"

/** A fraction whose denominator is a power of two. */
export interface LongDouble {
  readonly numerator: bigint
  readonly denominator: bigint
}

const mantissa = 64

const absolute = (n: bigint): bigint => (n < 0n ? -n : n)

const bits = (n: bigint): number => absolute(n).toString(2).length

/** The quotient, rounded to the nearest integer, or to the even one of two equally near. */
const divide = (numerator: bigint, denominator: bigint): bigint => {
  const n = absolute(numerator)
  const quotient = n / denominator
  const twice = 2n * (n % denominator)
  const rounded = twice > denominator || (twice === denominator && quotient % 2n === 1n) ? quotient + 1n : quotient
  return numerator < 0n ? -rounded : rounded
}

const round = (numerator: bigint, denominator: bigint): LongDouble => {
  if (numerator === 0n) return { numerator, denominator: 1n }
  // With this scale, the quotient has as many bits as the mantissa, or one more.
  let shift = mantissa - (bits(numerator) - bits(denominator))
  const scaled = (by: number) =>
    by >= 0 ? [numerator << BigInt(by), denominator] as const : [numerator, denominator << BigInt(-by)] as const
  const [n, d] = scaled(shift)
  if (absolute(n) / d >= 1n << BigInt(mantissa)) shift--
  const quotient = divide(...scaled(shift))
  return shift >= 0
    ? { numerator: quotient, denominator: 1n << BigInt(shift) }
    : { numerator: quotient << BigInt(-shift), denominator: 1n }
}

const decimal = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d{1,4}))?$/i

export const parse = (text: Bytes, otherwise: () => RedisError = notAFloat): LongDouble => {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = decimal.exec(text) ?? []
  const digits = whole + fraction
  if (digits === "") throw otherwise()
  const power = Number(exponent) - fraction.length
  const n = BigInt(digits) * (sign === "-" ? -1n : 1n)
  return power >= 0 ? round(n * 10n ** BigInt(power), 1n) : round(n, 10n ** BigInt(-power))
}

export const add = (a: LongDouble, b: LongDouble): LongDouble =>
  round(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator)

/** C's `%.17Lf`, without trailing zeros. */
export const format = ({ denominator, numerator }: LongDouble): Bytes => {
  const scaled = divide(numerator * 10n ** 17n, denominator)
  const digits = absolute(scaled).toString().padStart(18, "0")
  const text = withoutZeros(`${digits.slice(0, -17)}.${digits.slice(-17)}`)
  return scaled < 0n ? `-${text}` : text
}
