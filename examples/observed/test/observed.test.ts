/** Runs the example with its `start` script, and checks what it prints. */
import { assert, it } from "@effect/vitest"
import { run } from "../../quickstart/test/run.ts"

it("prints the spans, the metrics and the log of a client", async () => {
  const text = (await run("observed")).join("\n")
  for (
    const part of [
      "name: 'kuzzle.document/create'",
      "'rpc.system': 'kuzzle'",
      "'kuzzle.collection': 'taxi'",
      "name: 'a taxi arrives'",
      "name: 'notified'",
      "'error.type': 'services.storage.not_found'",
      "name: 'kuzzle.client.request.duration'",
      "document:create effect-kuzzle-observed taxi succeeded after"
    ]
  ) assert.include(text, part)
  // The span of the notification has a link to the span of the write.
  const [, writeId] = /name: 'kuzzle\.document\/create',\s+id: '(\w+)'/.exec(text) ?? []
  assert.match(text, new RegExp(`name: 'notified',[^]*links: \\[\\s+\\{\\s+context: \\{\\s+spanId: '${writeId}'`))
}, 60_000)
