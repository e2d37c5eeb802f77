/** Reads the body of an HTTP answer as text, up to a limit. */
import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { AnswerTooLargeError } from "../../KuzzleError.ts"

/**
 * The text of a body. Reading stops at the limit. `declared` is the value of `Content-Length`, or `NaN` if it is
 * absent.
 */
export const text = <E>(
  body: Stream.Stream<Uint8Array, E>,
  limit: number,
  declared = NaN
): Effect.Effect<string, E | AnswerTooLargeError> =>
  Effect.suspend(() => {
    const parts: Array<Uint8Array> = []
    let size = 0
    const keep = (chunk: Chunk.Chunk<Uint8Array>): Effect.Effect<void, AnswerTooLargeError> => {
      for (const part of chunk) {
        parts.push(part)
        size += part.byteLength
      }
      return size > limit || declared > limit ? Effect.fail(new AnswerTooLargeError({ limit })) : Effect.void
    }
    return Effect.map(Stream.runForEachChunk(body, keep), () => {
      const decoder = new TextDecoder()
      return parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode()
    })
  })
