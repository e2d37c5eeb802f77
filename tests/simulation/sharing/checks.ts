/** The promises of the outbox, held against what was written down: what can only be said when all is over. */
import type { Handed, SharedWorld, Written } from "./world.ts"

export const check = (world: SharedWorld): void => {
  for (const handed of world.handed) checkOne(world, handed)
  checkOrder(world)
}

/** Whether others may take over what belongs to a client that lives. Then a report may be one too many (O2). */
const mayTakeOver = ({ plan }: SharedWorld): boolean => plan.locks === "Lying" || plan.locks === "Absent"

const checkOne = (world: SharedWorld, handed: Handed): void => {
  const { acceptedAt, answers, entries, executed, idempotent, marked, n, reports, retries, told, troubled, withdrawn } =
    handed
  const fail = (promise: string, what: string) => world.violate(promise, `request ${n} ${what}`)
  if (!idempotent && executed > 1 + retries) fail("O1", `was executed ${executed} times`)

  const sent = handed.writes.length > 0
  const isTold = told !== undefined && isFinal(told.tag)
  if (acceptedAt !== undefined && retries === 0) {
    const ends = answers.length > 0 || isTold || isWithdrawn(handed) || reports.length > 0 ||
      isUnheard(world, handed) ||
      handed.purged !== undefined
    if (!ends && !troubled) fail("O2", "was accepted, and nobody knows what became of it")
    if (reports.length > 1) fail("O2", `has ${reports.length} reports`)
    if (reports.length > 0 && told?.tag === "ok" && !troubled && !mayTakeOver(world)) {
      fail("O2", `has succeeded, and is reported as ${reports[0]?.outcome}`)
    }
    if (reports[0]?.outcome === "Expired" && sent && !idempotent && !wasRefused(handed)) {
      fail("O2", "was sent, and is reported as expired")
    }
  }
  if (withdrawn === true) {
    if (executed > 0) fail("O6", "was withdrawn, and executed")
    if (reports.length > 0) fail("O6", `was withdrawn, and is reported as ${reports[0]?.outcome}`)
  }
  checkPurged(world, handed)
  if (reports.some(({ outcome }) => outcome === "MaybeSent") && !marked) {
    fail("O7", "may have been sent, and was not marked")
  }
  for (const write of handed.writes) {
    // A connection that carries a dead cookie has no user. The server refuses what is sent on it.
    if (world.jar === undefined || write.accepted) checkSender(world, handed, write)
    checkDeadline(world, handed, write)
  }
  if (entries.length > 1 + retries && !troubled) fail("O2", `was stored ${entries.length} times`)
  checkPoison(world, handed)
}

/** What was purged before it was sent is not sent, by no client. */
const checkPurged = (
  world: SharedWorld,
  { idempotent, n, purged, reports, retries, troubled, writes }: Handed
): void => {
  // An idempotent one is not marked before it is sent.
  if (purged === undefined || purged.marked || idempotent || retries > 0 || troubled) return
  if (writes.some(({ at }) => at > purged.at)) world.violate("O6", `request ${n} was purged, and sent`)
  if (reports.some(({ at }) => at > purged.at)) world.violate("O6", `request ${n} was purged, and is reported`)
}

/** Its client may have crashed before it could say so. */
const isWithdrawn = ({ deletedAt, withdrawing, withdrawn }: Handed): boolean =>
  withdrawn === true || (withdrawing && withdrawn === undefined && deletedAt !== undefined)

/**
 * It ended with an error while a caller waited for the outcome, so there is no report. The caller gave up or crashed
 * before the store had the outcome.
 */
const isUnheard = ({ plan }: SharedWorld, { deletedAt, waitedUntil }: Handed): boolean =>
  deletedAt !== undefined && waitedUntil >= deletedAt - 2 * plan.store.latency

/** Errors that say that it is still stored, or nothing about it. */
const isFinal = (tag: string): boolean =>
  tag !== "Interrupted" && !tag.endsWith("OtherUser") && !tag.endsWith("OtherClient")

/** An answer that says that it was not executed has come, so it waited again. */
const wasRefused = ({ answers }: Handed): boolean => answers.length > 0

const checkSender = (world: SharedWorld, { entries, n }: Handed, { at, user }: Written): void => {
  const allowed = entries.some(({ sender }) => sender._tag === "User" ? sender.kuid === user : user === undefined)
  if (!allowed) {
    world.violate(
      "O4",
      `request ${n} was sent at ${at} as ${user ?? "nobody"}, not as ${JSON.stringify(entries[0]?.sender)}`
    )
  }
}

/** The clock may be set while a request waits: then its deadline is another one. */
const checkDeadline = ({ host, plan, violate }: SharedWorld, { entries, n }: Handed, { at, wall }: Written): void => {
  if (host.wallOffset !== 0) return
  const late = wall - latest(entries)
  // The client may hold it while a session is renewed, for as long as it waits for an answer.
  if (late > plan.requestTimeout) violate("O3", `request ${n} was sent at ${at}, ${late} ms after its deadline`)
}

const latest = (entries: Handed["entries"]): number => Math.max(...entries.map(({ sendBy }) => sendBy))

/** What waits in a client is sent in the order in which the client has stored it. */
const checkOrder = (world: SharedWorld): void => {
  // With fibers in any order, those that write at the same time do so, too.
  if (world.plan.order.shuffled) return
  const simple = world.handed.filter(({ adopted, entries, retries, troubled }) =>
    entries.length === 1 && retries === 0 && !troubled && !adopted
  )
  for (const client of world.clients) {
    const last = new Map<string, Handed>()
    const sent = simple.filter((handed) => handed.client === client.id && handed.writes[0]?.client === client.id)
      .sort((a, b) => a.writes[0]!.nth - b.writes[0]!.nth)
    for (const handed of sent) {
      const [entry] = handed.entries
      const sender = JSON.stringify(entry!.sender)
      const before = last.get(sender)
      if (
        before !== undefined && before.entries[0]!.seq > entry!.seq && before.calledAt > (handed.acceptedAt ?? Infinity)
      ) {
        world.violate("O5", `request ${handed.n} of client ${client.id} was overtaken by ${before.n}`)
      }
      if (before === undefined || before.entries[0]!.seq < entry!.seq) last.set(sender, handed)
    }
  }
}

/** A request that ends every connection takes no other with it that may be sent again. */
const checkPoison = (
  world: SharedWorld,
  { entries, idempotent, n, poison, reports, retries, writes }: Handed
): void => {
  const givenUp = reports.find(({ outcome }) => outcome === "MaybeSent")
  const { at: sentAt = -Infinity, link } = writes.at(-1) ?? {}
  if (!world.plan.poison || poison || !idempotent || givenUp === undefined || link === undefined) return
  // Setting a clock moves the deadline. At the deadline a request is given up, whatever ended its connection.
  if (retries > 0 || world.host.wallOffset !== 0) return
  // No answer came in time, with or without a lost connection.
  if (sentAt + world.plan.requestTimeout <= givenUp.at) return
  const isLost = (link.record.endedAt ?? Infinity) <= givenUp.at
  const isPoisoned = world.handed.some((other) => other.poison && other.writes.some((write) => write.link === link))
  // The first loss makes it a suspect, which is sent alone.
  if (isLost && isPoisoned && writes.length === 1 && givenUp.wall < latest(entries)) {
    world.violate("O8", `request ${n} is given up with the one that ends connections`)
  }
}
