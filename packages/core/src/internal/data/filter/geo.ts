/**
 * Points, distances and shapes, as the server reads and compares them. The server uses Boost.Geometry on the WGS 84
 * spheroid, with Andoyer's formulas.
 */
import { type Fields, isFields } from "./field.ts"

/** In degrees. */
export interface Point {
  readonly lat: number
  readonly lon: number
}

export interface Box {
  readonly _tag: "Box"
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

export type Shape =
  | Box
  /** In meters. A circle is a ring whose `from` is 0. */
  | { readonly _tag: "Ring"; readonly center: Point; readonly from: number; readonly to: number }
  | { readonly _tag: "Polygon"; readonly points: ReadonlyArray<Point> }

// -------------------------------------------------------------------------------------------------------------------
// formats
// -------------------------------------------------------------------------------------------------------------------

const toNumber = (u: unknown): number | undefined => {
  const number = typeof u === "string" ? Number.parseFloat(u) : u
  return typeof number === "number" && !Number.isNaN(number) ? number : undefined
}

const point = (lat: unknown, lon: unknown): Point | undefined => {
  const degreesNorth = toNumber(lat)
  const degreesEast = toNumber(lon)
  return degreesNorth === undefined || degreesEast === undefined
    ? undefined
    : { lat: degreesNorth, lon: degreesEast }
}

/** A point in any format of the server: `[lat, lon]`, `{lat, lon}`, `"lat, lon"`, geohash, `{latLon}`, `{lat_lon}`. */
export const toPoint = (u: unknown): Point | undefined => {
  if (!isFields(u)) {
    return bareToPoint(u)
  }
  if (Object.hasOwn(u, "lat") && Object.hasOwn(u, "lon")) {
    return point(u["lat"], u["lon"])
  }
  const inner = either(u, "latLon", "lat_lon")
  return isFields(inner) ? point(inner["lat"], inner["lon"]) : bareToPoint(inner)
}

const bareToPoint = (u: unknown): Point | undefined => {
  if (Array.isArray(u)) {
    return u.length === 2 ? point(u[0], u[1]) : undefined
  }
  if (typeof u !== "string") {
    return undefined
  }
  const coordinates = u.split(",")
  return coordinates.length === 2
    ? point(coordinates[0], coordinates[1])
    : /^[0-9a-z]{4,}$/.test(u)
    ? decodeGeohash(u)
    : undefined
}

const either = (fields: Fields, camelCase: string, snakeCase: string): unknown =>
  Object.hasOwn(fields, camelCase)
    ? fields[camelCase]
    : Object.hasOwn(fields, snakeCase)
    ? fields[snakeCase]
    : undefined

const BASE32 = "0123456789bcdefghjkmnpqrstuvwxyz"

const decodeGeohash = (hash: string): Point => {
  const lat = { min: -90, max: 90 }
  const lon = { min: -180, max: 180 }
  let isLon = true
  for (const char of hash) {
    // The server reads the four letters outside the alphabet as zeros.
    const bits = Math.max(BASE32.indexOf(char), 0)
    for (let bit = 4; bit >= 0; bit--) {
      const interval = isLon ? lon : lat
      const middle = (interval.min + interval.max) / 2
      interval[(bits >> bit) & 1 ? "min" : "max"] = middle
      isLon = !isLon
    }
  }
  return { lat: (lat.min + lat.max) / 2, lon: (lon.min + lon.max) / 2 }
}

/** A box: its four sides, or two of its corners. */
export const toBox = (u: unknown): Box | undefined => {
  if (!isFields(u)) {
    return undefined
  }
  const sides = [u["top"], u["left"], u["bottom"], u["right"]]
  if (sides.every((side) => typeof side === "string" || typeof side === "number")) {
    const [top, left, bottom, right] = sides.map(toNumber)
    return top === undefined || left === undefined || bottom === undefined || right === undefined
      ? undefined
      : { _tag: "Box", top, left, bottom, right }
  }
  const topLeft = toPoint(either(u, "topLeft", "top_left"))
  const bottomRight = toPoint(either(u, "bottomRight", "bottom_right"))
  return topLeft && bottomRight &&
    { _tag: "Box", top: topLeft.lat, left: topLeft.lon, bottom: bottomRight.lat, right: bottomRight.lon }
}

const METERS: { readonly [unit: string]: number } = {
  meter: 1,
  m: 1,
  feet: 0.3048,
  ft: 0.3048,
  inch: 0.0254,
  in: 0.0254,
  yard: 0.9144,
  yd: 0.9144,
  mile: 1609.34,
  mi: 1609.34
}

/** The server ignores case and reads `m` as milli, so there is no prefix for mega. */
const SHORT_PREFIXES: ReadonlyArray<readonly [string, number]> = [
  ["da", 10],
  ["mu", 1e-6],
  ["m", 1e-3],
  ["h", 100],
  ["k", 1000],
  ["n", 1e-9],
  ["p", 1e-12],
  ["c", 1e-2],
  ["d", 1e-1],
  ["f", 1e-15],
  ["a", 1e-18],
  ["z", 1e-21],
  ["y", 1e-24]
]

const LONG_PREFIXES: ReadonlyArray<readonly [string, number]> = [
  ["milli", 1e-3],
  ["micro", 1e-6],
  ["nano", 1e-9],
  ["pico", 1e-12],
  ["centi", 1e-2],
  ["deci", 1e-1],
  ["deka", 10],
  ["hecto", 100],
  ["kilo", 1000],
  ["mega", 1e6],
  ["giga", 1e9],
  ["tera", 1e12]
]

/**
 * Parses a distance into meters. It is a number and a unit, which may have a prefix or a plural ending: `"10 km"`, `"3
 * 258,55 Feet"`.
 *
 * This is stricter than the server. The server also reads times as distances (`10h` is 600 m), `1.000,5 km` as 1 km,
 * and `-5 m` as 5 m.
 */
export const toMeters = (distance: string): number | undefined => {
  const [, number, unit] =
    /^((?:\d*\.)?\d+)([a-z]+)$/.exec(distance.replace(/\s/g, "").replace(",", ".").toLowerCase()) ??
      []
  if (number === undefined || unit === undefined) {
    return undefined
  }
  // A text of two letters is not a plural: `ms` is a millisecond for the server.
  const spellings = unit.length === 2 ? [unit] : [unit, unit.replace(/s$/, ""), unit.replace(/es$/, "")]
  const factor = spellings.map(metersIn).find((meters) => meters !== undefined)
  return factor === undefined ? undefined : Number.parseFloat(number) * factor
}

const metersIn = (unit: string): number | undefined => {
  if (Object.hasOwn(METERS, unit)) {
    return METERS[unit]
  }
  const [prefix, factor] = (unit.length > 3 ? LONG_PREFIXES : SHORT_PREFIXES)
    .find(([prefix]) => unit.startsWith(prefix)) ?? ["", 0]
  const base = unit.slice(prefix.length)
  const meters = prefix !== "" && Object.hasOwn(METERS, base) ? METERS[base] : undefined
  return meters === undefined ? undefined : meters * factor
}

// -------------------------------------------------------------------------------------------------------------------
// geometry
// -------------------------------------------------------------------------------------------------------------------

/** WGS 84. */
const RADIUS = 6378137
const FLATTENING = (RADIUS - 6356752.3142451793) / RADIUS

const radians = (degrees: number): number => degrees * Math.PI / 180

/** The difference from one longitude to another, eastward and by the shorter way: in (-180, 180]. */
const eastward = (from: number, to: number): number => {
  const turned = (to - from) % 360
  // Adding and subtracting half a turn is off by about 1e-14. Two sides that end on the same meridian must get the same
  // value.
  return Math.abs(turned) < 1e-12 ? 0 : turned > 180 ? turned - 360 : turned <= -180 ? turned + 360 : turned
}

/** Whether a shape contains a point. The border belongs to the shape. */
export const contains = (shape: Shape, p: Point): boolean => {
  switch (shape._tag) {
    case "Box":
      return boxContains(shape, p)
    case "Ring": {
      if (!boxContains(envelope(shape.center, shape.to), p)) {
        return false
      }
      const distance = distanceBetween(shape.center, p)
      return distance <= shape.to && distance >= shape.from
    }
    case "Polygon":
      return polygonContains(shape.points, p)
  }
}

const boxContains = ({ bottom, left, right, top }: Box, { lat, lon }: Point): boolean => {
  if (!(lat >= bottom && lat <= top)) {
    return false
  }
  if ((lon >= left && lon <= right) || right - left >= 360) {
    return true
  }
  // A longitude may be off by a full turn: 190 is -170.
  const fromLeft = eastward(left, lon)
  return left + (fromLeft < 0 ? fromLeft + 360 : fromLeft) <= right
}

/**
 * The box that the server's index puts around a circle. It is computed on a sphere. Near the equator it is a little too
 * small and cuts off parts of the circle on the spheroid. So it must be applied here, too.
 */
const envelope = ({ lat, lon }: Point, radius: number): Box => {
  const north = radius / RADIUS * 180 / Math.PI
  const east = radius / (RADIUS * Math.cos(radians(lat))) * 180 / Math.PI
  return { _tag: "Box", top: lat + north, left: lon - east, bottom: lat - north, right: lon + east }
}

/** The arc between two points on a sphere, and the other inputs of Andoyer's corrections. */
const inverse = (from: Point, to: Point) => {
  const dLon = radians(to.lon) - radians(from.lon)
  const lat1 = radians(from.lat)
  const lat2 = radians(to.lat)
  const sin1 = Math.sin(lat1)
  const cos1 = Math.cos(lat1)
  const sin2 = Math.sin(lat2)
  const cos2 = Math.cos(lat2)
  const cosD = Math.max(-1, Math.min(1, sin1 * sin2 + cos1 * cos2 * Math.cos(dLon)))
  return { dLon, sin1, cos1, sin2, cos2, cosD, d: Math.acos(cosD) }
}

const distanceBetween = (from: Point, to: Point): number => {
  if (from.lat === to.lat && from.lon === to.lon) {
    return 0
  }
  const { cosD, d, sin1, sin2 } = inverse(from, to)
  const k = (sin1 - sin2) ** 2
  const l = (sin1 + sin2) ** 2
  const sinD3 = 3 * Math.sin(d)
  const h = cosD === 1 ? 0 : (d + sinD3) / (1 - cosD)
  const g = cosD === -1 ? 0 : (d - sinD3) / (1 + cosD)
  return RADIUS * (d - FLATTENING / 4 * (h * k + g * l))
}

/** The direction from one point to another, in radians. */
const azimuth = (from: Point, to: Point): number => {
  const { cos1, cos2, cosD, d, dLon, sin1, sin2 } = inverse(from, to)
  const sinD = Math.sin(d)
  if (sinD === 0) {
    return cosD >= 0 || sin1 !== 1 ? 0 : Math.PI
  }
  const a = Math.atan2(Math.sin(dLon), cos1 * sin2 / cos2 - sin1 * Math.cos(dLon))
  const b = Math.atan2(Math.sin(dLon), cos2 * sin1 / cos1 - sin2 * Math.cos(dLon))
  const u = FLATTENING / 2 * cos1 ** 2 * Math.sin(2 * a)
  const v = FLATTENING / 2 * cos2 ** 2 * Math.sin(2 * b)
  return a - (v * d / sinD - u)
}

/**
 * Applies the winding rule on a spheroid, where the sides of the polygon are geodesics. A side that crosses the point's
 * meridian south of the point counts 2. A side that ends on the meridian there counts 1. Westward sides count
 * negatively. The sum is 0 if the point is outside.
 *
 * A polygon around a pole also crosses the meridian on the far side of the globe. Its inside is on the left of its
 * sides: the north if the polygon goes east, the south if it goes west. The sides that cross the meridian there then
 * also border the inside.
 *
 * A side that spans exactly half the globe goes over a pole, which this function does not handle.
 */
const polygonContains = (points: ReadonlyArray<Point>, p: Point): boolean => {
  let winding = 0
  let near = 0
  let far = 0
  for (let i = 0; i < points.length; i++) {
    const from = points[i]
    const to = points[(i + 1) % points.length]
    if (from === undefined || to === undefined) {
      continue
    }
    const width = eastward(from.lon, to.lon)
    const offset = eastward(from.lon, p.lon)
    const rest = eastward(p.lon, to.lon)
    const sign = width < 0 ? -1 : 1
    if (offset === 0 && rest === 0) {
      // A side along the meridian crosses nothing, but the point may lie on it.
      if (p.lat >= Math.min(from.lat, to.lat) && p.lat <= Math.max(from.lat, to.lat)) {
        return true
      }
    } else if (offset === 0 || rest === 0) {
      const end = offset === 0 ? from : to
      if (p.lat === end.lat) {
        return true
      }
      winding += p.lat > end.lat ? sign : 0
      near += sign
    } else if (Math.sign(offset) === sign && Math.abs(offset) < Math.abs(width)) {
      const side = sideOf(from, to, p)
      if (side === 0) {
        return true
      }
      winding += side * sign > 0 ? 2 * sign : 0
      near += 2 * sign
    } else {
      const farOffset = eastward(from.lon, p.lon + 180)
      if (farOffset === 0 || eastward(p.lon + 180, to.lon) === 0) {
        far += width === 0 ? 0 : sign
      } else if (Math.sign(farOffset) === sign && Math.abs(farOffset) < Math.abs(width)) {
        far += 2 * sign
      }
    }
  }
  return near < 0 && far !== 0 ? winding !== far : winding !== 0
}

/** 1: the point is to the left of the geodesic, -1: to its right, 0: on it. */
const sideOf = (from: Point, to: Point, p: Point): number => {
  const turn = azimuth(from, p) - azimuth(from, to)
  const wrapped = turn > Math.PI ? turn - 2 * Math.PI : turn < -Math.PI ? turn + 2 * Math.PI : turn
  return Math.abs(wrapped) < 1e-14 ? 0 : -Math.sign(wrapped)
}
