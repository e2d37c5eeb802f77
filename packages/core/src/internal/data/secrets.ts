/**
 * Secrets in answers are wrapped in `Redacted` at once. Secrets of the caller are revealed when a request is encoded.
 */
import * as Redacted from "effect/Redacted"
import * as Shape from "./shape.ts"

/** A new API key with a hidden token. `Key` has all other members of the server's answer. */
export const newApiKey = <
  Key extends { readonly _id: string; readonly _source: { readonly token: Redacted.Redacted } }
>(): Shape.Reader<Key> =>
  Shape.read(
    Shape.struct<{ readonly _id: string; readonly _source: { readonly token: string } }>({
      _id: Shape.string,
      _source: Shape.struct<{ readonly token: string }>({ token: Shape.string })
    }),
    // Only `token` is checked here. The contract tests check the other members against a real Kuzzle.
    ({ _id, _source }) => ({ _id, _source: { ..._source, token: Redacted.make(_source.token) } }) as Key
  )
