/** Runs the demonstration of the README with its `start` script, and checks what it prints. */
import { assert, it } from "@effect/vitest"
import { run } from "./run.ts"

it("logs in, hears of what it writes, is cut off, recovers and goes on", async () => {
  // Each line begins with the time of day.
  const lines = (await run("quickstart")).map((line) => line.slice(14))
  /** The index of the first line after `after` that matches. */
  const place = (pattern: RegExp, after = -1): number => {
    const index = lines.findIndex((line, i) => i > after && pattern.test(line))
    assert.isAbove(index, after, `${pattern} is not in\n${lines.join("\n")}`)
    return index
  }
  const created = place(/» taxi \w+ is free \(create\)/, place(/subscribed/, place(/logged in as ada/)))
  const cut = place(/cutting the TCP connection \(1 open\)/, place(/is not free any more \(update\)/, created))
  const ready = place(/connection: Ready/, place(/connection: Waiting/, cut))
  place(/notifications may be missing here/, cut)
  place(/done/, place(/is free \(update\)/, ready))
}, 60_000)
