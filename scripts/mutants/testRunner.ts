/** Runs the tests of planted bugs, one bug after the other, in one Vitest (`tests.ts`). */
import type { ChildProcess } from "node:child_process"
import { outputOf, start, stop, wallLimit } from "./limited.ts"
import type { Result, Task } from "./tests.ts"

export type Answer =
  | Result
  /** There was no result within `wallLimit`. */
  | { readonly _tag: "Stopped" }
  /** Vitest ended without a result: the process of the tests ended by itself, or exceeded its CPU time. */
  | { readonly _tag: "Ended"; readonly output: string }

/** A process that runs tests.ts. */
class Vitest {
  private readonly child: ChildProcess = start(["--import", "tsx", "scripts/mutants/tests.ts"], "ipc")
  private readonly output = outputOf(this.child)

  run(task: Task): Promise<Answer> {
    const { child } = this
    return new Promise((resolve) => {
      const settle = (answer: Answer) => {
        clearTimeout(timer)
        child.off("message", onMessage).off("close", onClose)
        resolve(answer)
      }
      const timer = setTimeout(() => settle({ _tag: "Stopped" }), wallLimit)
      // Sent by tests.ts.
      const onMessage = (message: unknown) => settle(message as Result)
      const onClose = () => settle({ _tag: "Ended", output: this.output() })
      child.on("message", onMessage).on("close", onClose)
      // Sending fails when the process has ended, which "close" reports.
      child.send(task, () => undefined)
    })
  }

  stop(): void {
    stop(this.child)
  }
}

export class TestRunner {
  private vitest: Vitest | undefined

  /** Runs the tests of a bug. If no test fails, a new Vitest runs them again, so that no earlier bug can be the reason. */
  async run(task: Task): Promise<Answer> {
    if (this.vitest !== undefined) {
      const answer = await this.vitest.run(task)
      if (answer._tag === "Failed") return answer
      this.stop()
    }
    this.vitest = new Vitest()
    const answer = await this.vitest.run(task)
    if (answer._tag !== "Failed") this.stop()
    return answer
  }

  stop(): void {
    this.vitest?.stop()
    this.vitest = undefined
  }
}
