/** `document:export`, which answers with bytes, and only over HTTP. */
import { KuzzleDocument, KuzzleDownload, KuzzleExport } from "@effect-kuzzle/core"
import { Effect, Schema, Stream } from "effect"
import { World } from "../suite/backend.ts"
import { contract } from "./contract.ts"

/** Only HTTP clients have `KuzzleDownload`. It is optional here, because a contract requires only what every client has. */
const exported = (options: KuzzleExport.Options) =>
  Effect.flatMap(
    Effect.orDie(Effect.serviceOptional(KuzzleDownload.KuzzleDownload)),
    (download) =>
      KuzzleExport.stream(options).pipe(
        Stream.decodeText(),
        Stream.mkString,
        Effect.provideService(KuzzleDownload.KuzzleDownload, download)
      )
  )

export const contracts = [
  contract(KuzzleExport.stream, {
    sends: [
      {
        index: "nyc",
        collection: "taxi",
        format: "csv",
        query: { term: { status: "free" } },
        fields: ["status"],
        fieldsName: { status: "Status" },
        separator: ";",
        collapse: { field: "status" },
        size: 10,
        scroll: "5s"
      },
      {
        controller: "document",
        action: "export",
        index: "nyc",
        collection: "taxi",
        format: "csv",
        separator: ";",
        size: 10,
        scroll: "5s",
        body: {
          query: { term: { status: "free" } },
          fields: ["status"],
          fieldsName: { status: "Status" },
          collapse: { field: "status" }
        }
      }
    ],
    works: Effect.gen(function*() {
      const target = yield* Effect.flatMap(World, ({ collection }) => collection)
      yield* KuzzleDocument.create({ ...target, _id: "a", content: { status: "free" }, refresh: "wait_for" })
      const options = {
        ...target,
        format: "csv",
        fields: ["seats", "status"],
        fieldsName: { status: "Status" }
      } as const
      return yield* exported({ ...options, separator: ";" })
    }),
    result: Schema.String.pipe(Schema.filter((text) => text === "_id;seats;Status\na;;free\n")),
    fails: {
      call: exported({ index: "nyc", collection: "taxi", size: 1.5 }),
      tag: "KuzzleBadRequestError",
      id: "api.assert.invalid_type"
    },
    except: { websocket: "it answers with bytes" }
  })
]
