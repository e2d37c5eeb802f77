/** A client with an authenticator, and functions that end its session. */
import { Kuzzle, KuzzleAuth, KuzzleHeartbeat, KuzzleRealtime, KuzzleTelemetry } from "@effect-kuzzle/core"
import { Context, Effect, Fiber, Layer, Redacted, Schedule, TestClock } from "effect"
import { now } from "./client.ts"
import { FakeNetwork, type FakeRequest, obliging, turns } from "./FakeSocket.ts"

const loginAs = (username: string) =>
  KuzzleAuth.login({ strategy: "local", credentials: { username, password: Redacted.make("s3cr3t-password") } })

export const withAccount = (options: Kuzzle.Options = {}) =>
  Effect.gen(function*() {
    const network = new FakeNetwork()
    let logins: "Granted" | "Refused" | "Ignored" = "Granted"
    let tokens = 0
    /** The token of the session that the server knows. */
    let jwt: string | undefined
    network.onSend = (socket, frame) => {
      const request: FakeRequest = JSON.parse(frame)
      const { action, body } = request
      if (action === "login" || action === "refreshToken") {
        if (logins === "Refused") {
          queueMicrotask(() => socket.refuse(request, { id: "plugin.strategy.missing_user", status: 401 }))
        } else if (logins === "Granted") {
          jwt = `s3cr3t-token-${++tokens}`
          const result = { _id: Object(body).username ?? "ada", jwt, ttl: 3_600_000, expiresAt: 3_600_000 }
          queueMicrotask(() => socket.answer(request, result))
        }
      } else if (request.jwt === jwt) obliging(socket, frame)
      else queueMicrotask(() => socket.refuse(request, { id: "security.token.invalid", status: 401 }))
    }
    const context = yield* Layer.build(
      Kuzzle.layer({
        url: "ws://kuzzle.test:7512/?key=s3cr3t-key",
        reconnect: Schedule.spaced("1 second"),
        authenticator: loginAs("ada"),
        ...options
      }).pipe(Layer.provide([network.layer, KuzzleHeartbeat.layerDisabled, KuzzleTelemetry.layer]))
    )
    const { query } = Context.get(context, Kuzzle.Kuzzle)
    /** Ends the session, and makes a request with its token. */
    const expired = Effect.suspend(() => {
      jwt = "of another session"
      return query(now)
    })
    return {
      network,
      kuzzle: Context.get(context, Kuzzle.Kuzzle),
      subscribe: (handler: (notification: KuzzleRealtime.Notification) => void = () => {}) =>
        Effect.provide(KuzzleRealtime.listen({ index: "i", collection: "c" }, handler), context),
      login: (username: string) => Effect.provide(loginAs(username), context),
      logout: Effect.provide(KuzzleAuth.logout(), context),
      /** Ends the session; the client gets a new one. */
      expire: Effect.suspend(() => {
        logins = "Granted"
        return expired
      }),
      /** Ends the session, and then the connection while the client logs in. */
      lose: Effect.gen(function*() {
        logins = "Ignored"
        const request = yield* Effect.fork(Effect.exit(expired))
        yield* turns()
        logins = "Granted"
        network.current.close(1006)
        yield* Fiber.join(request)
        yield* TestClock.adjust("1 second")
        yield* turns()
      }),
      /** Ends the session, and refuses the next login. */
      refuse: Effect.suspend(() => {
        logins = "Refused"
        return Effect.exit(expired)
      })
    }
  })
