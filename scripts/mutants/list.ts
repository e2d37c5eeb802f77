/**
 * The planted bugs: each breaks a promise (docs/spec/promises.md), many of them as the official SDK does (spec 8). One
 * entry is one bug: what stands in the sources, exactly once, and what stands there instead.
 */
import type { Patch } from "../simulation/bundle.ts"

export interface Mutant extends Patch {
  readonly name: string
  /** The promises, and the faults of the SDK ("SDK A2"). */
  readonly breaks: string
  /** What finds it where the simulation cannot: folders or files of tests. The tests of the core by default. */
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
  ...inFile(`${core}/KuzzleAuth.ts`, [
    {
      name: "a logout that fails keeps the token",
      breaks: "A1",
      find: `Effect.ensuring(`,
      replace: `Effect.zipLeft(`
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
    }
  ]),
  ...inFile(`${protocol}/pending.ts`, [
    {
      name: "an answer may come twice",
      breaks: "R1, R4",
      find: `if (entry !== undefined) entries.delete(id)`,
      replace: ``
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
      find: `realtime.registry.dropped({ _tag: "TokenExpired" })`,
      replace: ``
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
      find: `for (const call of waiting.expire(now)) tooLate(call, false)`,
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
      replace: `pending.take(call.id)`
    },
    {
      name: "what was interrupted stays in the books",
      breaks: "R8, SDK D2",
      find: `if (pending.take(call.id) === undefined) waiting.take(call.id)`,
      replace: `waiting.take(call.id)`
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
    }
  ]),
  ...inFile(`${runtime}/heartbeat.ts`, [
    {
      name: "no ping on a link that has heard something",
      breaks: "C4, server trap 1",
      find: `obey(Liveness.onPulse(`,
      replace: `if (!heard || pingedAt === undefined) obey(Liveness.onPulse(`
    }
  ]),
  ...inFile(`${runtime}/mailbox.ts`, [
    {
      name: "an overflow is not told",
      breaks: "S4, SDK C8",
      find: `if (lost > 0 && overflow !== undefined) {`,
      replace: `if (lost < 0 && overflow !== undefined) {`
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
      name: "a subscription that is never answered keeps requests waiting",
      breaks: "R5",
      find: `unanswered(channel.message, registry.unanswered(intent, epoch, channel) || late)`,
      replace: `registry.unanswered(intent, epoch, channel)`
    }
  ])
]
