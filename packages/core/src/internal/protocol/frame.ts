/**
 * What comes off the wire: decoding is total, no input throws (spec 1.1, 1.3, 1.4).
 */

/** A frame that is a JSON object; nothing is known of its members yet. */
export interface Frame {
  readonly [key: string]: unknown
}

/** Not a JSON object: garbage, or the bare value of a raw action, which nothing can be matched to (spec 1.3). */
export interface Unreadable {
  readonly unreadable: "NotJson" | "NotAnObject"
}

const notJson: Unreadable = { unreadable: "NotJson" }
const notAnObject: Unreadable = { unreadable: "NotAnObject" }

export const isUnreadable = (decoded: Frame | Unreadable): decoded is Unreadable =>
  decoded === notJson || decoded === notAnObject

/** Reads one frame. `JSON.parse` makes `__proto__` a plain own member, so no key can reach a prototype. */
export const decode = (text: string): Frame | Unreadable => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Whatever the reason (bad syntax, nesting beyond the stack), the frame cannot be read: that is the answer.
    return notJson
  }
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Frame // an object that is not an array has string keys and values of unknown type: just what Frame says
    : notAnObject
}

/**
 * The room of a frame that is too large to parse. The server writes it last, so the content cannot be mistaken for it.
 * (Every answer and every notification of a real Kuzzle ends with it.)
 */
export const roomAtEnd = (text: string): string | undefined => /"room":"([^"\\]+)"\}$/.exec(text.slice(-200))?.[1]

/** The application ping and its answer, to the letter (spec 1.6). */
export const ping = `{"p":1}`
export const pong = `{"p":2}`
