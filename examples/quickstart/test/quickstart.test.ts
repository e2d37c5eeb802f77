/** Runs the demonstration of the README with its `start` script, and checks what it prints. */
import { assert, it } from "@effect/vitest"
import { run } from "./run.ts"

it("logs in, is notified of its writes, loses the connection, recovers and continues", async () => {
  // Each line begins with the time of day.
  const lines = (await run("quickstart")).map((line) => line.slice(14))
  /** The index of the first matching line after the index `after`. */
  const indexOf = (pattern: RegExp, after = -1): number => {
    const index = lines.findIndex((line, i) => i > after && pattern.test(line))
    assert.isAbove(index, after, `${pattern} is not in\n${lines.join("\n")}`)
    return index
  }
  const created = indexOf(/» taxi \w+ is free \(create\)/, indexOf(/subscribed/, indexOf(/logged in as ada/)))
  const cut = indexOf(/cutting the TCP connection \(1 open\)/, indexOf(/is not free any more \(update\)/, created))
  const ready = indexOf(/connection: Ready/, indexOf(/connection: Waiting/, cut))
  indexOf(/notifications may be missing here/, cut)
  indexOf(/done/, indexOf(/is free \(update\)/, ready))
}, 60_000)
