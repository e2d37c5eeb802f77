import { FastCheck as fc } from "effect"
import { assert, describe, it } from "vitest"
import * as Exported from "../../src/internal/protocol/exported.ts"

const request = { controller: "document", action: "export" }

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The text that passes when these parts arrive, and its end. */
const through = (parts: ReadonlyArray<Uint8Array>) => {
  let lines = Exported.empty
  let text = ""
  for (const part of parts) {
    const [after, whole] = Exported.push(lines, part)
    lines = after
    for (const bytes of whole) text += decoder.decode(bytes, { stream: true })
  }
  const last = Exported.end(request, lines)
  if ("_tag" in last) return { text, error: last }
  for (const bytes of last) text += decoder.decode(bytes, { stream: true })
  return { text, error: undefined }
}

const parts = (text: string, cuts: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const bytes = encoder.encode(text)
  const at = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b)
  return [...at, bytes.length].map((end, i) => bytes.subarray(at[i - 1] ?? 0, end))
}

const line = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", ""))
const cuts = fc.array(fc.nat())

describe("an export", () => {
  it("passes to the last byte, however it is split", () => {
    fc.assert(fc.property(fc.array(line, { minLength: 1 }), cuts, (lines, cuts) => {
      const text = lines.map((line) => `${line}\n`).join("")
      assert.deepStrictEqual(through(parts(text, cuts)), { text, error: undefined })
    }))
  })

  it("that fails ends with its error, and emits no byte of the error", () => {
    fc.assert(fc.property(fc.array(line, { minLength: 1 }), line, cuts, (lines, words, cuts) => {
      const text = lines.map((line) => `${line}\n`).join("")
      const { error, text: passed } = through(parts(`${text}PreconditionError: ${words}`, cuts))
      assert.strictEqual(passed, lines.length === 1 ? "" : text)
      assert.deepInclude(error, { _tag: "KuzzlePreconditionError", status: 412, message: words })
    }))
  })

  it("that ends within a line, or before its first line, is not complete", () => {
    assert.deepInclude(through([]).error, { _tag: "KuzzleProtocolError" })
    const { error, text } = through(parts("a\nb\nNot", []))
    assert.strictEqual(text, "a\nb\n")
    assert.deepInclude(error, { _tag: "KuzzleProtocolError" })
    assert.include(error?.message, "Not")
  })
})
