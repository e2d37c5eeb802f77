/** The demonstration of the README, as a person runs it. */
import { assert, it } from "@effect/vitest"
import { run } from "./run.ts"

it("logs in, hears of what it writes, is cut off, recovers and goes on", async () => {
  // Without the time of day.
  const lines = (await run("quickstart")).map((line) => line.slice(14))
  const place = (pattern: RegExp, after = -1): number => {
    const found = lines.findIndex((line, i) => i > after && pattern.test(line))
    assert.isAbove(found, after, `${pattern} is not in\n${lines.join("\n")}`)
    return found
  }
  const created = place(/» taxi \w+ is free \(create\)/, place(/subscribed/, place(/logged in as ada/)))
  const cut = place(/cutting the TCP connection \(1 open\)/, place(/is not free any more \(update\)/, created))
  const ready = place(/connection: Ready/, place(/connection: Waiting/, cut))
  place(/notifications may be missing here/, cut)
  place(/done/, place(/is free \(update\)/, ready))
}, 60_000)
