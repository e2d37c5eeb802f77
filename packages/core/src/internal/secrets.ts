/**
 * Secrets at the edge: what a caller hides is shown to the server alone, what the server tells is hidden at once.
 */
import * as Redacted from "effect/Redacted"
import type { NamedError } from "../KuzzleActionError.ts"
import { type Action, type CallOptions, mapInput, result } from "./action.ts"
import type { KuzzleResponse } from "./client.ts"

/** Credentials, or credentials by strategy, `Redacted` values revealed. */
const reveal = (value: unknown, depth = 2): unknown => {
  if (Redacted.isRedacted(value)) return Redacted.value(value)
  if (depth === 0 || typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map((inner) => reveal(inner, depth - 1))
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, reveal(inner, depth - 1)]))
}

/** The action with an option that may hold `Redacted` values. */
export const revealing = <Options extends CallOptions, Result, E extends NamedError>(
  action: Action<Options, Result, E>,
  secret: keyof Options & string
): Action<Options, Result, E> =>
  mapInput(action, (options: Options) => ({ ...options, [secret]: reveal(options[secret]) }))

/** A new API key, its token hidden: `Key` is what the server says of it, but for that. */
export const newApiKey = <
  Key extends { readonly _id: string; readonly _source: { readonly token: Redacted.Redacted } }
>(
  response: KuzzleResponse
): Key => {
  const { _id, _source } = result<{ readonly _id: string; readonly _source: { readonly token: string } }>(response)
  // As with every result: a statement about the wire, held to it by a contract.
  return { _id, _source: { ..._source, token: Redacted.make(_source.token) } } as Key
}
