/** The JSON that the outbox stores of a request. It contains everything that `Kuzzle.query` needs to send it. */
import * as Either from "effect/Either"
import { EncodeError, OutboxError } from "../../KuzzleError.ts"
import type { KuzzleRequest, RequestOptions } from "../client/client.ts"
import * as Json from "../data/json.ts"
import * as Envelope from "../protocol/envelope.ts"

export interface Payload {
  readonly request: KuzzleRequest
  readonly options: Pick<RequestOptions, "volatile" | "route">
}

export const write = (
  request: KuzzleRequest,
  { route, volatile }: RequestOptions
): Either.Either<string, OutboxError> => {
  const { action, controller } = request
  const encoded = Envelope.encode(request)
  if (encoded instanceof EncodeError) return refused("Invalid", encoded.message, encoded)
  if (typeof encoded !== "string") {
    const issue = `${controller}:${action} contains a secret, and the store would keep it unencrypted: ` +
      `send it with Kuzzle.query instead`
    return refused("Secret", issue)
  }
  const options = Json.stringify({ volatile, route })
  if (typeof options !== "string") {
    return refused("Invalid", `${controller}:${action} cannot be stored: in its options, ${options.issue}`)
  }
  return Either.right(`{"request":${Envelope.withoutId(encoded)},"options":${options}}`)
}

const refused = (reason: OutboxError["reason"], issue: string, cause?: unknown) =>
  Either.left(new OutboxError({ operation: "add", reason, issue, cause }))

/** Returns `undefined` if the payload is damaged or was written by another version. */
export const read = (payload: string): Payload | undefined => {
  try {
    const { options, request }: Payload = JSON.parse(payload)
    const isRequest = typeof request.controller === "string" && typeof request.action === "string"
    return isRequest && typeof options === "object" ? { request, options } : undefined
  } catch {
    return undefined // The caller reports it.
  }
}
