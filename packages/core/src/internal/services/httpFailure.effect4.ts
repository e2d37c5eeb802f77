/** The details of an error of `HttpClient`. */
import type * as HttpClientError from "effect/http/HttpClientError"

export const isEmptyBody = ({ reason }: HttpClientError.HttpClientError): boolean => reason._tag === "EmptyBodyError"

/**
 * The cause of the error. The error itself is not used, because it holds the whole request with its token and headers.
 */
export const causeOf = ({ reason }: HttpClientError.HttpClientError): unknown =>
  ("cause" in reason ? reason.cause : undefined) ?? new Error(reason.description ?? reason._tag)
