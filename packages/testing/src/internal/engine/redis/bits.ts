/**
 * Commands on the bits of a text. The highest bit of a byte is first.
 */
import * as Args from "./arguments.ts"
import type { Bytes } from "./bytes.ts"
import { atLeast, byteSpan, type Commands, exactly } from "./command.ts"
import { refuse, syntaxError } from "./errors.ts"
import * as Numbers from "./numbers.ts"
import { textOf } from "./strings.ts"

const byteAt = (text: Bytes, at: number): number => (at < text.length ? text.charCodeAt(at) : 0)

const bitAt = (text: Bytes, at: number): number => (byteAt(text, at >> 3) >> (7 - (at & 7))) & 1

const operations: { readonly [name: string]: (a: number, b: number) => number } = {
  AND: (a, b) => a & b,
  OR: (a, b) => a | b,
  XOR: (a, b) => a ^ b
}

export const bits: Commands = {
  bitcount: atLeast(
    1,
    [Args.key, Args.arg("start", Args.optional), Args.arg("end", Args.optional)],
    (db, key, ...range) => {
      const text = textOf(db, key)
      if (text === undefined) return 0
      const [start, end, ...more] = range
      let part = text
      if (start !== undefined) {
        if (end === undefined || more.length > 0) throw syntaxError()
        const [from, to] = [Numbers.integer(start), Numbers.integer(end)]
        part = from < 0 && to < 0 && from > to ? "" : text.slice(...byteSpan(text.length, from, to))
      }
      let count = 0
      for (let at = 0; at < part.length * 8; at++) count += bitAt(part, at)
      return count
    }
  ),
  bitop: atLeast(3, [Args.body("operation"), Args.id("destkey"), Args.body("keys")], (db, name, target, ...keys) => {
    const not = name.toUpperCase() === "NOT"
    const operation = operations[name.toUpperCase()]
    if (operation === undefined && !not) throw syntaxError()
    if (not && keys.length !== 1) throw refuse("BITOP NOT must be called with a single source key.")
    const texts = keys.map((key) => textOf(db, key) ?? "")
    const length = Math.max(...texts.map((text) => text.length))
    let result = ""
    for (let at = 0; at < length; at++) {
      const bytes = texts.map((text) => byteAt(text, at))
      result += String.fromCharCode(operation === undefined ? bytes[0]! ^ 0xff : bytes.reduce(operation))
    }
    if (length === 0) db.delete(target)
    else db.set(target, { kind: "string", text: result, appended: true })
    return length
  }),
  bitpos: atLeast(
    2,
    [Args.key, Args.arg("bit"), Args.arg("start", Args.optional), Args.arg("end", Args.optional)],
    (db, key, bitArgument, ...range) => {
      const bit = Numbers.integer(bitArgument)
      if (bit !== 0 && bit !== 1) throw refuse("The bit argument must be 1 or 0.")
      const text = textOf(db, key)
      if (text === undefined) return bit === 1 ? -1 : 0
      const [start, end, ...more] = range
      if (more.length > 0) throw syntaxError()
      const first = start === undefined ? 0 : Numbers.integer(start)
      const [from, to] = byteSpan(text.length, first, end === undefined ? -1 : Numbers.integer(end))
      for (let at = from * 8; at < to * 8; at++) {
        if (bitAt(text, at) === bit) return at
      }
      // Without an end, Redis treats the text as if zeros followed.
      return bit === 1 || end !== undefined || from === to ? -1 : to * 8
    }
  ),
  getbit: exactly(2, [Args.key, Args.arg("offset")], (db, key, offset) => {
    const failure = () => refuse("bit offset is not an integer or out of range")
    const at = Numbers.integer(offset, failure)
    if (at < 0 || at >= 2 ** 32) throw failure()
    const text = textOf(db, key) ?? ""
    return at >= text.length * 8 ? 0 : bitAt(text, at)
  })
}
