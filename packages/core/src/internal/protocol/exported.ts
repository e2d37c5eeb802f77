/**
 * Splits the bytes of an export into lines. Kuzzle answers 200 and begins to write before it looks for the collection
 * or runs the query. An export that fails ends with the text of the error instead of a line (`PreconditionError: The
 * collection …`). The error differs from a line only by its missing line end (observed).
 */
import * as KuzzleError from "../../KuzzleError.ts"

export interface Lines {
  /** The bytes after the last line that was passed on. */
  readonly heldBack: ReadonlyArray<Uint8Array>
  /**
   * Whether lines have been passed on. The first line, a header, is held back until the second one is complete, because
   * the error of a failed search may follow it.
   */
  readonly hasBegun: boolean
}

export const empty: Lines = { heldBack: [], hasBegun: false }

const lineFeed = 0x0a

/** Passes whole lines on. Holds back the bytes after the last line end, because they may be an error. */
export const push = (lines: Lines, bytes: Uint8Array): readonly [Lines, ReadonlyArray<Uint8Array>] => {
  if (bytes.length === 0) return [lines, []]
  const end = bytes.lastIndexOf(lineFeed) + 1
  if (end === 0) return [{ ...lines, heldBack: [...lines.heldBack, bytes] }, []]
  const whole = bytes.subarray(0, end)
  const rest = end === bytes.length ? [] : [bytes.subarray(end)]
  const isSecond = lines.heldBack.some((part) => part.includes(lineFeed)) || bytes.indexOf(lineFeed) < end - 1
  return lines.hasBegun || isSecond
    ? [{ heldBack: rest, hasBegun: true }, [...lines.heldBack, whole]]
    : [{ heldBack: [...lines.heldBack, whole, ...rest], hasBegun: false }, []]
}

/**
 * Called at the end. Returns the lines that are still held back (the header of an empty export), or the error that
 * ended the export.
 */
export const end = (
  request: { readonly controller: string; readonly action: string },
  { hasBegun, heldBack }: Lines
): ReadonlyArray<Uint8Array> | KuzzleError.ApiError | KuzzleError.ProtocolError => {
  if (hasBegun && heldBack.length === 0 || heldBack.at(-1)?.at(-1) === lineFeed) return heldBack
  const decoder = new TextDecoder()
  const text = heldBack.map((part) => decoder.decode(part, { stream: true })).join("")
  return failure(request, text.slice(text.lastIndexOf("\n") + 1))
}

/** The statuses of Kuzzle's errors by the names of their classes (spec 7.2). */
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
    // Kuzzle writes only the message, so the id of the error is unknown.
    : KuzzleError.fromStatus({ controller, action, id: "", code: 0, status, message, props: [] })
}
