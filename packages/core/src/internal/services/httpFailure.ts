/** The details of an error of `HttpClient`. */
import type * as HttpClientError from "@effect/platform/HttpClientError"

export const isEmptyBody = ({ reason }: HttpClientError.HttpClientError): boolean => reason === "EmptyBody"

/**
 * The cause of the error. The error itself is not used, because it holds the whole request with its token and headers.
 */
export const causeOf = ({ cause, description, reason }: HttpClientError.HttpClientError): unknown =>
  cause ?? new Error(description ?? reason)
