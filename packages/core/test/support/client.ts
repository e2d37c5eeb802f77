import { KuzzleConfig, type KuzzleError, KuzzleHeartbeat, KuzzleRealtime, KuzzleSocket } from "@effect-kuzzle/core"
import { Cause, Chunk, Effect, Exit, Redacted, Schedule, Stream } from "effect"
import type { ConnectionState } from "../../src/internal/protocol/connection.ts"
import * as Session from "../../src/internal/runtime/session.ts"
import { Tokens } from "../../src/internal/runtime/tokens.ts"
import * as Watched from "../../src/internal/runtime/watched.ts"
import * as KuzzleTelemetry from "../../src/KuzzleTelemetry.ts"
import * as KuzzleTokenStore from "../../src/KuzzleTokenStore.ts"
import { FakeNetwork, obliging, turns } from "./FakeSocket.ts"

export interface Options extends KuzzleConfig.Options {
  readonly heartbeat?: Effect.Effect<KuzzleHeartbeat.KuzzleHeartbeatShape, KuzzleError.InvalidSettingError>
  readonly authenticator?: Parameters<typeof Session.make>[2]
}

type Realtime = KuzzleRealtime.KuzzleRealtimeShape

/** A session on a fake network, without heartbeat. It dials one second after each loss. The first dial is not awaited. */
export const dial = (network: FakeNetwork, { authenticator, heartbeat, ...options }: Options = {}) =>
  Effect.gen(function*() {
    const settings = yield* KuzzleConfig.make({
      url: "ws://kuzzle.test:7512",
      reconnect: Schedule.spaced("1 second"),
      ...options
    })
    const store = yield* KuzzleTokenStore.KuzzleTokenStore
    const keeping: Session.Keeping = {
      keptBy: store === undefined ? "Token" : "SharedToken",
      headers: (settings) => Effect.succeed(settings),
      keeper: ({ requests, storeFailed }) => new Tokens(requests, store?.sharedSession.make(store, storeFailed))
    }
    return yield* Session.make(settings, keeping, authenticator).pipe(
      Effect.provideService(KuzzleSocket.KuzzleSocket, network.shape),
      Effect.provideService(KuzzleTelemetry.KuzzleTelemetry, KuzzleTelemetry.live),
      Effect.provideServiceEffect(KuzzleHeartbeat.KuzzleHeartbeat, heartbeat ?? KuzzleHeartbeat.make("Disabled"))
    )
  })

/** A session, with its subscriptions and with a record of its states. */
export const client = (network: FakeNetwork, options: Options = {}) =>
  Effect.gen(function*() {
    const session = yield* dial(network, options)
    const states: Array<ConnectionState> = []
    yield* Effect.forkScoped(
      Stream.runForEach(Watched.streamOf(session.states), (state) => Effect.sync(() => states.push(state)))
    )
    const service = KuzzleRealtime.make(session.realtime, session.debuggerEvents)
    const realtime = {
      ...service,
      open: (options: Parameters<Realtime["open"]>[0]) => service.open(options, KuzzleRealtime.openStream),
      listen: (
        options: Parameters<Realtime["listen"]>[0],
        handler: Parameters<Realtime["listen"]>[1]
      ) => service.listen(options, handler, KuzzleRealtime.callHandler)
    }
    yield* turns()
    return {
      session,
      states,
      tags: () => states.map(({ _tag }) => _tag),
      query: session.requests.query.bind(session.requests),
      queryMany: session.requests.queryMany.bind(session.requests),
      inFlight: session.requests.inFlight.bind(session.requests),
      realtime,
      /** Opens a subscription, and records its notifications. `end` is the fiber that ends with it. */
      watch: (filter: { readonly [key: string]: unknown }) =>
        Effect.gen(function*() {
          const received: Array<KuzzleRealtime.Notification> = []
          const opened = yield* realtime.open({ index: "i", collection: "c", filter: asFilter(filter) })
          const end = yield* Effect.forkScoped(
            Stream.runForEachChunk(opened, (chunk) => Effect.sync(() => received.push(...Chunk.toReadonlyArray(chunk))))
          )
          return { received, end }
        })
    }
  })

// A filter is JSON; the fake server understands any.
const asFilter = (filter: unknown) => filter as NonNullable<KuzzleRealtime.SubscribeOptions["filter"]>

/** A request for any test. */
export const now = { controller: "server", action: "now" }

/** A network whose server answers at once. */
export const obligingNetwork = () => {
  const network = new FakeNetwork()
  network.onSend = obliging
  return network
}

export const failureTag = (exit: Exit.Exit<unknown, { readonly _tag: string }>): string | undefined =>
  Exit.isFailure(exit) ? Array.from(Cause.failures(exit.cause))[0]?._tag : undefined

export const kinds = (received: ReadonlyArray<KuzzleRealtime.Notification>): ReadonlyArray<string> =>
  received.map((
    notification
  ) => (notification.type === "gap"
    ? notification.cause._tag
    : notification.type === "document"
    ? String(notification.result._id)
    : notification.user)
  )

/** A document notification on the channel that `obliging` gives to this filter. */
export const document = (filter: unknown, id: string) => ({
  room: `room${JSON.stringify(filter)}-111`,
  type: "document",
  status: 200,
  requestId: "of another client",
  result: { _id: id }
})

export const token = (value: string, expiresAt?: number) => ({ value: Redacted.make(value), expiresAt })
