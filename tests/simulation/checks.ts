/** Checks of the promises that need the whole history. They run at its end, on what was recorded. */
import type { KuzzleError } from "@effect-kuzzle/core"
import { Cause, Duration, Exit, Option } from "effect"
import { statesAfter } from "../../packages/core/test/support/states.ts"
import { type ConsumerRecord, isFor, type LinkRecord, type Message, type RequestRecord } from "./history.ts"
import { pauseBounds } from "./plan.ts"
import { notQueued, tagOf } from "./programs.ts"
import type { World } from "./world.ts"

export const check = (world: World): void => {
  for (const record of world.history.requests) checkRequest(world, record)
  for (const link of world.history.links) checkOrder(world, link)
  for (const consumer of world.history.consumers) {
    checkElements(world, consumer)
    checkGaps(world, consumer)
    checkEnd(world, consumer)
  }
  checkStates(world)
  checkDials(world)
}

// -- requests --------------------------------------------------------------------------------------------------------

/** A request that may be resent is written to at most this many connections. */
const maxConnections = 8

const checkRequest = (world: World, record: RequestRecord): void => {
  const { executed, exit, group, n, settledAt, startedAt, timeout, writes } = record
  const fail = (promise: string, what: string) => world.violate(promise, `request ${n} (${record.kind}) ${what}`)
  if (exit === undefined || settledAt === undefined) return fail("R1", "never ended")

  const late = settledAt - (startedAt + timeout)
  if (late > 1 && !world.history.stalls.some(({ from, to }) => from <= startedAt + timeout && settledAt <= to)) {
    fail("R2", `ended ${late} ms after its deadline`)
  }
  // A request that was refused because of its token is resent once, with the next token.
  const refused = record.answers.some(({ tokenInvalid }) => tokenInvalid)
  const resends = refused ? 1 : 0
  const repeatable = record.idempotent && world.plan.queue !== undefined
  const maxWrites = (repeatable ? maxConnections : 1) + resends
  if (writes.length > maxWrites) fail("R6", `was written ${writes.length} times`)
  if (!record.idempotent && executed > 1) fail("R6", `was executed ${executed} times`)

  const written = writes.length > 0
  const last = writes.at(-1)
  // The requests of one `queryMany` settle together, when the last of them has ended.
  const explainsEnd = (at: number | undefined) => at === settledAt || (group >= 0 && at !== undefined && at < settledAt)
  const answered = record.answers.some(({ at, link }) => explainsEnd(at) && link === last?.link)
  if (
    group < 0 &&
    record.answers.some(({ at, link, tokenInvalid }) => !tokenInvalid && link === last?.link && at < settledAt)
  ) {
    fail("R1", "was answered, and ended otherwise")
  }
  if (Exit.isSuccess(exit)) {
    if (world.history.ids.get(exit.value.requestId) !== record) fail("R4", "got the answer to another request")
    if (executed === 0) fail("R4", "succeeded, and was not executed")
    if (!answered) {
      fail("R4", "succeeded without an answer on its own connection")
    }
    return
  }
  const tag = tagOf(exit.cause)
  switch (tag) {
    case "KuzzleNotSentError": {
      const reason = notQueued(exit)
      if (reason === "Expired" && settledAt < startedAt + (world.plan.queue?.ttl ?? Infinity)) {
        fail("R2", "was dropped from the queue before its `ttl`")
      }
      // A request that was refused because of its token waits to be sent again: the server has not executed it.
      if (writes.length > resends) fail("R3", "is reported as not sent, and was sent")
      return
    }
    case "KuzzleMaybeSentError":
      if (!written) fail("R3", "is reported as possibly sent, and was not sent")
      // A request that may be resent has waited for another connection since then.
      if (
        !world.history.links.some(({ endedAt = Infinity, id }) =>
          id === last?.link && (explainsEnd(endedAt) || (repeatable && endedAt < settledAt))
        )
      ) {
        fail("R3", "is reported as lost with its connection, which has not ended")
      }
      return
    case "KuzzleUnauthenticatedError":
      // The client itself refused it, because it knows that the session has ended.
      if (written) fail("R3", "is reported as not sent, and was sent")
      if (record.anonymous) fail("A1", "needs no session, and was refused because there is none")
      return
    case "KuzzleDeadlineError":
      if (settledAt < startedAt + timeout - 1) fail("R2", "ended with its deadline before the deadline")
      if (!refused && sentAccordingTo(exit) !== written) {
        fail("R3", `was ${written ? "" : "not "}sent, and its error states the opposite`)
      }
      return
    case "KuzzleEncodeError":
      if (record.kind !== "bad") fail("R7", "is reported as not encodable")
      return
    case "KuzzlePayloadTooLargeError":
      if (record.kind !== "big") fail("R7", "is reported as too large")
      return
    case "Interrupted":
      return
    default:
      if (tag.startsWith("Defect")) return fail("C7", tag)
      // Every other error is an answer of the server.
      if (!answered && !(refused && tag === "KuzzleUnauthorizedError")) {
        fail("R4", `ended with ${tag}, and no such answer arrived`)
      }
  }
}

/** Requests that waited are sent in order, as soon as the session is ready (promise R5). */
const checkOrder = (world: World, { id, written }: LinkRecord): void => {
  const { requests, states } = world.history
  let before: RequestRecord | undefined
  for (const { at, n } of written) {
    const one = requests[n]!
    // Resends of refused requests do not count.
    const first = one.writes.find(({ link }) => link === id)?.at === at &&
      !one.answers.some((answer) => answer.tokenInvalid && answer.at <= at)
    if (!first) continue
    if (before !== undefined) {
      const overtaken = one.startedAt < before.startedAt ||
        (one.group >= 0 && one.group === before.group && n < before.n)
      if (overtaken) world.violate("R5", `request ${n} was overtaken by ${before.n}`)
    }
    if (
      at !== one.startedAt && !isReplay(world, id, at) &&
      !states.some((entry) => entry.at === at && (entry.state._tag === "Ready" || entry.state._tag === "Replaying"))
    ) {
      world.violate("R5", `request ${n} was sent at ${at}, when no session became ready`)
    }
    before = one
  }
}

/**
 * Whether a request was sent in a replay: as the window of the replay allows, or later because the server limits the rate.
 */
const isReplay = ({ history, plan }: World, link: number, at: number): boolean => {
  // The connection may be lost in the same instant, after the write.
  const latest = history.states.findLastIndex((entry) => entry.at < at)
  const since = history.states.slice(Math.max(0, latest)).find((entry) =>
    entry.at <= at && entry.state._tag === "Replaying"
  )
  if (since === undefined) return false
  if (plan.rates.limit > 0 || plan.rates.postpone > 0) return true
  const written = history.links[link]?.written.filter((one) => since.at <= one.at && one.at < at) ?? []
  const before = written.length
  // A request that was in flight at an earlier loss is sent alone.
  const suspected = written.some(({ n }) => history.requests[n]!.writes.some((write) => write.link < link))
  return before >= replayWindow || suspected
}

/** How many requests a replay has in flight at once. */
const replayWindow = 32

/** What a deadline error states about the request: whether it was sent. `undefined` for any other outcome. */
const sentAccordingTo = (exit: Exit.Exit<unknown, KuzzleError.RequestError>): boolean | undefined => {
  const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
  return error?._tag === "KuzzleDeadlineError" ? error.sent : undefined
}

// -- subscriptions ---------------------------------------------------------------------------------------------------

const isLostUnnoticed = (world: World, message: Message): boolean => {
  for (const lost of world.history.invisible) if (lost.startsWith(`${message.m} `)) return true
  return false
}

/** Messages come in order and none comes twice. A gap announces every missing message (promise S4). */
const checkElements = (world: World, consumer: ConsumerRecord): void => {
  const { elements, id, openedAt } = consumer
  if (openedAt === undefined) {
    if (elements.some(({ _tag }) => _tag === "Message")) {
      world.violate("S3", `consumer ${id} received a message before it was opened`)
    }
    return
  }
  const fail = (what: string) => world.violate("S4", `consumer ${id} ${what}`)
  const expected = world.history.messages.filter((message) => message.confirmed && isFor(message, consumer))
  let next = expected.findIndex(({ seq }) => seq >= consumer.base)
  if (next < 0) next = expected.length
  let last = -1
  let gap = false
  let overflowed = 0
  let otherGap = false
  const exact = world.history.invisible.size === 0
  for (const element of elements) {
    if (element._tag === "User") continue
    if (element._tag === "Gap") {
      gap = true
      if (element.cause === "Overflow") overflowed += element.lost
      else otherGap = true
      continue
    }
    const message = world.history.byMark.get(element.m)
    if (message === undefined || !isFor(message, consumer)) {
      fail(`received message ${element.m}, which does not match it`)
      continue
    }
    if (message.seq <= last) {
      fail(`received message ${element.m} ${message.seq === last ? "twice" : "after a later one"}`)
      continue
    }
    const missing: Array<Message> = []
    for (; next < expected.length && expected[next]!.seq < message.seq; next++) {
      if (!isLostUnnoticed(world, expected[next]!)) missing.push(expected[next]!)
    }
    if (missing.length > 0 && !gap) fail(`missed message ${missing[0]!.m} before ${element.m} without a gap`)
    if (overflowed > 0 && last >= 0 && !otherGap && consumer.users === "none" && exact) {
      if (missing.length !== overflowed) {
        fail(`missed ${missing.length} messages before ${element.m}, and its gaps announce ${overflowed}`)
      }
    }
    // From its first notification on it receives all, even if that one was sent before the consumer was opened.
    next = expected.findIndex(({ seq }) => seq > message.seq)
    if (next < 0) next = expected.length
    last = message.seq
    gap = otherGap = false
    overflowed = 0
  }
}

/** No gap without a cause (promise S4). */
const checkGaps = (world: World, consumer: ConsumerRecord): void => {
  const { history } = world
  const fail = (what: string, at: number) =>
    world.violate("S4", `consumer ${consumer.id} got ${what} at ${at} without a cause`)
  const ends = history.links.flatMap(({ endedAt, openedAt }) =>
    endedAt === undefined || openedAt === undefined ? [] : [endedAt]
  )
  // The server either reports an expired token once for the connection, or refuses one request.
  const expiries = [...history.expiries, ...history.invalidations].toSorted((a, b) => a - b)
  const renewals = history.states.filter(({ state }) => state.because === "Replacement").map(({ at }) => at)
  const kinds = [["Disconnected", ends], ["TokenExpired", expiries], ["Replaced", renewals]] as const
  for (const [kind, causes] of kinds) {
    let gaps = 0
    let since = consumer.acquiredAt
    for (const element of consumer.elements) {
      if (element._tag !== "Gap" || element.cause !== kind) continue
      gaps += 1
      const before = causes.filter((at) => consumer.acquiredAt <= at && at <= element.at)
      // A slow consumer may get several gaps at once.
      if (before.length < gaps || (!consumer.slow && !before.some((at) => at >= since))) {
        fail(`a gap (${kind})`, element.at)
      }
      since = element.at
    }
  }
  for (const element of consumer.elements) {
    if (element._tag === "Gap" && element.cause === "Overflow" && (element.lost < 1 || !consumer.slow)) {
      fail("an overflow", element.at)
    }
  }
}

/** A stream ends with its scope, with the client, or when the server refuses the subscription (promises S1, S6). */
const checkEnd = (world: World, consumer: ConsumerRecord): void => {
  const { closedAt, ended, id, openedAt } = consumer
  if (ended === undefined || closedAt !== undefined) return
  const fail = () => world.violate("S1", `consumer ${id} ended with ${ended.tag}`)
  switch (ended.tag) {
    case "KuzzleForbiddenError":
      return
    case "KuzzleDeadlineError":
      return openedAt === undefined ? undefined : fail()
    case "KuzzleNotSentError":
      return world.hasEnded(ended.at) ? undefined : fail()
    case "KuzzleOverflowError":
      return consumer.slow && consumer.strategy === "fail" ? undefined : fail()
    default:
      fail()
  }
}

// -- the connection --------------------------------------------------------------------------------------------------

const checkStates = (world: World): void => {
  const { plan } = world
  const { links, states } = world.history
  const isStable = (since: number, at: number) => at - since >= plan.settings.stableAfter
  /** When the current connection was opened. `undefined` also for one that was opened before the first recorded state. */
  let openedAt: number | undefined
  let losses = 0
  let attempt = 0
  states.forEach(({ at, state }, i) => {
    const previous = states[i - 1]?.state
    if (previous !== undefined && !statesAfter[previous._tag].includes(state._tag)) {
      world.violate("C5", `${state._tag} follows ${previous._tag}`)
    }
    if (previous?._tag === "Connecting" && state._tag !== "Waiting") openedAt = at
    if (state._tag === "Connecting" && state.attempt !== undefined) attempt = state.attempt
    // The client has closed it on purpose, unless it broke in the same instant. That is no loss. A stable connection resets
    // the count.
    if (state.because === "Replacement" && links.some(({ dialledAt }) => dialledAt === at)) {
      if (openedAt === undefined) losses = -1000
      else if (isStable(openedAt, at)) losses = 0
      openedAt = undefined
      return
    }
    if (state._tag !== "Waiting" || state.delay === undefined) return
    if (state.cause === undefined) world.violate("C5", "a `Waiting` state has no cause")
    const dialled = previous?._tag === "Connecting" && (previous.because !== "Replacement" || states[i - 1]?.at !== at)
    const known = openedAt !== undefined || dialled
    const stable = openedAt !== undefined && isStable(openedAt, at)
    openedAt = undefined
    if (!known) {
      losses = state.attempt === 1 ? 1 : -1000
      return
    }
    losses = stable ? 1 : losses + 1
    if (stable ? state.attempt !== 1 : state.attempt !== attempt + 1 && attempt > 0) {
      world.violate("C6", `attempt ${state.attempt} follows ${attempt}, stable: ${stable}`)
    }
    if (losses < 1) return
    const [least, most] = pauseBounds(plan.settings.reconnect, losses - 1)
    const delay = Duration.toMillis(state.delay)
    if (delay < least || delay > most) {
      world.violate("C6", `a pause of ${delay} ms, not ${least} to ${most}, after ${losses} losses`)
    }
  })
}

/** The client dials when the backoff delay ends, neither earlier nor later. */
const checkDials = (world: World): void => {
  const { links, stalls, states } = world.history
  for (const { at, state } of states) {
    if (state._tag !== "Waiting" || state.delay === undefined) continue
    const due = at + Duration.toMillis(state.delay)
    const next = links.find(({ dialledAt }) => dialledAt > at)
    if (next === undefined) continue
    if (next.dialledAt < due - 1) world.violate("C6", `dialled early, at ${next.dialledAt}, due at ${due}`)
    if (next.dialledAt > due + 1 && !stalls.some(({ from, to }) => from <= due && next.dialledAt <= to + 1)) {
      world.violate("C6", `dialled late, at ${next.dialledAt}, due at ${due}`)
    }
  }
}
