/**
 * The trace of a request, in the format of W3C Trace Context. It is sent in the volatile data, which Kuzzle returns in
 * the answer and in the notifications that the request causes (spec 1.2, 1.5).
 */

/** The part of a span that is sent to other processes. */
export interface SpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
}

/** The member of the volatile data. */
export const member = "traceparent"

/** `undefined` for a span whose ids do not have the prescribed form: other processes could not read it. */
export const encode = ({ sampled, spanId, traceId }: SpanContext): string | undefined => {
  const text = `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`
  return decode(text) === undefined ? undefined : text
}

const format = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** In a later version, the known parts are read (W3C Trace Context 4). Ids that consist of zeros are invalid. */
export const decode = (text: unknown): SpanContext | undefined => {
  const parts = typeof text === "string" ? format.exec(text) : null
  if (parts === null) return undefined
  const [, version, traceId = "", spanId = "", flags = "", more] = parts
  if (version === "ff" || (version === "00" && more !== undefined) || /^0+$/.test(traceId) || /^0+$/.test(spanId)) {
    return undefined
  }
  return { traceId, spanId, sampled: (parseInt(flags, 16) & 1) === 1 }
}
