/**
 * The lines of an export. Kuzzle answers 200 and begins to write before it looks for the collection or runs the query.
 * An export that fails ends with the text of the error instead of a line (`PreconditionError: The collection …`). Only
 * the missing line end shows this (observed).
 */
import * as KuzzleError from "../../KuzzleError.ts"

export interface Lines {
  /** The text since the last line that was passed on. */
  readonly held: ReadonlyArray<Uint8Array>
  /** Whether the first line, a header, is still held back: the error of a failed search follows it. */
  readonly begun: boolean
}

export const empty: Lines = { held: [], begun: false }

const lineFeed = 0x0a

/** Passes whole lines on. The text after the last line end may be an error. */
export const push = (lines: Lines, bytes: Uint8Array): readonly [Lines, ReadonlyArray<Uint8Array>] => {
  if (bytes.length === 0) return [lines, []]
  const end = bytes.lastIndexOf(lineFeed) + 1
  if (end === 0) return [{ ...lines, held: [...lines.held, bytes] }, []]
  const whole = bytes.subarray(0, end)
  const rest = end === bytes.length ? [] : [bytes.subarray(end)]
  const isSecond = lines.held.some((part) => part.includes(lineFeed)) || bytes.indexOf(lineFeed) < end - 1
  return lines.begun || isSecond
    ? [{ held: rest, begun: true }, [...lines.held, whole]]
    : [{ held: [...lines.held, whole, ...rest], begun: false }, []]
}

/**
 * The rest at the end: the header of an empty export, nothing, or the error that ended it. There is always a header.
 */
export const end = (
  request: { readonly controller: string; readonly action: string },
  { begun, held }: Lines
): ReadonlyArray<Uint8Array> | KuzzleError.ApiError | KuzzleError.ProtocolError => {
  if (begun && held.length === 0 || held.at(-1)?.at(-1) === lineFeed) return held
  const decoder = new TextDecoder()
  const text = held.map((part) => decoder.decode(part, { stream: true })).join("")
  return failure(request, text.slice(text.lastIndexOf("\n") + 1))
}

/** The errors of Kuzzle by the names of their classes (spec 7.2). */
const statuses: Readonly<Record<string, number>> = {
  BadRequestError: 400,
  UnauthorizedError: 401,
  ForbiddenError: 403,
  NotFoundError: 404,
  PreconditionError: 412,
  SizeLimitError: 413,
  TooManyRequestsError: 429,
  InternalError: 500,
  ExternalServiceError: 500,
  ServiceUnavailableError: 503,
  GatewayTimeoutError: 504
}

const failure = (
  { action, controller }: { readonly controller: string; readonly action: string },
  text: string
): KuzzleError.ApiError | KuzzleError.ProtocolError => {
  const [, name = "", message = ""] = /^(\w+): (.*)$/s.exec(text) ?? []
  const status = statuses[name]
  return status === undefined
    ? new KuzzleError.ProtocolError({
      controller,
      action,
      issue: `the export broke off at ${JSON.stringify(text.slice(0, 60))}`
    })
    // The words are all that Kuzzle writes: the id of the error is lost.
    : KuzzleError.fromStatus({ controller, action, id: "", code: 0, status, message, props: [] })
}
