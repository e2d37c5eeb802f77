import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import * as Fork from "../../src/internal/runtime/fork.ts"
import { turns } from "../support/FakeSocket.ts"

describe("fork", () => {
  it.effect("L1: a fiber that a client forks in an uninterruptible region ends with the scope, too", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const fork = yield* Effect.uninterruptible(Scope.extend(Fork.make, scope))
      fork.run(Effect.never)
      yield* turns()
      const closed = yield* Effect.forkDaemon(Scope.close(scope, Exit.void))
      yield* turns()
      assert.isNotNull(closed.unsafePoll())
    }))

  it.effect("L1: a fiber that is forked while the scope closes ends with it", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const fork = yield* Scope.extend(Fork.make, scope)
      const ended: Array<string> = []
      const endless = (name: string) => Effect.onInterrupt(Effect.never, () => Effect.sync(() => ended.push(name)))
      fork.run(endless("before"))
      yield* turns()
      yield* Scope.addFinalizer(scope, Effect.zipRight(Effect.sync(() => void fork.run(endless("while"))), turns()))
      yield* Scope.close(scope, Exit.void)
      assert.sameMembers(ended, ["before", "while"])
    }))
})
