/** Places as Redis stores them. The score in a sorted set contains 26 bits of each coordinate, interleaved. */

export interface Place {
  readonly lon: number
  readonly lat: number
}

/** The range of latitudes of the Mercator projection. */
export const limits = { lon: 180, lat: 85.05112878 }

const steps = 2 ** 26
const earthRadius = 6372797.560856

/** The step of the range that contains a coordinate. */
const stepOf = (value: number, min: number, max: number): number => Math.floor(((value - min) / (max - min)) * steps)

const interleave = (lat: number, lon: number): number => {
  let bits = 0
  for (let i = 26; i >= 0; i--) bits = bits * 4 + ((lon >> i) & 1) * 2 + ((lat >> i) & 1)
  return bits
}

export const encode = ({ lat, lon }: Place, latLimit = limits.lat): number =>
  interleave(stepOf(lat, -latLimit, latLimit), stepOf(lon, -limits.lon, limits.lon))

/** The middle of a step. */
const middle = (step: number, limit: number): number => {
  const scale = limit - -limit
  const min = -limit + (step / steps) * scale
  const max = -limit + ((step + 1) / steps) * scale
  return Math.min(Math.max((min + max) / 2, -limit), limit)
}

export const decode = (score: number): Place => {
  let [lat, lon] = [0, 0]
  for (let i = 0, rest = score; i < 27; i++, rest = Math.floor(rest / 4)) {
    const bits = rest % 4
    lat += (bits & 1) * 2 ** i
    lon += (bits >> 1) * 2 ** i
  }
  return { lon: middle(lon, limits.lon), lat: middle(lat, limits.lat) }
}

const alphabet = "0123456789bcdefghjkmnpqrstuvwxyz"

/** The standard geohash of 11 characters, with latitudes up to the poles. There are no bits for the last character. */
export const standard = (score: number): string => {
  let rest = Math.floor(encode(decode(score), 90) / 4)
  let text = ""
  for (let i = 0; i < 10; i++) {
    text = alphabet[rest % 32]! + text
    rest = Math.floor(rest / 32)
  }
  return `${text}0`
}

const radians = (degrees: number): number => degrees * (Math.PI / 180)

/** The distance between two places, in metres. */
export const distance = (a: Place, b: Place): number => {
  const [latA, latB] = [radians(a.lat), radians(b.lat)]
  const v = Math.sin((radians(b.lon) - radians(a.lon)) / 2)
  if (v === 0) return earthRadius * Math.abs(latB - latA)
  const u = Math.sin((latB - latA) / 2)
  return 2 * earthRadius * Math.asin(Math.sqrt(u * u + Math.cos(latA) * Math.cos(latB) * v * v))
}
