/**
 * The people who have the page open. Each page subscribes to a room with its person in the volatile data. The server
 * includes these data in its notifications to the other pages. Open pages greet each new page with a message.
 */
import { KuzzleRealtime } from "@effect-kuzzle/core"
import { Array, Effect, Option, Schema, Stream } from "effect"
import { repository } from "./rides.ts"

export const Person = Schema.Struct({ id: Schema.String, name: Schema.String })

export type Person = typeof Person.Type

const room = { index: repository.index, collection: "people" }

const names = ["Ada", "Alan", "Barbara", "Edsger", "Grace", "Katherine", "Linus", "Margaret", "Niklaus"]

const randomName = () => names[Math.floor(Math.random() * names.length)] ?? "Ada"

/** The person at this page. Each tab has its own name, which survives a reload. */
export const me: Effect.Effect<Person> = Effect.runSync(Effect.cached(Effect.sync(() => {
  const name = sessionStorage.getItem("name") ?? randomName()
  sessionStorage.setItem("name", name)
  return { id: Math.random().toString(36).slice(2), name }
})))

const decode = Schema.decodeUnknownOption(Person)

type People = ReadonlyMap<string, Person>

/** Applies a notification to the people. The result always includes `self`. */
export const peopleAfter = (self: Person) => (people: People, notification: KuzzleRealtime.Notification): People => {
  const next = new Map(people)
  switch (notification.type) {
    case "gap":
      return new Map([[self.id, self]])
    case "user":
      for (const { id, name } of Array.fromOption(decode(notification.volatile))) {
        if (notification.user === "in") next.set(id, { id, name })
        else if (id !== self.id) next.delete(id)
      }
      return next
    case "document":
      for (const { id, name } of Array.fromOption(decode(notification.result._source))) next.set(id, { id, name })
      return next
  }
}

/** The people who are present: once at the start, then after every change. `self` comes first. */
export const present = Stream.unwrapScoped(Effect.gen(function*() {
  const self = yield* me
  const notifications = yield* KuzzleRealtime.open({ ...room, users: "all", volatile: self })
  const greet = Effect.ignore(KuzzleRealtime.publish({ ...room, message: self }))
  const isArrival = (notification: KuzzleRealtime.Notification) =>
    notification.type === "user" && notification.user === "in" &&
    Option.exists(decode(notification.volatile), ({ id }) => id !== self.id)
  return notifications.pipe(
    Stream.tap((notification) => isArrival(notification) ? greet : Effect.void),
    Stream.scan<People, KuzzleRealtime.Notification>(new Map([[self.id, self]]), peopleAfter(self)),
    Stream.map((people) => [...people.values()])
  )
}))
