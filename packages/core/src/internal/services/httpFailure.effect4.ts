/** The details of an error of `HttpClient`. */
import type * as HttpClientError from "effect/http/HttpClientError"

export const isEmptyBody = ({ reason }: HttpClientError.HttpClientError): boolean => reason._tag === "EmptyBodyError"

/** Not the error itself: it holds the whole request, token and headers included. */
export const causeOf = ({ reason }: HttpClientError.HttpClientError): unknown =>
  ("cause" in reason ? reason.cause : undefined) ?? new Error(reason.description ?? reason._tag)
