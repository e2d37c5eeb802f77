/** Checks of the outbox's promises that need the whole history. They run at its end, on what was recorded. */
import type { HandOver, SharedWorld, Written } from "./world.ts"

export const check = (world: SharedWorld): void => {
  for (const handOver of world.handOvers) checkOne(world, handOver)
  checkOrder(world)
}

/** Whether other clients may take over requests of a living client. Then there may be one report too many (O2). */
const mayTakeOver = ({ plan }: SharedWorld): boolean => plan.locks === "Lying" || plan.locks === "Absent"

const checkOne = (world: SharedWorld, handOver: HandOver): void => {
  const {
    acceptedAt,
    answers,
    entries,
    executed,
    idempotent,
    marked,
    n,
    reports,
    retries,
    outcome,
    hasStoreFault,
    withdrawn
  } = handOver
  const fail = (promise: string, what: string) => world.violate(promise, `request ${n} ${what}`)
  if (!idempotent && executed > 1 + retries) fail("O1", `was executed ${executed} times`)

  const sent = handOver.writes.length > 0
  const hasOutcome = outcome !== undefined && isFinal(outcome.tag)
  if (acceptedAt !== undefined && retries === 0) {
    const ends = answers.length > 0 || hasOutcome || isWithdrawn(handOver) || reports.length > 0 ||
      isLostWithCaller(world, handOver) ||
      handOver.purged !== undefined
    if (!ends && !hasStoreFault) fail("O2", "was accepted, and its outcome is unknown")
    if (reports.length > 1) fail("O2", `has ${reports.length} reports`)
    if (reports.length > 0 && outcome?.tag === "ok" && !hasStoreFault && !mayTakeOver(world)) {
      fail("O2", `succeeded, and is reported as ${reports[0]?.outcome}`)
    }
    if (reports[0]?.outcome === "Expired" && sent && !idempotent && !wasRefused(handOver)) {
      fail("O2", "was sent, and is reported as expired")
    }
  }
  if (withdrawn === true) {
    if (executed > 0) fail("O6", "was withdrawn, and executed")
    if (reports.length > 0) fail("O6", `was withdrawn, and is reported as ${reports[0]?.outcome}`)
  }
  checkPurged(world, handOver)
  if (reports.some(({ outcome }) => outcome === "MaybeSent") && !marked) {
    fail("O7", "may have been sent, and was not marked")
  }
  for (const write of handOver.writes) {
    // A connection with an invalid cookie has no user, and the server refuses its requests.
    if (world.jar === undefined || write.accepted) checkSender(world, handOver, write)
    checkDeadline(world, handOver, write)
  }
  if (entries.length > 1 + retries && !hasStoreFault) fail("O2", `was stored ${entries.length} times`)
  checkPoison(world, handOver)
}

/** No client sends a request that was purged before it was sent. */
const checkPurged = (
  world: SharedWorld,
  { idempotent, n, purged, reports, retries, hasStoreFault, writes }: HandOver
): void => {
  // An idempotent request is not marked before it is sent.
  if (purged === undefined || purged.marked || idempotent || retries > 0 || hasStoreFault) return
  if (writes.some(({ at }) => at > purged.at)) world.violate("O6", `request ${n} was purged, and sent`)
  if (reports.some(({ at }) => at > purged.at)) world.violate("O6", `request ${n} was purged, and is reported`)
}

/** Whether it was withdrawn. Its client may have crashed before it could report that. */
const isWithdrawn = ({ deletedAt, withdrawing, withdrawn }: HandOver): boolean =>
  withdrawn === true || (withdrawing && withdrawn === undefined && deletedAt !== undefined)

/**
 * Whether its outcome was lost with its caller. It ended with an error while a caller waited, so there is no report. The
 * caller gave up or crashed before it had the outcome.
 */
const isLostWithCaller = ({ plan }: SharedWorld, { deletedAt, waitedUntil }: HandOver): boolean =>
  deletedAt !== undefined && waitedUntil >= deletedAt - 2 * plan.store.latency

/** Whether an outcome means that the request is no longer stored. */
const isFinal = (tag: string): boolean =>
  tag !== "Interrupted" && !tag.endsWith("OtherUser") && !tag.endsWith("OtherClient")

/** Whether it was answered. If it is reported as expired after that, the answer was a refusal, and it waited again. */
const wasRefused = ({ answers }: HandOver): boolean => answers.length > 0

const checkSender = (world: SharedWorld, { entries, n }: HandOver, { at, user }: Written): void => {
  const allowed = entries.some(({ sender }) => sender._tag === "User" ? sender.kuid === user : user === undefined)
  if (!allowed) {
    world.violate(
      "O4",
      `request ${n} was sent at ${at} as ${user ?? "anonymous"}, not as ${JSON.stringify(entries[0]?.sender)}`
    )
  }
}

/** A request is not sent after its deadline. Setting the wall clock moves the deadline, so such histories are not checked. */
const checkDeadline = ({ host, plan, violate }: SharedWorld, { entries, n }: HandOver, { at, wall }: Written): void => {
  if (host.wallOffset !== 0) return
  const late = wall - latest(entries)
  // While a session is renewed, the client may hold a request for up to `requestTimeout`.
  if (late > plan.requestTimeout) violate("O3", `request ${n} was sent at ${at}, ${late} ms after its deadline`)
}

const latest = (entries: HandOver["entries"]): number => Math.max(...entries.map(({ sendBy }) => sendBy))

/** A client sends waiting requests in the order in which it stored them. */
const checkOrder = (world: SharedWorld): void => {
  // With shuffled fibers, requests of the same instant are written in any order.
  if (world.plan.order.shuffled) return
  const simple = world.handOvers.filter(({ adopted, entries, retries, hasStoreFault }) =>
    entries.length === 1 && retries === 0 && !hasStoreFault && !adopted
  )
  for (const client of world.clients) {
    const last = new Map<string, HandOver>()
    const sent = simple.filter((handOver) => handOver.client === client.id && handOver.writes[0]?.client === client.id)
      .sort((a, b) => a.writes[0]!.nth - b.writes[0]!.nth)
    for (const handOver of sent) {
      const [entry] = handOver.entries
      const sender = JSON.stringify(entry!.sender)
      const before = last.get(sender)
      if (
        before !== undefined && before.entries[0]!.seq > entry!.seq &&
        before.calledAt > (handOver.acceptedAt ?? Infinity)
      ) {
        world.violate("O5", `request ${handOver.n} of client ${client.id} was overtaken by ${before.n}`)
      }
      if (before === undefined || before.entries[0]!.seq < entry!.seq) last.set(sender, handOver)
    }
  }
}

/** A request that ends every connection does not make an idempotent request fail. */
const checkPoison = (
  world: SharedWorld,
  { entries, idempotent, n, poison, reports, retries, writes }: HandOver
): void => {
  const givenUp = reports.find(({ outcome }) => outcome === "MaybeSent")
  const { at: sentAt = -Infinity, link } = writes.at(-1) ?? {}
  if (!world.plan.poison || poison || !idempotent || givenUp === undefined || link === undefined) return
  // Setting a clock moves the deadline. After its deadline a request fails, whatever ended its connection.
  if (retries > 0 || world.host.wallOffset !== 0) return
  // No answer arrived in time, with or without a lost connection.
  if (sentAt + world.plan.requestTimeout <= givenUp.at) return
  const isLost = (link.record.endedAt ?? Infinity) <= givenUp.at
  const isPoisoned = world.handOvers.some((other) => other.poison && other.writes.some((write) => write.link === link))
  // After the first loss, the request is a suspect and is sent alone.
  if (isLost && isPoisoned && writes.length === 1 && givenUp.wall < latest(entries)) {
    world.violate("O8", `request ${n} fails together with the request that ends connections`)
  }
}
