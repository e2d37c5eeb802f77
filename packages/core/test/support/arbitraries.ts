import { FastCheck as fc } from "effect"

/** Any string, lone surrogates included. */
export const text = fc.string({ unit: "binary" })

/** Any JSON value, also with the key `__proto__`. */
export const json = fc.jsonValue({ maxDepth: 4, noUnicodeString: false })

const key = fc.oneof(text, fc.constantFrom("__proto__", "constructor", "toString", "0", "-1", "room", "requestId"))

/** A JSON object, odd keys included. */
export const object = fc.dictionary(key, json, { maxKeys: 6 })

/** A JSON object in which the members of Kuzzle's frames are likely, with values of any type. */
export const frame = fc.tuple(
  fc.record(
    {
      room: fc.oneof(fc.constantFrom("r1", "room-1", "kuzzle:notification:server", "kuzzle-debugger-event"), json),
      requestId: fc.oneof(fc.constantFrom("r1", "r2"), json),
      status: fc.oneof(fc.constantFrom(200, 206, 400, 401, 500), json),
      error: fc.oneof(fc.constant(null), object, json),
      result: json,
      type: fc.oneof(fc.constantFrom("document", "user", "TokenExpired"), json),
      p: fc.oneof(fc.constantFrom(1, 2), json)
    },
    { requiredKeys: [] }
  ),
  object
).map(([known, others]): { readonly [key: string]: unknown } => ({ ...others, ...known }))

/** A text that may arrive over a socket: JSON of any kind, truncated JSON, and other text. */
export const wire = fc.oneof(
  frame.map((value) => JSON.stringify(value)),
  json.map((value) => JSON.stringify(value)),
  fc.tuple(json, fc.nat(20)).map(([value, cut]) => JSON.stringify(value).slice(0, -1 - cut)),
  text,
  fc.constantFrom(
    "",
    " ",
    "null",
    "42",
    "\"\"",
    "[]",
    "{}",
    "true",
    "{\"p\":2}",
    "{ \"p\" : 2 }",
    "{\"p\":2,\"room\":\"r1\"}",
    "{\"__proto__\":{\"room\":\"r1\"}}",
    "<html><body>502 Bad Gateway</body></html>",
    "\ufeff{}"
  )
)
