/** The contents of the page, as stores for any framework, and the actions of its user. */
import { Kuzzle, KuzzleExternalStore, KuzzleOutbox, type KuzzleOutboxStore } from "@effect-kuzzle/core"
import { Effect, Option, Stream } from "effect"
import { runtime } from "./client.ts"
import * as People from "./people.ts"
import * as Rides from "./rides.ts"

export const connection = KuzzleExternalStore.make(runtime, Kuzzle.states)

export const people = KuzzleExternalStore.make(runtime, People.present)

export const rides = KuzzleExternalStore.make(runtime, Rides.live)

export const writes = KuzzleExternalStore.make(runtime, Rides.writes)

export const reports = KuzzleExternalStore.make(
  runtime,
  Stream.unwrap(Effect.map(KuzzleOutbox.KuzzleOutbox, ({ reportStates }) => reportStates))
)

// ---- actions of the user ---------------------------------------------------------------------------------------------

// The outbox stores each write. So it is sent even if the page is reloaded or closed first.

/** Resolves when the order is stored. */
export const order = (place: string): Promise<unknown> =>
  runtime.runPromise(Effect.flatMap(People.me, ({ name }) =>
    KuzzleOutbox.handOver(Rides.repository.createOrReplace({
      _id: Math.random().toString(36).slice(2),
      content: { place, by: name, status: "waiting", at: Date.now() }
    }))))

export const take = (_id: string): Promise<unknown> =>
  runtime.runPromise(KuzzleOutbox.handOver(Rides.repository.update({ _id, content: { status: "taken" } })))

export const sendAgain = (report: KuzzleOutboxStore.StoredReport): Promise<unknown> =>
  runtime.runPromise(Effect.flatMap(KuzzleOutbox.KuzzleOutbox, ({ retry }) => retry(report)))

export const dismiss = (report: KuzzleOutboxStore.StoredReport): Promise<unknown> =>
  runtime.runPromise(Effect.flatMap(KuzzleOutbox.KuzzleOutbox, ({ forget }) => forget([report])))

// ---- texts ----------------------------------------------------------------------------------------------------------

export const connectionText = (snapshot: ReturnType<typeof connection.getSnapshot>): string => {
  if (snapshot._tag === "Pending") return "connecting"
  if (snapshot._tag === "Failure") return snapshot.error.message
  const state = snapshot.value
  switch (state._tag) {
    case "Ready":
      return "connected"
    case "Waiting":
      return state.online ? "connection lost, trying again" : "no network"
    case "Failed":
    case "Closed":
      return "no connection"
    default:
      return "connecting"
  }
}

const outcomes = {
  MaybeSent: "may have arrived: the connection was lost",
  Expired: "was not sent in time",
  Rejected: "was refused",
  Unreadable: "cannot be read any more"
}

export const reportText = ({ detail, entry, outcome }: KuzzleOutboxStore.StoredReport): string => {
  const subject = Option.match(Option.flatMap(Option.fromNullable(entry), Rides.writeOf), {
    onNone: () => "A request",
    onSome: ({ _id, content }) => content.place ?? `The change of ${_id}`
  })
  return `${subject} ${outcomes[outcome]}${detail === undefined ? "" : `: ${detail}`}`
}
