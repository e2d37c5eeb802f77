/**
 * A page that shows taxis live to a user who is logged in.
 *
 * The session is a cookie that no script can read, not even this one. The client keeps the user logged in when the page
 * is reloaded, reconnects after a lost connection, and keeps the taxis up to date. This needs no code here.
 */
import { BrowserKuzzle } from "@effect-kuzzle/browser"
import type { KuzzleFilter } from "@effect-kuzzle/core"
import { Kuzzle, KuzzleAuth } from "@effect-kuzzle/core"
import { Array, Effect, Option, Redacted, Stream } from "effect"
import { taxis } from "../taxis.ts"
import * as View from "./view.ts"

declare const KUZZLE_URL: string

/** The taxis that match a filter: first the current ones, then all of them again after every change. */
const rows = (filter: KuzzleFilter.SearchFilter & KuzzleFilter.On<typeof taxis.schema.Encoded>) =>
  Stream.unwrapScoped(Effect.map(
    taxis.live({ filter }),
    (live) =>
      Stream.map(
        live.values,
        (documents) => Array.fromIterable(documents.values()).map(({ _id, _source }): View.Row => ({ _id, ..._source }))
      )
  ))

/** Shows an error to the user, so that it does not end the program of the page. */
const showingErrors = <A, R>(effect: Effect.Effect<A, Error, R>) =>
  Effect.catchAll(Effect.asVoid(effect), (error) => Effect.sync(() => View.showError(error.message)))

/** Shows the taxis to the user, and handles the user's actions, from the login to the logout. */
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

/** Handles logins and logouts. They are not part of the view, because a change of the session restarts the view. */
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
  yield* Effect.fork(Stream.runForEach(Kuzzle.states, (state) => Effect.sync(() => View.showConnection(state))))
  yield* Effect.fork(Stream.runDrain(sessions))
  yield* KuzzleAuth.states.pipe(
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
