/** The example, as a person runs it. */
import { assert, it } from "@effect/vitest"
import { run } from "../../quickstart/test/run.ts"

it("prints the spans, the metrics and the log of a client", async () => {
  const text = (await run("observed")).join("\n")
  for (
    const part of [
      "name: 'kuzzle.document/create'",
      "'rpc.system': 'kuzzle'",
      "'kuzzle.collection': 'taxi'",
      "name: 'a taxi comes'",
      "name: 'heard'",
      "'error.type': 'services.storage.not_found'",
      "name: 'kuzzle.client.request.duration'",
      "document:create effect-kuzzle-observed taxi succeeded after"
    ]
  ) assert.include(text, part)
  // The span of the notification has a link to the one that caused it.
  const [, writing] = /name: 'kuzzle\.document\/create',\s+id: '(\w+)'/.exec(text) ?? []
  assert.match(text, new RegExp(`name: 'heard',[^]*links: \\[\\s+\\{\\s+context: \\{\\s+spanId: '${writing}'`))
}, 60_000)
