/** The promises, held against what was written down: what can only be said when all is over. */
import type { KuzzleError } from "@effect-kuzzle/core"
import { Cause, Duration, Exit, Option } from "effect"
import { statesAfter } from "../../packages/core/test/support/states.ts"
import { type Asked, type Heard, isFor, type LinkRecord, type Message } from "./history.ts"
import { pauseBounds } from "./plan.ts"
import { notQueued, tagOf } from "./programs.ts"
import type { World } from "./world.ts"

export const check = (world: World): void => {
  for (const asked of world.history.asked) checkRequest(world, asked)
  for (const link of world.history.links) checkOrder(world, link)
  for (const heard of world.history.heard) {
    checkElements(world, heard)
    checkGaps(world, heard)
    checkEnd(world, heard)
  }
  checkStates(world)
  checkDials(world)
}

// -- requests --------------------------------------------------------------------------------------------------------

/** What may be sent twice is written to so many connections at most. */
const maxConnections = 8

const checkRequest = (world: World, asked: Asked): void => {
  const { executed, exit, group, n, settledAt, startedAt, timeout, writes } = asked
  const fail = (promise: string, what: string) => world.violate(promise, `request ${n} (${asked.kind}) ${what}`)
  if (exit === undefined || settledAt === undefined) return fail("R1", "never ended")

  const late = settledAt - (startedAt + timeout)
  if (late > 1 && !world.history.stalls.some(({ from, to }) => from <= startedAt + timeout && settledAt <= to)) {
    fail("R2", `ended ${late} ms after its deadline`)
  }
  // What was refused with its token is sent once more, with the next one.
  const refused = asked.answers.some(({ dead }) => dead)
  const again = refused ? 1 : 0
  const repeatable = asked.idempotent && world.plan.queue !== undefined
  const often = (repeatable ? maxConnections : 1) + again
  if (writes.length > often) fail("R6", `was written ${writes.length} times`)
  if (!asked.idempotent && executed > 1) fail("R6", `was executed ${executed} times`)

  const written = writes.length > 0
  const last = writes.at(-1)
  // The outcomes of one call are reported together, when the last of them has ended.
  const then = (at: number | undefined) => at === settledAt || (group >= 0 && at !== undefined && at < settledAt)
  const answered = asked.answers.some(({ at, link }) => then(at) && link === last?.link)
  if (group < 0 && asked.answers.some(({ at, dead, link }) => !dead && link === last?.link && at < settledAt)) {
    fail("R1", "was answered and did not end with that")
  }
  if (Exit.isSuccess(exit)) {
    if (world.history.ids.get(exit.value.requestId) !== asked) fail("R4", "was given the answer to another")
    if (executed === 0) fail("R4", "succeeded and was not executed")
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
        fail("R2", "was given up by the queue before its time")
      }
      // A request that was refused because of its token waits to be sent again: the server has not executed it.
      if (writes.length > again) fail("R3", "is said not to have been sent, and was")
      return
    }
    case "KuzzleMaybeSentError":
      if (!written) fail("R3", "is said to have been sent, perhaps, and was not")
      // One that may be sent twice has waited for another connection since.
      if (
        !world.history.links.some(({ endedAt = Infinity, id }) =>
          id === last?.link && (then(endedAt) || (repeatable && endedAt < settledAt))
        )
      ) {
        fail("R3", "is said to have lost its connection, and has not")
      }
      return
    case "KuzzleUnauthenticatedError":
      // It was refused here, for a session that is known to be over.
      if (written) fail("R3", "is said not to have been sent, and was")
      if (asked.anonymous) fail("A1", "needs no session, and was refused for want of one")
      return
    case "KuzzleDeadlineError":
      if (settledAt < startedAt + timeout - 1) fail("R2", "missed a deadline that was still to come")
      if (!refused && wasSent(exit) !== written) {
        fail("R3", `was ${written ? "" : "not "}sent, and its deadline says not so`)
      }
      return
    case "KuzzleEncodeError":
      if (asked.kind !== "bad") fail("R7", "is said not to be encodable")
      return
    case "KuzzlePayloadTooLargeError":
      if (asked.kind !== "big") fail("R7", "is said to be too large")
      return
    case "Interrupted":
      return
    default:
      if (tag.startsWith("Defect")) return fail("C7", tag)
      // What is left is the server's word.
      if (!answered && !(refused && tag === "KuzzleUnauthorizedError")) {
        fail("R4", `ended with ${tag} and there was no such answer`)
      }
  }
}

/** What waited is sent in its order, when the session is ready and not later (promise R5). */
const checkOrder = (world: World, { id, written }: LinkRecord): void => {
  const { asked, states } = world.history
  let before: Asked | undefined
  for (const { at, n } of written) {
    const one = asked[n]!
    // Not those that were refused and come once more.
    const first = one.writes.find(({ link }) => link === id)?.at === at &&
      !one.answers.some((a) => a.dead && a.at <= at)
    if (!first) continue
    if (before !== undefined) {
      const overtaken = one.startedAt < before.startedAt ||
        (one.group >= 0 && one.group === before.group && n < before.n)
      if (overtaken) world.violate("R5", `request ${n} was overtaken by ${before.n}`)
    }
    if (
      at !== one.startedAt && !replayed(world, id, at) &&
      !states.some((entry) => entry.at === at && (entry.state._tag === "Ready" || entry.state._tag === "Replaying"))
    ) {
      world.violate("R5", `request ${n} was sent at ${at}, when nothing had become ready`)
    }
    before = one
  }
}

/** Whether a request was sent at the pace of the answers, or of a server that limits the rate. */
const replayed = ({ history, plan }: World, link: number, at: number): boolean => {
  // The connection may be lost in the very moment of the write, after it.
  const latest = history.states.findLastIndex((entry) => entry.at < at)
  const since = history.states.slice(Math.max(0, latest)).find((entry) =>
    entry.at <= at && entry.state._tag === "Replaying"
  )
  if (since === undefined) return false
  if (plan.rates.limit > 0 || plan.rates.postpone > 0) return true
  const written = history.links[link]?.written.filter((one) => since.at <= one.at && one.at < at) ?? []
  const before = written.length
  // One that was in flight at an earlier loss is sent beside no others.
  const suspected = written.some(({ n }) => history.asked[n]!.writes.some((write) => write.link < link))
  return before >= replayWindow || suspected
}

/** So many requests that waited are on their way at once. */
const replayWindow = 32

/** Whether it is said that it had been sent. */
const wasSent = (exit: Exit.Exit<unknown, KuzzleError.RequestError>): boolean | undefined => {
  const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
  return error?._tag === "KuzzleDeadlineError" ? error.sent : undefined
}

// -- subscriptions ---------------------------------------------------------------------------------------------------

const lostUnseen = (world: World, message: Message): boolean => {
  for (const lost of world.history.invisible) if (lost.startsWith(`${message.m} `)) return true
  return false
}

/** In order, nothing twice, nothing left out without a word (promise S4). */
const checkElements = (world: World, heard: Heard): void => {
  const { elements, id, openedAt } = heard
  if (openedAt === undefined) {
    if (elements.some(({ _tag }) => _tag === "Message")) world.violate("S3", `consumer ${id} was not opened and heard`)
    return
  }
  const fail = (what: string) => world.violate("S4", `consumer ${id} ${what}`)
  const forIt = world.history.messages.filter((message) => message.confirmed && isFor(message, heard))
  let next = forIt.findIndex(({ seq }) => seq >= heard.base)
  if (next < 0) next = forIt.length
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
    if (message === undefined || !isFor(message, heard)) {
      fail(`heard message ${element.m}, which is not for it`)
      continue
    }
    if (message.seq <= last) {
      fail(`heard message ${element.m} ${message.seq === last ? "twice" : "after a later one"}`)
      continue
    }
    const missing: Array<Message> = []
    for (; next < forIt.length && forIt[next]!.seq < message.seq; next++) {
      if (!lostUnseen(world, forIt[next]!)) missing.push(forIt[next]!)
    }
    if (missing.length > 0 && !gap) fail(`missed message ${missing[0]!.m} before ${element.m} without a gap`)
    if (overflowed > 0 && last >= 0 && !otherGap && heard.users === "none" && exact) {
      if (missing.length !== overflowed) {
        fail(`missed ${missing.length} messages before ${element.m}, and was told of ${overflowed}`)
      }
    }
    // From its first notification on it receives all, even if that one was sent before it knew that it is open.
    next = forIt.findIndex(({ seq }) => seq > message.seq)
    if (next < 0) next = forIt.length
    last = message.seq
    gap = otherGap = false
    overflowed = 0
  }
}

/** No gap without a cause (promise S4). */
const checkGaps = (world: World, heard: Heard): void => {
  const { history } = world
  const fail = (what: string, at: number) =>
    world.violate("S4", `consumer ${heard.id} was told at ${at} of ${what} without a cause`)
  const ends = history.links.flatMap(({ endedAt, openedAt }) =>
    endedAt === undefined || openedAt === undefined ? [] : [endedAt]
  )
  // The server may say it once for all, or refuse one request.
  const expiries = [...history.expiries, ...history.deaths].toSorted((a, b) => a - b)
  const renewals = history.states.filter(({ state }) => state.because === "Replacement").map(({ at }) => at)
  const kinds = [["Disconnected", ends], ["TokenExpired", expiries], ["Replaced", renewals]] as const
  for (const [kind, causes] of kinds) {
    let gaps = 0
    let since = heard.acquiredAt
    for (const element of heard.elements) {
      if (element._tag !== "Gap" || element.cause !== kind) continue
      gaps += 1
      const before = causes.filter((at) => heard.acquiredAt <= at && at <= element.at)
      // A slow consumer may hear of several at once.
      if (before.length < gaps || (!heard.slow && !before.some((at) => at >= since))) {
        fail(`a gap (${kind})`, element.at)
      }
      since = element.at
    }
  }
  for (const element of heard.elements) {
    if (element._tag === "Gap" && element.cause === "Overflow" && (element.lost < 1 || !heard.slow)) {
      fail("an overflow", element.at)
    }
  }
}

/** A stream ends with its scope, with the client, or because the server refused (promises S1, S6). */
const checkEnd = (world: World, heard: Heard): void => {
  const { closedAt, ended, id, openedAt } = heard
  if (ended === undefined || closedAt !== undefined) return
  const fail = () => world.violate("S1", `consumer ${id} ended with ${ended.tag}`)
  switch (ended.tag) {
    case "KuzzleForbiddenError":
      return
    case "KuzzleDeadlineError":
      return openedAt === undefined ? undefined : fail()
    case "KuzzleNotSentError":
      return world.over(ended.at) ? undefined : fail()
    case "KuzzleOverflowError":
      return heard.slow && heard.strategy === "fail" ? undefined : fail()
    default:
      fail()
  }
}

// -- the connection --------------------------------------------------------------------------------------------------

const checkStates = (world: World): void => {
  const { plan } = world
  const { links, states } = world.history
  const isStable = (since: number, at: number) => at - since >= plan.settings.stableAfter
  /** When the connection that is there was opened; that of before we looked is not known. */
  let openedAt: number | undefined
  let losses = 0
  let attempt = 0
  states.forEach(({ at, state }, i) => {
    const previous = states[i - 1]?.state
    if (previous !== undefined && !statesAfter[previous._tag].includes(state._tag)) {
      world.violate("C5", `${state._tag} came after ${previous._tag}`)
    }
    if (previous?._tag === "Connecting" && state._tag !== "Waiting") openedAt = at
    if (state._tag === "Connecting" && state.attempt !== undefined) attempt = state.attempt
    // Closed on purpose, unless it broke in that very moment: no loss, and perhaps the end of what was stable.
    if (state.because === "Replacement" && links.some(({ dialledAt }) => dialledAt === at)) {
      if (openedAt === undefined) losses = -1000
      else if (isStable(openedAt, at)) losses = 0
      openedAt = undefined
      return
    }
    if (state._tag !== "Waiting" || state.delay === undefined) return
    if (state.cause === undefined) world.violate("C5", "a state of waiting has no cause")
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

/** Nothing is dialled before its time. */
const checkDials = (world: World): void => {
  const { links, stalls, states } = world.history
  for (const { at, state } of states) {
    if (state._tag !== "Waiting" || state.delay === undefined) continue
    const due = at + Duration.toMillis(state.delay)
    const next = links.find(({ dialledAt }) => dialledAt > at)
    if (next === undefined) continue
    if (next.dialledAt < due - 1) world.violate("C6", `dialled at ${next.dialledAt}, due at ${due}`)
    if (next.dialledAt > due + 1 && !stalls.some(({ from, to }) => from <= due && next.dialledAt <= to + 1)) {
      world.violate("C6", `dialled at ${next.dialledAt}, was due at ${due}`)
    }
  }
}
