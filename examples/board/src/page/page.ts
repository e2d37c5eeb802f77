/**
 * A page that shows taxis live to a user who is logged in.
 *
 * The session is a cookie that no script can read, not even this one. The client keeps the user logged in when the page is
 * reloaded, opens a lost connection again, and keeps the taxis up to date. No code here is needed for that.
 */
import { BrowserKuzzle } from "@effect-kuzzle/browser"
import type { KuzzleFilter } from "@effect-kuzzle/core"
import { Kuzzle, KuzzleAuth } from "@effect-kuzzle/core"
import { Array, Effect, Option, Redacted, Stream } from "effect"
import { taxis } from "../taxis.ts"
import * as View from "./view.ts"

declare const KUZZLE_URL: string

/** The taxis that match a filter: the present ones at once, then again after every change. */
const rows = (filter: KuzzleFilter.SearchFilter & KuzzleFilter.On<typeof taxis.schema.Encoded>) =>
  Stream.unwrapScoped(Effect.map(
    taxis.live({ filter }),
    (live) =>
      Stream.map(
        live.values,
        (documents) => Array.fromIterable(documents.values()).map(({ _id, _source }): View.Row => ({ _id, ..._source }))
      )
  ))

/** Shows an error to the user instead of ending the page. */
const showingErrors = <A, R>(effect: Effect.Effect<A, Error, R>) =>
  Effect.catchAll(Effect.asVoid(effect), (error) => Effect.sync(() => View.showError(error.message)))

/** What a user sees and does, from the login to the logout. */
const board = (kuid: string) =>
  Stream.suspend(() => {
    View.showBoard(kuid)
    const changes = View.onlyFree.pipe(
      Stream.flatMap((only) => rows(only ? taxis.filter.equals("status", "free") : taxis.filter.all), { switch: true }),
      Stream.mapEffect((rows) => Effect.sync(() => View.showRows(rows)))
    )
    const hails = Stream.mapEffect(
      View.hails,
      (_id) => showingErrors(taxis.update({ _id, content: { status: "busy" } }))
    )
    return Stream.merge(changes, hails)
  })

/** Logins and logouts run beside the view: the view restarts when the session changes, which would interrupt them. */
const sessions = Stream.merge(
  Stream.mapEffect(
    View.logins,
    ({ password, username }) =>
      showingErrors(
        KuzzleAuth.login({ strategy: "local", credentials: { username, password: Redacted.make(password) } })
      )
  ),
  Stream.mapEffect(View.logouts, () => showingErrors(KuzzleAuth.logout()))
)

const program = Effect.gen(function*() {
  const kuzzle = yield* Kuzzle.Kuzzle
  yield* Effect.fork(Stream.runForEach(kuzzle.states, (state) => Effect.sync(() => View.showConnection(state))))
  yield* Effect.fork(Stream.runDrain(sessions))
  yield* kuzzle.authentication.states.pipe(
    // The user stays logged in while the session is renewed.
    Stream.filter(({ _tag }) => _tag !== "Renewing"),
    Stream.map((state) => (state._tag === "Authenticated" ? state.kuid : Option.none())),
    Stream.changes,
    Stream.flatMap(Option.match({ onNone: () => Stream.fromEffect(Effect.sync(View.showLogin)), onSome: board }), {
      switch: true
    }),
    Stream.runDrain
  )
})

program.pipe(
  Effect.provide(BrowserKuzzle.layer({ url: KUZZLE_URL, session: BrowserKuzzle.cookie })),
  Effect.tapError((error) => Effect.sync(() => View.showError(error.message))),
  Effect.runFork
)
