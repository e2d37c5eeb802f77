/**
 * Who has the page open. Each page subscribes to a room under its name, which the server tells the others. Whoever comes is
 * greeted with a message by those who are there.
 */
import { KuzzleRealtime } from "@effect-kuzzle/core"
import { Array, Effect, Option, Schema, Stream } from "effect"
import { repository } from "./rides.ts"

export const Person = Schema.Struct({ id: Schema.String, name: Schema.String })

export type Person = typeof Person.Type

const room = { index: repository.index, collection: "people" }

const names = ["Ada", "Alan", "Barbara", "Edsger", "Grace", "Katherine", "Linus", "Margaret", "Niklaus"]

const randomName = () => names[Math.floor(Math.random() * names.length)] ?? "Ada"

/** The person at this page: another one in each tab, the same after a reload. */
export const me: Effect.Effect<Person> = Effect.runSync(Effect.cached(Effect.sync(() => {
  const name = sessionStorage.getItem("name") ?? randomName()
  sessionStorage.setItem("name", name)
  return { id: Math.random().toString(36).slice(2), name }
})))

const decode = Schema.decodeUnknownOption(Person)

type People = ReadonlyMap<string, Person>

/** Who is there after a notification. `self` always is. */
export const after = (self: Person) => (people: People, notification: KuzzleRealtime.Notification): People => {
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

/** Who is there now, and after every change: this page first. */
export const present = Stream.unwrapScoped(Effect.gen(function*() {
  const self = yield* me
  const notifications = yield* KuzzleRealtime.open({ ...room, users: "all", volatile: self })
  const greet = Effect.ignore(KuzzleRealtime.publish({ ...room, message: self }))
  const isArrival = (one: KuzzleRealtime.Notification) =>
    one.type === "user" && one.user === "in" && Option.exists(decode(one.volatile), ({ id }) => id !== self.id)
  return notifications.pipe(
    Stream.tap((one) => isArrival(one) ? greet : Effect.void),
    Stream.scan<People, KuzzleRealtime.Notification>(new Map([[self.id, self]]), after(self)),
    Stream.map((people) => [...people.values()])
  )
}))
