// README.md
import { KuzzleDocument, KuzzleError } from "@effect-kuzzle/core"
import { Effect } from "effect"
export const x = KuzzleDocument.create({ index: "nyc", collection: "taxi", _id: "7", content: {} }).pipe(
  Effect.catchIf(KuzzleError.hasId("services.storage.document_already_exists"), () => Effect.void)
)

export {}
