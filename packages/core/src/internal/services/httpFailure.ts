/** The details of an error of `HttpClient`. */
import type * as HttpClientError from "@effect/platform/HttpClientError"

export const isEmptyBody = ({ reason }: HttpClientError.HttpClientError): boolean => reason === "EmptyBody"

/** Not the error itself: it holds the whole request, token and headers included. */
export const causeOf = ({ cause, description, reason }: HttpClientError.HttpClientError): unknown =>
  cause ?? new Error(description ?? reason)
