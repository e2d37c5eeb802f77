/**
 * A page that shows taxis live, to whoever is logged in.
 *
 * The session is a cookie that no script can read, this one neither. A page that is loaded again is logged in still, a lost
 * connection is opened again, and what is shown is what the server has: nothing here has to care.
 */
import { BrowserKuzzle } from "@effect-kuzzle/browser"
import { Kuzzle, KuzzleAuth, KuzzleFilter, KuzzleLive } from "@effect-kuzzle/core"
import { BrowserRuntime } from "@effect/platform-browser"
import { Array, Effect, Option, Redacted, Schema, Stream } from "effect"
import { Taxi, taxis } from "../taxis.ts"
import * as View from "./view.ts"

declare const KUZZLE_URL: string

const decode = Schema.decodeUnknownOption(Taxi)

/** The taxis of a filter now, and after every change. */
const rows = (filter: KuzzleFilter.SearchFilter) =>
  Stream.unwrapScoped(Effect.map(
    KuzzleLive.live({ index: taxis.index, collection: taxis.collection, filter }),
    (live) =>
      Stream.map(live.values, (documents) =>
        Array.filterMap(documents.values(), ({ _id, _source }) =>
          Option.map(decode(_source), (taxi): View.Row => ({ _id, ...taxi }))))
  ))

/** An error that the user may do something about is shown, and the page goes on. */
const shown = <A, R>(effect: Effect.Effect<A, Error, R>) =>
  Effect.catchAll(Effect.asVoid(effect), (error) => Effect.sync(() => View.showError(error.message)))

/** What somebody sees and does, until they log out. */
const board = (kuid: string) =>
  Stream.suspend(() => {
    View.showBoard(kuid)
    const changes = View.onlyFree.pipe(
      Stream.flatMap((only) => rows(only ? KuzzleFilter.equals("status", "free") : KuzzleFilter.all), { switch: true }),
      Stream.mapEffect((rows) => Effect.sync(() => View.showRows(rows)))
    )
    const hails = Stream.mapEffect(View.hails, (_id) => shown(taxis.update({ _id, content: { status: "busy" } })))
    return Stream.merge(changes, hails)
  })

/** Logins and logouts run beside the view: the view restarts when the session changes, which would interrupt them. */
const sessions = Stream.merge(
  Stream.mapEffect(
    View.logins,
    ({ password, username }) =>
      shown(KuzzleAuth.login({ strategy: "local", credentials: { username, password: Redacted.make(password) } }))
  ),
  Stream.mapEffect(View.logouts, () => shown(KuzzleAuth.logout()))
)

const program = Effect.gen(function*() {
  const kuzzle = yield* Kuzzle.Kuzzle
  yield* Effect.fork(Stream.runForEach(kuzzle.states, (state) => Effect.sync(() => View.showConnection(state))))
  yield* Effect.fork(Stream.runDrain(sessions))
  yield* kuzzle.authentication.states.pipe(
    // A session that is being renewed is one still.
    Stream.filter(({ _tag }) => _tag !== "Renewing"),
    Stream.map((state) => (state._tag === "Authenticated" ? state.kuid : undefined)),
    Stream.changes,
    Stream.flatMap((kuid) => (kuid === undefined ? Stream.fromEffect(Effect.sync(View.showLogin)) : board(kuid)), {
      switch: true
    }),
    Stream.runDrain
  )
})

program.pipe(
  Effect.provide(BrowserKuzzle.layerCookie({ url: KUZZLE_URL })),
  Effect.tapError((error) => Effect.sync(() => View.showError(error.message))),
  BrowserRuntime.runMain
)
