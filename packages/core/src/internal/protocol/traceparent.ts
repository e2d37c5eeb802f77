/**
 * The trace context of a request, in the format of W3C Trace Context. It is sent in the volatile data. Kuzzle returns
 * these in the answer and in the notifications that the request causes (spec 1.2, 1.5).
 */

/** The part of a span that is sent to other processes. */
export interface SpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
}

/** The name of the member in the volatile data. */
export const member = "traceparent"

/**
 * The text for a span. `undefined` if its ids do not have the prescribed form, because other processes could not read
 * them.
 */
export const encode = ({ sampled, spanId, traceId }: SpanContext): string | undefined => {
  const text = `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`
  return decode(text) === undefined ? undefined : text
}

const format = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/**
 * Reads the text of a span. Of a later version, it reads the known parts (W3C Trace Context 4). Ids that consist of
 * zeros are invalid.
 */
export const decode = (text: unknown): SpanContext | undefined => {
  const parts = typeof text === "string" ? format.exec(text) : null
  if (parts === null) return undefined
  const [, version, traceId = "", spanId = "", flags = "", more] = parts
  if (version === "ff" || (version === "00" && more !== undefined) || /^0+$/.test(traceId) || /^0+$/.test(spanId)) {
    return undefined
  }
  return { traceId, spanId, sampled: (parseInt(flags, 16) & 1) === 1 }
}
