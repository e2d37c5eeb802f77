/** Places as Elasticsearch stores them, with 32 bits for each coordinate, and their forms in documents and queries. */
import { badRequest, error } from "./errors.ts"
import { asArray, isObject, type JsonObject } from "./json.ts"

export interface Place {
  readonly lat: number
  readonly lon: number
}

// -------------------------------------------------------------------------------------------------------------------
// reading
// -------------------------------------------------------------------------------------------------------------------

const alphabet = "0123456789bcdefghjkmnpqrstuvwxyz"

/** The south-western corner of the area of a geohash. */
const fromGeohash = (hash: string): Place | undefined => {
  const steps = Array.from(hash.toLowerCase(), (char) => alphabet.indexOf(char))
  if (steps.length === 0 || steps.length > 12 || steps.includes(-1)) return undefined
  const bits = steps.flatMap((step) => [16, 8, 4, 2, 1].map((bit) => (step & bit) === 0 ? 0 : 1))
  const corner = (first: number, limit: number): number =>
    bits.filter((_, i) => i % 2 === first).reduce((at, bit, i) => at + bit * limit / 2 ** i, -limit)
  return { lat: corner(1, 90), lon: corner(0, 180) }
}

const numberOf = (value: unknown): number =>
  typeof value === "number" ? value : typeof value === "string" && value.trim() !== "" ? Number(value) : NaN

const fromText = (text: string): Place | undefined => {
  const [, x, y] = /^\s*POINT\s*\(\s*(\S+)\s+([^\s)]+)\s*\)\s*$/i.exec(text) ?? []
  if (x !== undefined) return { lat: Number(y), lon: Number(x) }
  if (!text.includes(",")) return fromGeohash(text)
  const [lat, lon, ...others] = text.split(",")
  return others.length > 1 ? undefined : { lat: numberOf(lat), lon: numberOf(lon) }
}

const fromObject = ({ geohash, lat, lon, ...others }: JsonObject): Place | undefined => {
  if (Object.keys(others).length > 0) throw badRequest("field must be either [lat], [lon] or [geohash]")
  if (typeof geohash === "string") return fromGeohash(geohash)
  if (lat === undefined) throw badRequest("field [lat] missing")
  if (lon === undefined) throw badRequest("field [lon] missing")
  return { lat: numberOf(lat), lon: numberOf(lon) }
}

/** A place, even if its coordinates are out of range. `undefined` for a value in another form. */
const parse = (value: unknown): Place | undefined => {
  if (isObject(value)) return fromObject(value)
  if (typeof value === "string") return fromText(value)
  if (!Array.isArray(value)) throw badRequest("geo_point expected")
  const [lon, lat, ...others] = value
  return typeof lon === "number" && typeof lat === "number" && others.length < 2 ? { lat, lon } : undefined
}

const isOnEarth = ({ lat, lon }: Place): boolean => Math.abs(lat) <= 90 && Math.abs(lon) <= 180

/** A list of numbers is one place, longitude first. */
const listed = (value: unknown): ReadonlyArray<unknown> =>
  Array.isArray(value) && typeof value[0] === "number" ? [value] : asArray(value)

/** The places that a document has in a field. Throws if Elasticsearch refuses one. */
export const read = (value: unknown, path: string, field: JsonObject): ReadonlyArray<Place> => {
  if (Array.isArray(value) && value.length === 0) return []
  return listed(value).filter((item) => item !== null).flatMap((item) => {
    try {
      const place = parse(item)
      if (place !== undefined && isOnEarth(place)) return [rounded(place)]
    } catch (cause) {
      if (field.ignore_malformed !== true) throw cause
    }
    if (field.ignore_malformed === true) return []
    throw badRequest(`failed to parse field [${path}] of type [geo_point]`)
  })
}

/** A place in a query. */
export const placeOf = (value: unknown): Place => {
  const place = parse(value)
  if (place === undefined || !isOnEarth(place)) throw badRequest("couldn't validate latitude/ longitude values")
  return place
}

// -------------------------------------------------------------------------------------------------------------------
// 32 bits
// -------------------------------------------------------------------------------------------------------------------

const latStep = 180 / 2 ** 32
const lonStep = 360 / 2 ** 32

/** A place as the index stores it: rounded to the south-west. */
const rounded = ({ lat, lon }: Place): Place => ({
  lat: Math.min(Math.floor(lat / latStep), 2 ** 31 - 1) * latStep,
  lon: Math.min(Math.floor(lon / lonStep), 2 ** 31 - 1) * lonStep
})

// -------------------------------------------------------------------------------------------------------------------
// distances
// -------------------------------------------------------------------------------------------------------------------

const units: { readonly [unit: string]: number } = {
  mm: 0.001,
  cm: 0.01,
  m: 1,
  km: 1000,
  in: 0.0254,
  ft: 0.3048,
  yd: 0.9144,
  mi: 1609.344,
  nmi: 1852,
  NM: 1852,
  millimeters: 0.001,
  centimeters: 0.01,
  meters: 1,
  kilometers: 1000,
  inch: 0.0254,
  feet: 0.3048,
  yards: 0.9144,
  miles: 1609.344,
  nauticalmiles: 1852
}

export const unitOf = (unit: unknown): number => {
  const length = units[String(unit)]
  if (length === undefined) throw badRequest(`No distance unit match [${String(unit)}]`)
  return length
}

/** A distance in metres: `12km`, or a number of `unit`. */
export const distanceOf = (value: unknown, unit: unknown = "m"): number => {
  const text = String(value)
  const [, amount, own] = /^([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([a-zA-Z]*)$/.exec(text) ?? []
  if (amount === undefined || (own !== "" && !Object.hasOwn(units, own!))) {
    throw badRequest(`For input string: "${text}"`)
  }
  return Number(amount) * unitOf(own === "" ? unit : own)
}

const radius = 6_371_008.7714

const radians = (degrees: number): number => degrees * (Math.PI / 180)

/** Metres between two places on a sphere. */
export const distance = (a: Place, b: Place): number => {
  const [x, y] = [Math.sin(radians(a.lat - b.lat) / 2), Math.sin(radians(a.lon - b.lon) / 2)]
  const h = x * x + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * y * y
  return 2 * radius * Math.asin(Math.min(1, Math.sqrt(h)))
}

// -------------------------------------------------------------------------------------------------------------------
// boxes
// -------------------------------------------------------------------------------------------------------------------

export interface Box {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

const corners = new Set(["top_left", "bottom_right", "top_right", "bottom_left"])
const edges = new Set(["top", "left", "bottom", "right"])

/** A box in a query. */
export const boxOf = (value: JsonObject): Box => {
  const box = { top: NaN, left: NaN, bottom: NaN, right: NaN }
  for (const [key, bound] of Object.entries(value)) {
    if (key === "wkt") throw error("testing.engine.not_implemented", "\"wkt\" in the query clause \"geo_bounding_box\"")
    if (edges.has(key)) Object.assign(box, { [key]: numberOf(bound) })
    else if (corners.has(key)) {
      const { lat, lon } = placeOf(bound)
      Object.assign(box, key.startsWith("top") ? { top: lat } : { bottom: lat })
      Object.assign(box, key.endsWith("left") ? { left: lon } : { right: lon })
    } else throw badRequest(`failed to parse bounding box. unexpected field [${key}]`)
  }
  return box
}

export const isWithin = ({ bottom, left, right, top }: Box, { lat, lon }: Place): boolean =>
  lat >= Math.ceil(bottom / latStep) * latStep && lat <= Math.floor(top / latStep) * latStep &&
  // A box may cross the date line.
  (left <= right
    ? lon >= Math.ceil(left / lonStep) * lonStep && lon <= Math.floor(right / lonStep) * lonStep
    : lon >= Math.ceil(left / lonStep) * lonStep || lon <= Math.floor(right / lonStep) * lonStep)

/** The smallest box around some places, which may cross the date line. */
export const boundsOf = (places: ReadonlyArray<Place>) => {
  const ends = (numbers: ReadonlyArray<number>) =>
    [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))] as const
  const [bottom, top] = ends(places.map(({ lat }) => lat))
  const lons = places.map(({ lon }) => lon)
  const [west, east] = ends(lons)
  const lastWestern = lons.reduce((last, lon) => lon < 0 ? Math.max(last, lon) : last, -Infinity)
  const firstEastern = lons.reduce((first, lon) => lon >= 0 ? Math.min(first, lon) : first, Infinity)
  const isWrapped = west < 0 && east >= 0 && east - west > 360 - firstEastern + lastWestern
  return {
    top_left: { lat: top, lon: isWrapped ? firstEastern : west },
    bottom_right: { lat: bottom, lon: isWrapped ? lastWestern : east }
  }
}
