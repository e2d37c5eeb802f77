import { Kuzzle, KuzzleError, KuzzleHeartbeat, KuzzleLifecycle, KuzzlePlatform } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Schedule, TestClock } from "effect"
import { now, obligingNetwork } from "./support/client.ts"
import { FakeNetwork } from "./support/FakeSocket.ts"

interface OwnOptions {
  readonly certificate?: string
}

/** A platform on a fake network, and the options that its parts received. */
const platformOn = (network: FakeNetwork) => {
  const made: Array<unknown> = []
  const platform: KuzzlePlatform.Platform<OwnOptions> = {
    socket: ({ certificate, maxResponseSize }) =>
      Effect.sync(() => {
        made.push({ certificate, maxResponseSize })
        return network.shape
      }),
    heartbeat: (options) =>
      Effect.tap(
        KuzzleHeartbeat.make("Native", options),
        ({ timeout }) => Effect.sync(() => made.push({ timeout: Duration.toMillis(timeout) }))
      )
  }
  return { made, platform }
}

describe("KuzzlePlatform", () => {
  it.scoped("each part of a platform gets the options that concern it", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { made, platform } = platformOn(network)
      yield* Effect.provide(
        Kuzzle.query(now),
        KuzzlePlatform.layer(platform, {
          url: "ws://kuzzle.test",
          certificate: "pem",
          pingTimeout: "3 seconds",
          maxResponseSize: 1000
        })
      )
      assert.sameDeepMembers(made, [{ timeout: 3000 }, { certificate: "pem", maxResponseSize: 1000 }])
      assert.strictEqual(network.current.requests[0]?.action, "now")
    }))

  it.scoped("the heartbeat gets pingInterval, and an invalid value is an error that names it", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      let pings = 0
      network.onPing = () => pings += 1
      const { platform } = platformOn(network)
      yield* Layer.build(KuzzlePlatform.layer(platform, { pingInterval: "2 seconds", pingTimeout: "1 hour" }))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(pings, 1)
      const refused = KuzzlePlatform.layer(platform, { pingInterval: 0 })
      const error = yield* Effect.flip(Effect.scoped(Layer.build(refused)))
      assert.instanceOf(error, KuzzleError.InvalidSettingError)
      assert.strictEqual(error.setting, "pingInterval")
    }))

  it.scoped("a part of a platform can be replaced", () =>
    Effect.gen(function*() {
      const { platform } = platformOn(new FakeNetwork())
      const network = obligingNetwork()
      const replaced = { ...platform, socket: () => Effect.succeed(network.shape) }
      yield* Effect.provide(Kuzzle.query(now), KuzzlePlatform.layer(replaced, {}))
      assert.lengthOf(network.current.requests, 1)
    }))

  it.scoped("the lifecycle of the platform takes precedence over a provided one", () =>
    Effect.gen(function*() {
      const listened: Array<string> = []
      const lifecycle = (name: string): KuzzleLifecycle.KuzzleLifecycleShape => ({
        online: () => true,
        listen: () => Effect.sync(() => void listened.push(name))
      })
      const { platform } = platformOn(obligingNetwork())
      const build = (platform: KuzzlePlatform.Platform<OwnOptions>) =>
        Layer.build(KuzzlePlatform.layer(platform, {})).pipe(
          Effect.provideService(KuzzleLifecycle.KuzzleLifecycle, lifecycle("provided"))
        )
      yield* build(platform)
      yield* build({ ...platform, lifecycle: lifecycle("own") })
      assert.deepStrictEqual(listened, ["provided", "own"])
    }))

  it.scoped("a platform that refuses its options fails the layer", () =>
    Effect.gen(function*() {
      const { platform } = platformOn(new FakeNetwork())
      const issue = new KuzzleError.InvalidSettingError({ setting: "proxy", issue: "expected an address" })
      const layer = KuzzlePlatform.layer({ ...platform, socket: () => Effect.fail(issue) }, {
        reconnect: Schedule.stop
      })
      assert.strictEqual(yield* Effect.flip(Effect.scoped(Layer.build(layer))), issue)
    }))
})
