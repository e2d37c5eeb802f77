/**
 * The planted bugs: each breaks a promise (docs/spec/promises.md), many of them as the official SDK does (spec 8). One
 * entry is one bug: what stands in the sources, exactly once, and what stands there instead.
 */
import type { Patch } from "../simulation/bundle.ts"

export interface Mutant extends Patch {
  readonly name: string
  /** The promises, and the faults of the SDK ("SDK A2"). */
  readonly breaks: string
  /** What finds it where the simulation cannot: folders or files of tests. By default the simulation, then the tests of the core. */
  readonly tests?: ReadonlyArray<string>
}

const core = "packages/core/src"
const protocol = `${core}/internal/protocol`
const runtime = `${core}/internal/runtime`

const inFile = (file: string, mutants: ReadonlyArray<Omit<Mutant, "file">>): ReadonlyArray<Mutant> =>
  mutants.map((mutant) => ({ ...mutant, file }))

export const mutants: ReadonlyArray<Mutant> = [
  ...inFile(`${core}/KuzzleSocket.ts`, [
    {
      name: "a clean close is taken for an end that was asked for",
      breaks: "C7, SDK A2",
      find: `finish(new ConnectionEnded({ by: "Peer", code, reason }))`,
      replace: `if (code !== 1000) finish(new ConnectionEnded({ by: "Peer", code, reason }))`
    },
    {
      name: "frames of a socket that was let go still count",
      breaks: "R4, SDK A8",
      find: `if (phase === "open") sink.onFrame(frame)`,
      replace: `sink.onFrame(frame)`
    },
    {
      name: "a handshake may take for ever",
      breaks: "C7, SDK A10",
      find: `timer.at(Timer.now(clock) + Duration.toMillis(timeout))`,
      replace: ``
    },
    {
      name: "a connection that is given up stays open",
      breaks: "C1, SDK A14",
      find: `finish(ended)\n        drop(socket)`,
      replace: `finish(ended)`
    },
    {
      name: "a dial that is interrupted leaves its socket",
      breaks: "L1, SDK A7",
      find: `phase = "ended"\n      drop(socket)`,
      replace: `phase = "ended"`
    },
    {
      name: "a dead socket is closed politely where it could be dropped",
      breaks: "C1, SDK A14",
      find: `if (socket.terminate !== undefined) socket.terminate()\n        else socket.close(1000, "")`,
      replace: `socket.close(1000, "")`
    },
    {
      name: "a socket that throws takes the caller with it",
      breaks: "C7",
      find: `return socket.send(frame)\n        } catch (cause) {\n          return broken(cause)`,
      replace: `return socket.send(frame)\n        } catch (cause) {\n          throw cause`
    }
  ]),
  ...inFile(`${core}/KuzzleSchedule.ts`, [
    {
      name: "no jitter: all clients come back at once",
      breaks: "C6, SDK A12",
      find: `Math.ceil((1 - random) * ceiling)`,
      replace: `ceiling`,
      tests: ["packages/core/test/herd.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/session.ts`, [
    {
      name: "attempts are not counted",
      breaks: "C6",
      find: `attempt: event.stable ? 1 : state.attempt + 1`,
      replace: `attempt: 1`
    },
    {
      name: "a dead endpoint is tried for ever",
      breaks: "C5, SDK A18",
      find: `endpoint: event.stable ? state.endpoint : after(endpoints, state.endpoint)`,
      replace: `endpoint: state.endpoint`
    },
    {
      name: "requests pass before the subscriptions are open again",
      breaks: "R5, spec 3.9",
      find: `return "Wait"`,
      replace: `return "Send"`
    },
    {
      name: "requests pass while the session is renewed",
      breaks: "A2, SDK B2",
      find: `case "Authenticating":\n    case "Resubscribing":\n    case "Replaying":\n      return "Wait"`,
      replace:
        `case "Authenticating":\n      return "Send"\n    case "Resubscribing":\n    case "Replaying":\n      return "Wait"`,
      tests: ["packages/testing/test/client.memory.test.ts"]
    },
    {
      name: "new requests overtake what was queued",
      breaks: "R5, SDK D4",
      find: `case "Resubscribing":\n    case "Replaying":\n      return "Wait"`,
      replace: `case "Resubscribing":\n      return "Wait"\n    case "Replaying":\n      return "Send"`
    },
    {
      name: "what is issued while somebody logs in is asked as who was before",
      breaks: "A1",
      find: `case "Renewing":\n      return "Hold"`,
      replace: `case "Renewing":\n      return "Send"`,
      tests: ["packages/node/test/client.test.ts"]
    },
    {
      name: "a login by cookie looks like a lost connection",
      breaks: "A2, SDK B1",
      find: `return state.because === "Renewal" ? "Hold" : "Queue"`,
      replace: `return "Queue"`,
      tests: ["packages/node/test/client.test.ts"]
    },
    {
      name: "what was queued is sent without a pace",
      breaks: "R5, R6",
      find: `return event.queued ? to("Replaying") : to("Ready")`,
      replace: `return to("Ready")`
    }
  ]),
  ...inFile(`${protocol}/pending.ts`, [
    {
      name: "an answer may come twice",
      breaks: "R1, R4",
      find: `entries.delete(id)\n        resized(-1)`,
      replace: `resized(-1)`
    },
    {
      name: "deadlines pass unnoticed",
      breaks: "R2, SDK D1",
      find: `if (entry.deadline <= now)`,
      replace: `if (entry.deadline <= now - 1000)`
    }
  ]),
  ...inFile(`${protocol}/frame.ts`, [
    {
      name: "a frame that is not JSON throws",
      breaks: "C7, SDK A5",
      find: `    return notJson\n`,
      replace: `    throw new SyntaxError()\n`
    },
    {
      name: "null is taken for a frame",
      breaks: "C7, SDK A5",
      find: `typeof value === "object" && value !== null && !Array`,
      replace: `typeof value === "object" && !Array`
    }
  ]),
  ...inFile(`${protocol}/route.ts`, [
    {
      name: "an expired token is not noticed",
      breaks: "S1, A3, spec 0.7",
      find: `return "TokenExpired"`,
      replace: `return unroutable("NoRoom")`
    },
    {
      name: "an answer without a room is nobody's",
      breaks: "R1, SDK D1, spec 1.7",
      find: `if (typeof id === "string" && to.response(id, frame)) return "Response"`,
      replace: ``
    }
  ]),
  ...inFile(`${protocol}/liveness.ts`, [
    {
      name: "what came in does not count",
      breaks: "C2, SDK A13",
      find: `if (heard) return alive\n`,
      replace: ``
    },
    {
      name: "a dead link is believed to live",
      breaks: "C3",
      find: `    : dead`,
      replace: `    : alive`
    },
    {
      name: "judged before the socket is read",
      breaks: "L3",
      find: `if (!ping.drained) return`,
      replace: `if (ping.drained && now < 0) return`
    },
    {
      name: "a tick that is late judges at once",
      breaks: "C2, L3",
      find: `ping.lateTicks < maxLateTicks`,
      replace: `ping.lateTicks < 0`
    }
  ]),
  ...inFile(`${protocol}/subscriptions.ts`, [
    {
      name: "a notification before its answer is lost",
      breaks: "S3, SDK C1",
      find: `if (opening === 0) return false`,
      replace: `return false`
    },
    {
      name: "subscriptions do not come back",
      breaks: "S1, SDK A1",
      find: `else want(intent)`,
      replace: ``
    },
    {
      name: "a loss is not told",
      breaks: "S4, SDK C7",
      find: `intent.missed = { cause, by: intent.consumers }`,
      replace: ``
    },
    {
      name: "who has missed nothing is told of a loss",
      breaks: "S4",
      find: `if (missed.by.includes(consumer)) consumer.gap`,
      replace: `consumer.gap`
    },
    {
      name: "the first of two consumers takes the subscription with it",
      breaks: "S5, SDK C2",
      find: `if (left.length > 0 || intent.phase`,
      replace: `if (intent.phase`
    },
    {
      name: "nothing is ever unsubscribed",
      breaks: "S5, SDK C12",
      find: `else {\n      rooms.delete(roomId)\n      laneOf(intent.lane).idle.add(roomId)`,
      replace: `else {\n      rooms.delete(roomId)`
    },
    {
      name: "one channel's end is the room's",
      breaks: "S1, SDK C2",
      find: `if (left > 0) rooms.set(roomId, left)`,
      replace: `if (left > 99) rooms.set(roomId, left)`
    },
    {
      name: "a refused subscription goes on in silence",
      breaks: "S6, SDK C3",
      find: `abandon(intent)\n      for (const consumer of consumers) consumer.fail(error)`,
      replace: `abandon(intent)`
    },
    {
      name: "unsubscribed while offline, and back with the connection",
      breaks: "S1, SDK C4",
      find: `if (intent.phase === "Absent") return abandon(intent)`,
      replace: `if (intent.phase === "Absent") return`
    },
    {
      name: "what was being opened when the token expired is believed to be open",
      breaks: "S1, S4",
      find: `if (intent.phase === "Opening") intent.phase = "Doubtful"`,
      replace: ``
    },
    {
      name: "of two filters on one channel only one hears",
      breaks: "S1, spec E5",
      find: `intent.sharing = channels.get(channel)`,
      replace: `intent.sharing = undefined`
    }
  ]),
  ...inFile(`${runtime}/session.ts`, [
    {
      name: "a host that is back is not heard of",
      breaks: "C3",
      find: `      woken = true\n      wake?.()`,
      replace: ``,
      tests: ["packages/core/test/runtime/lifecycle.test.ts"]
    },
    {
      name: "what a host says while connected shortens the pause after a loss",
      breaks: "C6",
      find: `event === "Offline" || Machine.isConnected(state)`,
      replace: `event === "Offline"`,
      tests: ["packages/core/test/runtime/lifecycle.test.ts"]
    },
    {
      name: "a host that is offline, or was asleep, asks no socket",
      breaks: "C3, L3",
      find: `pulse?.probe()`,
      replace: ``,
      tests: ["packages/core/test/runtime/lifecycle.test.ts"]
    },
    {
      name: "any connection resets the pauses",
      breaks: "C6",
      find: `if (stable) delays.reset()`,
      replace: `if (openedAt !== undefined) delays.reset()`
    },
    {
      name: "the pauses are never reset",
      breaks: "C6",
      find: `if (stable) delays.reset()`,
      replace: ``
    },
    {
      name: "the server's dropping of subscriptions is ignored",
      breaks: "S1, spec 0.7",
      find: `realtime.registry.dropped({ _tag: "TokenExpired" })\n      resume()`,
      replace: `resume()`
    },
    {
      name: "a login does not bring the subscriptions back",
      breaks: "A3, SDK C5",
      find: `if (requests.attached()) resume()`,
      replace: ``
    },
    {
      name: "requests outlive the client",
      breaks: "R1, L1",
      find: `requests.detach(released)`,
      replace: ``
    },
    {
      name: "streams outlive the client",
      breaks: "L1",
      find: `realtime.registry.close(new NotSentError({ ...subscribing, cause: released }))`,
      replace: ``
    },
    {
      name: "who watches is told the state before",
      breaks: "C5, SDK A16",
      find: `state = following\n      states.publish(shownState())`,
      replace: `states.publish(shownState())\n      state = following`
    },
    {
      name: "requests that are in flight wait for their deadline when the connection dies",
      breaks: "R3",
      find: `if (cause._tag === "KuzzleConnectionEnded") requests.detach(cause)`,
      replace: ``
    }
  ]),
  ...inFile(`${runtime}/requests.ts`, [
    {
      name: "each attempt to connect gives what is queued new patience",
      breaks: "R2",
      find: `call.queued || call.stored`,
      replace: `call.stored`,
      tests: ["packages/core/test/runtime/outbox.test.ts"]
    },
    {
      name: "one request is forgotten when the connection dies",
      breaks: "R1, R3",
      find: `of pending.drain()) {`,
      replace: `of pending.drain().slice(1)) {`
    },
    {
      name: "what was sent is said not to have been",
      breaks: "R3",
      find: `new KuzzleError.MaybeSentError({ controller, action, cause })`,
      replace: `new KuzzleError.NotSentError({ controller, action, cause })`
    },
    {
      name: "no deadline while waiting to be sent",
      breaks: "R2, SDK D7",
      find: `else tooLate(call, false)`,
      replace: ``
    },
    {
      name: "only the first deadline is kept",
      breaks: "R2",
      find: `arm(Math.min(waiting.nextDeadline(), pending.nextDeadline()))`,
      replace: ``
    },
    {
      name: "what was interrupted is sent all the same",
      breaks: "R8, SDK D3",
      find: `if (pending.take(call.id) === undefined) waiting.take(call.id)`,
      replace: `if (pending.take(call.id) === undefined) {}`
    },
    {
      name: "what was interrupted stays in the books",
      breaks: "R8, SDK D2",
      find: `if (pending.take(call.id) === undefined) waiting.take(call.id)`,
      replace: `if (pending.size() < 0) waiting.take(call.id)`
    },
    {
      name: "the last to wait is the first to be sent",
      breaks: "R5, SDK D4",
      find: `for (const call of waiting.drain()) handle(call)`,
      replace: `for (const call of waiting.drain().toReversed()) handle(call)`
    },
    {
      name: "what is too large is sent",
      breaks: "R7, SDK A19",
      find: `if (tooLarge !== undefined) return`,
      replace: `if (tooLarge !== undefined && call.id === "") return`
    },
    {
      name: "ids come again",
      breaks: "R4",
      find: `count += 1\n`,
      replace: `count = (count % 3) + 1\n`
    },
    {
      name: "a token known to be expired is sent",
      breaks: "A1",
      find: `identity.expiresAt <= clock.unsafeCurrentTimeMillis() &&`,
      replace: `identity.expiresAt <= 0 &&`
    },
    {
      name: "what one user queued is sent as another",
      breaks: "A1, SDK B13",
      find: `user: options?.anonymous === true || admission === "Hold" ? undefined : credentials.current()?.user`,
      replace: `user: undefined`
    },
    {
      name: "the queue has no bound",
      breaks: "L2",
      find: `if (waiting.size() >= maxSize) return notQueued(call, "Full")`,
      replace: ``
    },
    {
      name: "the queue's patience has no end",
      breaks: "R2, SDK D6",
      find: `call.deadline = Math.min(call.answerBy, Timer.now(clock) + Duration.toMillis(ttl))`,
      replace: `call.deadline = call.answerBy`
    },
    {
      name: "the queue's filter is not asked",
      breaks: "L2",
      find: ` && queue.filter(request)`,
      replace: ``
    },
    {
      name: "what must not be sent twice is",
      breaks: "R6",
      find: `call.queuable && call.options?.idempotent === true && call.writes`,
      replace: `call.queuable && call.writes`
    },
    {
      name: "what may be sent twice is sent for ever",
      breaks: "R6",
      find: ` && call.writes < maxWrites`,
      replace: ``
    },
    {
      name: "what was on its way loses its place",
      breaks: "R5",
      find: `[...calls, ...waiting.drain()]`,
      replace: `[...waiting.drain(), ...calls]`
    },
    {
      name: "the queue drowns the server",
      breaks: "R5, SDK D5",
      find: `underWay < replayWindow && `,
      replace: ``
    },
    {
      name: "a restart sends again what must not be sent twice",
      breaks: "R6",
      find: `if (call.stored && call.options?.idempotent !== true) {`,
      replace: `if (call.stored && call.options === undefined) {`
    },
    {
      name: "a refused request is not asked again after the renewal",
      breaks: "A2, SDK B6",
      find: `call.refusal = outcome\n      submit(call)\n      return true`,
      replace: `return false`,
      tests: ["packages/testing/test/client.memory.test.ts"]
    },
    {
      name: "a request that is always refused is asked for ever",
      breaks: "A4",
      find: ` || call.refusal !== undefined) return false`,
      replace: `) return false`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "what waited too long before a restart is sent",
      breaks: "R2",
      find: `const left = queuedAt + ttl - now`,
      replace: `const left = ttl`
    },
    {
      name: "what a user left behind is sent as another",
      breaks: "A1",
      find: `if (whose === undefined || whose === user) wait(call)`,
      replace: `if (whose !== null) wait(call)`
    },
    {
      name: "what was answered comes back with a restart",
      breaks: "R1",
      find: `call.stored = false\n        store?.remove(call.id)\n      }\n      call.settle(outcome)`,
      replace: `call.stored = false\n      }\n      call.settle(outcome)`
    }
  ]),
  ...inFile(`${runtime}/credentials.ts`, [
    {
      name: "who logged out still carries the token",
      breaks: "A1",
      find: `usual = Envelope.sessionPart(secret(), usualVolatile)\n    },`,
      replace: `if (value !== undefined) usual = Envelope.sessionPart(secret(), usualVolatile)\n    },`
    },
    {
      name: "the anonymous carry the token",
      breaks: "A1",
      find: `options.anonymous === true ? undefined : secret()`,
      replace: `secret()`
    },
    {
      name: "a session that was called dead is alive",
      breaks: "A1",
      find: `(current !== dead && (`,
      replace: `((`
    }
  ]),
  ...inFile(`${runtime}/heartbeat.ts`, [
    {
      name: "no ping on a link that has heard something",
      breaks: "C4, server trap 1",
      find: `obey(Liveness.onPulse(verdict._tag`,
      replace: `if (!heard || pingedAt === undefined) obey(Liveness.onPulse(verdict._tag`
    }
  ]),
  ...inFile(`${runtime}/mailbox.ts`, [
    {
      name: "a gap that gives way is forgotten, and counts as a notification",
      breaks: "S4",
      find: `saved = [gone]`,
      replace: `lost += 1`
    },
    {
      name: "an overflow is not told",
      breaks: "S4, SDK C8",
      find: `if (lost > 0 && overflow !== undefined) told.push(overflow(lost))`,
      replace: ``
    },
    {
      name: "a slow consumer holds everything",
      breaks: "L2",
      find: `const over = held.size() > capacity`,
      replace: `const over = held.size() < 0`
    },
    {
      name: "a stream that ends while nobody takes from it does not end",
      breaks: "S2",
      find: `if (end !== undefined) return resume(end)`,
      replace: ``
    }
  ]),
  ...inFile(`${runtime}/realtime.ts`, [
    {
      name: "an unsubscribe that is refused is taken for done",
      breaks: "S1, S5",
      find:
        `if (isLeft(outcome)) registry.unsubscribed(command.lane, command.epoch)\n        else registry.notUnsubscribed(command.lane, command.epoch, command.roomId)`,
      replace: `registry.unsubscribed(command.lane, command.epoch)`
    },
    {
      name: "who logs out ends the streams that were being opened",
      breaks: "A3",
      find: `else if (KuzzleError.isTokenDead(channel)) registry.outdated(intent, epoch)\n      else registry`,
      replace: `else registry`
    },
    {
      name: "subscriptions are asked for with a token that is known to have expired",
      breaks: "A1",
      find: `if (!usable()) registry.suspended()`,
      replace: ``
    },
    {
      name: "a subscription that is never answered keeps requests waiting",
      breaks: "R5",
      find: `unanswered(channel.message, registry.unanswered(intent, epoch, channel) || late)`,
      replace: `registry.unanswered(intent, epoch, channel)`
    }
  ]),
  ...inFile(`${protocol}/renewal.ts`, [
    {
      name: "a failure that passes ends the session",
      breaks: "A4",
      find: `return true\n    default:`,
      replace: `return false\n    default:`,
      tests: ["packages/core/test/protocol/renewal.test.ts"]
    },
    {
      name: "a connection that is lost meanwhile ends the session",
      breaks: "A4",
      find: `if (failure !== undefined && isLoss(failure)) return { _tag: "Keep" }`,
      replace: ``,
      tests: ["packages/core/test/protocol/renewal.test.ts"]
    },
    {
      name: "a refresh that fails ends a session that lives",
      breaks: "A4",
      find: `if (way === "Refresh" && alive && !(`,
      replace: `if (way === "Restore" && !(`,
      tests: ["packages/core/test/protocol/renewal.test.ts"]
    },
    {
      name: "an authenticator that logs nobody in is believed",
      breaks: "A4",
      find: `if (alive) return { _tag: "Done" }`,
      replace: `return { _tag: "Done" }`,
      tests: ["packages/core/test/protocol/renewal.test.ts"]
    },
    {
      name: "a dead session is not begun again",
      breaks: "A4",
      find: `if (way !== "Login" && canLogin) return { _tag: "Then", way: "Login" }`,
      replace: ``,
      tests: ["packages/core/test/protocol/renewal.test.ts"]
    }
  ]),
  ...inFile(`${runtime}/authentication.ts`, [
    {
      name: "exchanges of the session run side by side",
      breaks: "A2",
      find: `const single = yield* Effect.makeSemaphore(1)`,
      replace: `const single = yield* Effect.makeSemaphore(100)`
    },
    {
      name: "a dead token is not renewed",
      breaks: "A2",
      find:
        `credentials.died(identity)\n      if (renewing === undefined) renew(identity, "Login", true)\n      else host.challenged(true)`,
      replace: `credentials.died(identity)`,
      tests: ["packages/testing/test/client.memory.test.ts"]
    },
    {
      name: "a renewal forgets that the server dropped the subscriptions",
      breaks: "S4, A3",
      find: `renew(identity, "Login", true)`,
      replace: `renew(identity, "Login", false)`,
      tests: ["packages/testing/test/client.memory.test.ts"]
    },
    {
      name: "a token is not renewed before its end",
      breaks: "A1, SDK B11",
      find:
        `if (delay !== undefined && left > minimumAge) refreshDue.at(Timer.now(clock) + Math.max(delay, minimumAge))`,
      replace: ``,
      tests: ["packages/testing/test/client.memory.test.ts"]
    },
    {
      name: "another user has the subscriptions of the one before",
      breaks: "A3, SDK E12",
      find: `if (before?.user !== identity?.user) yield* host.userChanged(before)`,
      replace: ``,
      tests: ["packages/testing/test/client.memory.test.ts"]
    },
    {
      name: "requests wait for a renewal that is over",
      breaks: "A2",
      find: `changed()\n        host.authenticated()`,
      replace: `changed()`,
      tests: ["packages/testing/test/client.memory.test.ts"]
    },
    {
      name: "who logged out is logged in again",
      breaks: "A1",
      find: `wanted = identity !== undefined`,
      replace: `wanted = wanted || identity !== undefined`,
      tests: ["packages/testing/test/client.memory.test.ts"]
    },
    {
      name: "a server that grants sessions and refuses them is asked for ever",
      breaks: "A4",
      find: `useless > maxUseless`,
      replace: `useless < 0`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "a renewal is tried for ever",
      breaks: "A4",
      find:
        `const patience = KuzzleSchedule.reconnect({ base: "500 millis", cap: "8 seconds" }).pipe(\n  Schedule.intersect(Schedule.recurs(4))\n)`,
      replace: `const patience = KuzzleSchedule.reconnect({ base: "500 millis", cap: "8 seconds" })`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    }
  ]),
  ...inFile(`${runtime}/tokens.ts`, [
    {
      name: "a logout that fails leaves the token",
      breaks: "A1, SDK B14",
      find: `Effect.ensuring(requests.urgent(request, options), commit)`,
      replace: `Effect.zipLeft(requests.urgent(request, options), commit)`,
      tests: ["packages/testing/test/client.memory.test.ts"]
    },
    {
      name: "an answer without a token is taken for a session",
      breaks: "C7, SDK B10",
      find: `if (typeof wire.jwt !== "string") return response`,
      replace: ``,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "a login carries the token before",
      breaks: "A1",
      find: `{ ...options, anonymous: true }`,
      replace: `options`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    }
  ]),
  ...inFile(`${runtime}/cookies.ts`, [
    {
      name: "a logout clears the cookie and leaves the token alive",
      breaks: "A1, SDK B14",
      find: `const revoked = yield* Effect.exit(call(request, options))`,
      replace: `const revoked = Exit.succeed(undefined)`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "a logout leaves the cookie",
      breaks: "A1",
      find: `const cleared = yield* Effect.exit(call({ ...rest, cookieAuth: true }, options))`,
      replace: `const cleared = Exit.succeed({ ...rest })`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "a token instead of a cookie is believed",
      breaks: "SDK B1",
      find: `if ("jwt" in wire)`,
      replace: `if ("never" in wire)`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "the cookie is neither sent nor kept",
      breaks: "SDK B1",
      find: `credentials: true`,
      replace: `credentials: false`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "who was logged in is nobody after a restart",
      breaks: "A3",
      find: `if (token.valid !== true ||`,
      replace: `if (token.valid === true ||`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    }
  ])
]
