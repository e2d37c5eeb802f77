/**
 * The planted bugs: each breaks a promise (docs/spec/requirements.md), many of them as the official SDK does (spec 8). See
 * mutant.ts for the form of an entry.
 */
import { engine } from "./engine.ts"
import { inFile, type Mutant } from "./mutant.ts"

const core = "packages/core/src"
const protocol = `${core}/internal/protocol`
const runtime = `${core}/internal/runtime`

/** Random histories of the machine of requests, without fibers. */
const properties = ["packages/core/test/protocol/requests.property.test.ts"]

/** Random histories of the machine of the session, without fibers. */
const byHistories = ["packages/core/test/protocol/identity.property.test.ts"]

/** Random histories of the whole client, without fibers. */
const byClientHistories = ["packages/core/test/protocol/client.property.test.ts"]

export const mutants: ReadonlyArray<Mutant> = [
  ...inFile(`${core}/internal/client/action.ts`, [
    {
      name: "a Koncorde filter is sent as an Elasticsearch query",
      breaks: "spec 6",
      in: "placement",
      find: `if (isFilter) request.lang = "koncorde"`,
      replace: ``,
      tests: ["tests/contracts.test.ts"]
    }
  ]),
  ...inFile(`${core}/KuzzleSocket.ts`, [
    {
      name: "a clean close by the server counts as requested by the client",
      breaks: "C7, SDK A2",
      in: "SocketConnection.onClose",
      find: `this.end(new ConnectionEndedError({ by: "Peer", code, reason }))`,
      replace: `if (code !== 1000) this.end(new ConnectionEndedError({ by: "Peer", code, reason }))`
    },
    {
      name: "a closing client drops its connection without a close frame",
      breaks: "L1",
      in: "SocketConnection.drop",
      find: `released || this.socket?.terminate === undefined`,
      replace: `this.socket?.terminate === undefined`,
      tests: ["packages/core/test/KuzzleSocket.test.ts"]
    },
    {
      name: "a failed attempt to connect waits for a close event",
      breaks: "C7",
      in: "SocketConnection.onError",
      find: `this.refuse("Unreachable")
        this.drop()`,
      replace: ``,
      tests: ["packages/core/test/KuzzleSocket.test.ts"]
    },
    {
      name: "an address that the page is not allowed to open is reported as a bad URL",
      breaks: "C7",
      in: "SocketConnection.open",
      find: `isForbidden(cause)`,
      replace: `false`,
      tests: ["packages/core/test/KuzzleSocket.test.ts"]
    },
    {
      name: "frames of an abandoned socket are still handled",
      breaks: "R4, SDK A8",
      in: "SocketConnection.end",
      find: `this.phase = "Ended"
        this.ended = ended
        this.listeners = noListeners
        this.sink = deaf`,
      replace: `this.ended = ended
        this.listeners = noListeners`,
      tests: ["packages/core/test/runtime/session.test.ts"]
    },
    {
      name: "a handshake has no timeout",
      breaks: "C7, SDK A10",
      in: "SocketConnection.open",
      find: `this.timer?.at(Timer.now(clock) + Duration.toMillis(timeout))`,
      replace: ``
    },
    {
      name: "a connection that the client terminates stays open",
      breaks: "C1, SDK A14",
      in: "SocketConnection.unsafeTerminate",
      find: `this.end(ended)
        this.drop(ended.by === "Released")`,
      replace: `this.end(ended)`
    },
    {
      name: "an interrupted dial leaves its socket open",
      breaks: "L1, SDK A7",
      in: "SocketConnection.abandon",
      find: `this.conclude("Ended")
        this.drop()`,
      replace: `this.conclude("Ended")`
    },
    {
      name: "a dead socket is closed by a close frame instead of terminated",
      breaks: "C1, SDK A14",
      in: "SocketConnection.drop",
      find: `this.socket?.terminate?.()`,
      replace: `this.socket?.close(1000, "")`
    },
    {
      name: "an exception of a socket reaches the caller",
      breaks: "C7",
      in: "SocketConnection.unsafeSend",
      find: `this.broken(cause)
        return false`,
      replace: `throw cause`
    }
  ]),
  ...inFile(`${core}/KuzzleSchedule.ts`, [
    {
      name: "the backoff has no jitter, so all clients reconnect at once",
      breaks: "C6, SDK A12",
      in: "reconnect",
      find: `Math.ceil((1 - random) * ceiling)`,
      replace: `ceiling`,
      tests: ["packages/core/test/herd.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/connection.ts`, [
    {
      name: "failed attempts to connect are not counted",
      breaks: "C6",
      in: "next",
      find: `attempt: event.stable ? 1 : state.attempt + 1`,
      replace: `attempt: 1`
    },
    {
      name: "a dead endpoint is dialled forever",
      breaks: "C5, SDK A18",
      in: "following",
      find: `stable ? endpoint : after(endpoints, endpoint)`,
      replace: `endpoint`
    },
    {
      name: "requests are sent before the subscriptions are reopened",
      breaks: "R5, spec 3.9",
      in: "admission",
      find: `return "Wait"`,
      replace: `return "Send"`
    },
    {
      name: "requests are sent while the session is being renewed",
      breaks: "A2, SDK B2",
      in: "admission",
      find: `case "Authenticating":
        case "Resubscribing":
        case "Replaying":
          return "Wait"`,
      replace: `case "Authenticating":
          return "Send"
        case "Resubscribing":
        case "Replaying":
          return "Wait"`,
      tests: ["tests/client.memory.test.ts"]
    },
    {
      name: "new requests overtake queued requests",
      breaks: "R5, SDK D4",
      in: "admission",
      find: `case "Resubscribing":
        case "Replaying":
          return "Wait"`,
      replace: `case "Resubscribing":
          return "Wait"
        case "Replaying":
          return "Send"`,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    },
    {
      name: "a request that is issued during a login is sent as the previous user",
      breaks: "A1",
      in: "admission",
      find: `return byConnection ? "Hold" : "Wait"`,
      replace: `return "Send"`,
      tests: ["packages/node/test/client.test.ts"]
    },
    {
      name: "a request that is issued while a connection opens for one user may be sent as another",
      breaks: "A1",
      in: "admission",
      find: `return byConnection ? "Hold" : "Wait"`,
      replace: `return "Hold"`
    },
    {
      name: "a login by cookie counts as a lost connection",
      breaks: "A2, SDK B1",
      in: "admission",
      find: `return state.because === "Replacement" ? "Wait" : "Queue"`,
      replace: `return "Queue"`,
      tests: ["packages/node/test/client.test.ts"]
    },
    {
      name: "queued requests are sent all at once",
      breaks: "R5, R6",
      in: "next",
      find: `return event.queued ? to("Replaying") : to("Ready")`,
      replace: `return to("Ready")`,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/pending.ts`, [
    {
      name: "a second answer to the same request is accepted",
      breaks: "R1, R4",
      in: "Pending.remove",
      find: `this.recent?.delete(id)
        return entry`,
      replace: `return entry`
    },
    {
      name: "deadlines are noticed a second late",
      breaks: "R2, SDK D1",
      in: "Ordered.expire",
      find: `if (lastOf(run)!.at > now) break`,
      replace: `if (lastOf(run)!.at > now - 1000) break`
    },
    {
      name: "an entry that is added again ends at its earlier deadline",
      breaks: "R2",
      in: "Ordered.isHere",
      find: `this.entries.get(id)?.deadline === at`,
      replace: `at <= at && this.entries.has(id)`,
      tests: ["packages/core/test/protocol/pending.test.ts"]
    },
    {
      name: "each deadline sorts all waiting entries again",
      breaks: "L2",
      in: "Ordered.addRun",
      find: `if (last.length > 2 * length && !this.hasManyTaken()) break`,
      replace: ``,
      tests: ["packages/core/test/protocol/pending.test.ts"]
    },
    {
      name: "of entries with equal deadlines the newest ends first",
      breaks: "R2",
      in: "Ordered.add",
      find: `this.addRun(run.reverse())`,
      replace: `this.addRun(run)`,
      tests: ["packages/core/test/protocol/pending.test.ts"]
    },
    {
      name: "each deadline visits all waiting entries",
      breaks: "L2",
      in: "Pending.expire",
      find: `const due = (this.recentDeadline <= now ? this.order() : this.ordered)?.expire(now) ?? []`,
      replace: `this.all().forEach(({ deadline }) => deadline)
        const due = (this.recentDeadline <= now ? this.order() : this.ordered)?.expire(now) ?? []`,
      tests: ["packages/core/test/protocol/pending.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/data/json.ts`, [
    {
      name: "a frame that is not JSON throws",
      breaks: "C7, SDK A5",
      in: "parseObject",
      find: `return notJson`,
      replace: `throw new SyntaxError()`
    },
    {
      name: "null counts as a frame",
      breaks: "C7, SDK A5",
      in: "parseObject",
      find: `&& value !== null`,
      replace: ``
    }
  ]),
  ...inFile(`${protocol}/route.ts`, [
    {
      name: "the server's notice of an expired token is ignored",
      breaks: "S1, A3, spec 0.7",
      in: "route",
      find: `return "TokenExpired"`,
      replace: `return unroutable("NoRoom")`
    },
    {
      name: "an answer without a room settles no request",
      breaks: "R1, SDK D1, spec 1.7",
      in: "route",
      find: `if (id !== undefined && to.response(id, frame, size)) return "Response"`,
      replace: ``
    }
  ]),
  ...inFile(`${protocol}/liveness.ts`, [
    {
      name: "received bytes of an incomplete frame do not count as progress",
      breaks: "C2",
      in: "progressed",
      find: `sight.received !== last.received || (isBusy(first) && sight.buffered < last.buffered)`,
      replace: `(isBusy(first) && sight.buffered < last.buffered)`,
      tests: ["packages/core/test/runtime/heartbeat.test.ts"]
    },
    {
      name: "sent bytes do not count as progress",
      breaks: "C2",
      in: "progressed",
      find: `(isBusy(first) && sight.buffered < last.buffered)`,
      replace: `false`,
      tests: ["packages/core/test/runtime/heartbeat.test.ts"]
    },
    {
      name: "a shrinking send buffer always counts as progress, even on a dead link",
      breaks: "C3",
      in: "progressed",
      find: `isBusy(first) && sight.buffered < last.buffered`,
      replace: `sight.buffered < last.buffered`,
      tests: ["packages/core/test/protocol/liveness.test.ts"]
    },
    {
      name: "a peer that sends single bytes is never given up",
      breaks: "C3",
      in: "updated",
      find: `progressed(ping, sight) && sight.now < progressCountsUntil(ping, settings)`,
      replace: `progressed(ping, sight)`,
      tests: ["packages/core/test/protocol/liveness.test.ts"]
    },
    {
      name: "requests in flight do not extend the wait if received bytes are hidden",
      breaks: "C2",
      in: "judgeAt",
      find: `isBusy(first) ? Math.max(normalEnd, longerEnd) : normalEnd`,
      replace: `normalEnd`,
      tests: ["packages/core/test/protocol/liveness.test.ts"]
    },
    {
      name: "small requests extend the wait although received bytes are visible",
      breaks: "C3",
      in: "isBusy",
      find: `received === undefined ? inFlight.answerBy > now : inFlight.bytes > hiddenBytes`,
      replace: `inFlight.answerBy > now`
    },
    {
      name: "the extended wait outlasts the deadlines of the requests",
      breaks: "C3",
      in: "judgeAt",
      find: `Math.min(since + settings.busyTimeout, settledBy(ping, settings))`,
      replace: `since + settings.busyTimeout`,
      tests: ["packages/core/test/protocol/liveness.test.ts"]
    },
    {
      name: "a silent link counts as alive",
      breaks: "C3",
      in: "onLook",
      find: `: { _tag: "Dead", cause: "Silence", millis: end - since }`,
      replace: `: { _tag: "Alive" }`
    },
    {
      name: "a link is judged before its socket is read once more",
      breaks: "L3",
      in: "onLook",
      find: `if (!ping.drained)`,
      replace: `if (ping.drained && now < 0)`,
      tests: ["packages/core/test/protocol/liveness.test.ts"]
    },
    {
      name: "a late tick judges the link at once",
      breaks: "C2, L3",
      in: "onLook",
      find: `ping.lateTicks < maxLateTicks`,
      replace: `ping.lateTicks < 0`,
      tests: ["packages/core/test/protocol/liveness.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/subscriptions.ts`, [
    {
      name: "the first subscription of a closed client waits forever",
      breaks: "S1",
      in: "Registry.close",
      find: `this.closed ??= { error }`,
      replace: `if (this.madeTables !== undefined) this.closed ??= { error }`,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    },
    {
      name: "a notification that arrives before the answer to its subscribe is lost",
      breaks: "S3, SDK C1",
      in: "Registry.early",
      find: `if (!this.lanes.isSubscribing(anyLane)) return false`,
      replace: `return false`
    },
    {
      name: "a late answer to a subscribe that is due to be resent is ignored",
      breaks: "S5",
      in: "Registry.openedLate",
      find: `!inTime || !intent.overlooked`,
      replace: `!inTime || epoch >= 0 || !intent.overlooked`,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    },
    {
      name: "notifications that were parked before a subscribe is resent are dropped",
      breaks: "S3",
      in: "Registry.planOpening",
      find: `if (!intent.overlooked)`,
      replace: ``,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    },
    {
      name: "subscriptions are not reopened after a lost connection",
      breaks: "S1, SDK A1",
      in: "Registry.disconnected",
      find: `else this.want(intent)`,
      replace: ``
    },
    {
      name: "a loss is not announced by a gap",
      breaks: "S4, SDK C7",
      in: "Registry.loseOpen",
      find: `intent.lose(cause)`,
      replace: ``
    },
    {
      name: "the first of two consumers to end closes their shared subscription",
      breaks: "S5, SDK C2",
      in: "Registry.release",
      find: `|| intent.hasConsumers()`,
      replace: ``
    },
    {
      name: "the client never unsubscribes",
      breaks: "S5, SDK C12",
      in: "Registry.discard",
      find: `if (roomId !== undefined) this.lanes.leave(intent.lane, roomId)`,
      replace: ``
    },
    {
      name: "the consumers of a refused subscription get no error",
      breaks: "S6, SDK C3",
      in: "Registry.end",
      find: `this.abandon(intent)
        for (const consumer of consumers) consumer.fail(error)`,
      replace: `this.abandon(intent)`
    },
    {
      name: "a subscription that is closed while offline is reopened on the next connection",
      breaks: "S1, SDK C4",
      in: "Registry.release",
      find: `if (intent.phase === "Absent") this.abandon(intent)
        else this.discard(intent)`,
      replace: `if (intent.phase !== "Absent") this.discard(intent)`,
      tests: ["packages/core/test/runtime/limits.test.ts"]
    },
    {
      name: "a subscription that was being opened when the token expired counts as open",
      breaks: "S1, S4",
      in: "Registry.dropped",
      find: `if (intent.phase === "Opening") intent.phase = "Doubtful"`,
      replace: ``,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    },
    {
      name: "a temporarily refused subscription is not retried",
      breaks: "S1, S6",
      in: "Registry.due",
      find: `if (this.isPostponed(intent)) this.lanes.want(intent)`,
      replace: ``,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    },
    {
      name: "a subscribe that may have been dropped is sent again although its consumer has left",
      breaks: "S5",
      in: "Registry.overlooked",
      find: `if (!intent.hasConsumers()) this.abandon(intent)`,
      replace: ``,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    },
    {
      name: "a room that the server may still have is forgotten when its subscribe is sent again",
      breaks: "S1, S5",
      in: "Registry.overlooked",
      find: `intent.close(intent.channel)`,
      replace: `intent.close()`,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    },
    {
      name: "a room that only the first answer to a resent subscribe names is never left",
      breaks: "S1, S5",
      in: "Registry.openedLate",
      find: `this.leaveUnused(intent.lane, roomOf(channel))
        return false`,
      replace: `return false`,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/intent.ts`, [
    {
      name: "a consumer that missed nothing gets a gap",
      breaks: "S4",
      in: "Intent.announceGap",
      find: `if (!missed.latecomers.has(consumer))`,
      replace: ``
    },
    {
      name: "a consumer that ends is searched for among all consumers of its filter",
      breaks: "linear time",
      in: "Intent.remove",
      find: `if (!this.set.delete(consumer)) return false`,
      replace: `if (!Array.from(this.set).includes(consumer) || !this.set.delete(consumer)) return false`,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/channels.ts`, [
    {
      name: "a room is left when the first of its channels ends",
      breaks: "S1, SDK C2",
      in: "Channels.close",
      find: `add(rooms, roomId, -1) > 0`,
      replace: `add(rooms, roomId, -1) > 99`
    },
    {
      name: "of two filters on one channel only one gets the notifications",
      breaks: "S1, spec E5",
      in: "Channels.join",
      find: `intent.older = older`,
      replace: `intent.older = undefined`
    }
  ]),
  ...inFile(`${protocol}/early.ts`, [
    {
      name: "parked notifications have no limit in bytes",
      breaks: "L2",
      in: "Early.park",
      find: `this.count >= maxEarly || this.bytes + size > maxEarlyBytes`,
      replace: `this.count >= maxEarly`,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/lanes.ts`, [
    {
      name: "a collection that waits for a join is never processed again",
      breaks: "S1, S5",
      in: "Lanes.release",
      find: `for (const { name } of this.waitingForAny[turn]) this.dirty.add(name)`,
      replace: ``,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    },
    {
      name: "each join wakes every waiting collection",
      breaks: "linear time",
      in: "Lanes.release",
      find: `if (this.holds(turn)) continue`,
      replace: ``,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    },
    {
      name: "an unused room that gets a consumer again is left anyway",
      breaks: "S1",
      in: "Lanes.keep",
      find: `if (lane.idle.has(roomId)) this.dirty.add(lane.name)
        this.removeRoom(lane, roomId)`,
      replace: ``,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    }
  ]),
  ...inFile(`${runtime}/fork.ts`, [
    {
      name: "a client that is made in an uninterruptible region cannot be closed",
      breaks: "L1",
      in: "Fork.run",
      find: `Effect.interruptible(effect)`,
      replace: `effect`,
      tests: ["packages/core/test/runtime/session.test.ts", "packages/core/test/runtime/fork.test.ts"]
    }
  ]),
  ...inFile(`${runtime}/driver.ts`, [
    {
      name: "the client ignores the lifecycle events of its host",
      breaks: "C3, L3",
      in: "Driver.handleLifecycle",
      find: `this.client.handleLifecycle(event, this.counters())`,
      replace: ``,
      tests: ["packages/core/test/runtime/lifecycle.test.ts"]
    },
    {
      name: "the reconnect schedule is never reset",
      breaks: "C6",
      in: "Driver.askReconnect",
      find: `if (restart) this.reconnects.reset()`,
      replace: ``
    },
    {
      name: "watchers do not get the last state",
      breaks: "C5, SDK A16",
      in: "Driver.changed",
      find: `this.states.publish(this.client.connection(now))`,
      replace: `if (now._tag !== "Closed") this.states.publish(this.client.connection(now))`
    },
    {
      name: "a received frame does not restart the heartbeat timer, so a hidden page throttles it",
      breaks: "C4",
      in: "Driver.received",
      find: `if (this.client.handleFrame()) this.alarm.restart(this.client.nextDue())`,
      replace: `this.client.handleFrame()`,
      tests: ["packages/core/test/runtime/heartbeat.test.ts"]
    },
    {
      name: "a frame of any size is parsed",
      breaks: "L2",
      in: "Driver.sink.onFrame",
      find: `if (text.length > this.parts.settings.maxResponseSize)`,
      replace: `if (text.length > Infinity)`,
      tests: ["packages/core/test/runtime/session.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/reconnection.ts`, [
    {
      name: "even an unstable connection resets the backoff",
      breaks: "C6",
      in: "Reconnection.handleEnded",
      find: `this.restart ||= stable`,
      replace: `this.restart ||= openedAt !== undefined`,
      tests: byClientHistories
    },
    {
      name: "no connection resets the backoff",
      breaks: "C6",
      in: "Reconnection.handleEnded",
      find: `this.restart ||= stable`,
      replace: ``,
      tests: byClientHistories
    },
    {
      name: "a stable connection that was closed on purpose does not reset the backoff",
      breaks: "C6",
      in: "Reconnection.handleEnded",
      find: `this.restart ||= stable`,
      replace: `this.restart = stable`,
      tests: byClientHistories
    },
    {
      name: "waking up skips Retry-After",
      breaks: "C6",
      in: "Reconnection.dialAt",
      find: `return Math.max(this.woken ? -Infinity : this.pausedUntil, this.endpoints.allowedAt(endpoint))`,
      replace: `return this.woken ? -Infinity : this.pausedUntil`,
      tests: [...byClientHistories, "packages/core/test/runtime/lifecycle.test.ts"]
    },
    {
      name: "the Retry-After of one endpoint delays the others",
      breaks: "C6",
      in: "Reconnection.handleDelay",
      find: `this.endpoints.allowedAt(following) - now`,
      replace: `this.endpoints.allowedAt(lost.endpoint) - now`,
      tests: byClientHistories
    }
  ]),
  ...inFile(`${protocol}/replacement.ts`, [
    {
      name: "two servers that shut down are dialled in turn endlessly",
      breaks: "C6",
      in: "Replacement.handleShutDown",
      find: `if (now - this.movedAt < Duration.toMillis(this.settings.stableAfter)) return false`,
      replace: ``,
      tests: ["packages/core/test/runtime/session.test.ts"]
    },
    {
      name: "a server that shuts down is left during an exchange of the session",
      breaks: "SDK A18, A3",
      in: "Replacement.handleDrained",
      find: `if (this.exchanging) return "Exchange"
        return this.leaving ? "Leave" : "Nothing"`,
      replace: `if (this.leaving) return "Leave"
        return this.exchanging ? "Exchange" : "Nothing"`,
      tests: ["packages/core/test/runtime/cookies.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/client.ts`, [
    {
      name: "requests are sent before the user of the connection is known",
      breaks: "A2, C5",
      in: "Client.advance",
      find: `if (!this.identity.isSettled()) return`,
      replace: ``,
      tests: byClientHistories
    },
    {
      name: "a connection is ready before its subscriptions are open",
      breaks: "R5, C5",
      in: "Client.advance",
      find: `if (this.listening?.registry.settled() === false) return`,
      replace: ``,
      tests: byClientHistories
    },
    {
      name: "a connection that is kept after an exchange is ready although a login is running",
      breaks: "A2",
      in: "Client.handleExchanged",
      find: `const authenticate = !this.identity.isSettled()`,
      replace: `const authenticate = false`,
      tests: byClientHistories
    },
    {
      name: "a connection that was dialled for the previous session is used",
      breaks: "C1",
      in: "Client.handleOpened",
      find: `if (generation !== this.generation) return false`,
      replace: ``,
      tests: byClientHistories
    },
    {
      name: "a heartbeat begins with its second pulse",
      breaks: "C3, C4",
      in: "Client.handleOpened",
      find: `if (pulse !== undefined) this.pulse = new Pulse(pulse, now)
        this.followPulse()`,
      replace: `if (pulse !== undefined) this.pulse = new Pulse(pulse, now)`,
      tests: byClientHistories
    },
    {
      name: "the heartbeat judges the link two seconds late",
      breaks: "C3",
      in: "Client.handleDue",
      find: `now >= this.pulse.nextDue()`,
      replace: `now >= this.pulse.nextDue() + 2000`,
      tests: byClientHistories
    },
    {
      name: "a connection is replaced before its requests in flight are answered",
      breaks: "R3",
      in: "Client.hold",
      find: `this.replacement.handleHeld(this.clock.now())`,
      replace: `this.replacement.handleHeld(this.clock.now() - 5000)`,
      tests: byClientHistories
    },
    {
      name: "replacing a connection waits for the last answer without a timeout",
      breaks: "R3",
      in: "Client.handleDue",
      find: `if (now >= this.replacement.nextDue()) this.drained()`,
      replace: ``,
      tests: byClientHistories
    },
    {
      name: "the connection to a server that shuts down is kept",
      breaks: "SDK A18",
      in: "Client.leaveIfShuttingDown",
      find: `if (this.replacement.handleShutDown(this.clock.now())) this.drain()`,
      replace: ``,
      tests: ["packages/core/test/runtime/session.test.ts"]
    },
    {
      name: "closing a connected client does not change its state",
      breaks: "C5, C7",
      in: "Client.close",
      find: `this.dispatch({ _tag: "Close" }, released)`,
      replace: `if (!this.isConnected()) this.dispatch({ _tag: "Close" }, released)`,
      tests: byClientHistories
    },
    {
      name: "a host that comes back online does not skip the backoff delay",
      breaks: "C3",
      in: "Client.handleLifecycle",
      find: `this.reconnection.handleWoken()
        this.dialIfDue()`,
      replace: ``,
      tests: byClientHistories
    },
    {
      name: "a lifecycle event during a connection shortens the backoff delay after it",
      breaks: "C6",
      in: "Client.handleLifecycle",
      find: `if (event === "Offline" || this.isConnected()) return`,
      replace: `if (event === "Offline") return`,
      tests: byClientHistories
    },
    {
      name: "a lifecycle event causes no ping on an open connection",
      breaks: "C3, L3",
      in: "Client.handleLifecycle",
      find: `this.pulse?.handleProbe(this.sight(counters))`,
      replace: ``,
      tests: ["packages/core/test/runtime/lifecycle.test.ts"]
    },
    {
      name: "subscriptions that the server dropped with an expired token count as open",
      breaks: "S1, spec 0.7",
      in: "Client.handleTokenExpired",
      find: `if (isRenewed) return
        this.listening?.registry.dropped({ _tag: "TokenExpired" })`,
      replace: `if (isRenewed) return`
    },
    {
      name: "a login does not reopen the subscriptions",
      breaks: "A3, SDK C5",
      in: "Client.followIdentity",
      find: `if (this.state._tag === "Ready" || this.state._tag === "Replaying") this.subscribe()`,
      replace: ``
    },
    {
      name: "requests outlive the client",
      breaks: "R1, L1",
      in: "Client.close",
      find: `this.requests.handleLost(released)`,
      replace: ``,
      tests: byClientHistories
    },
    {
      name: "streams outlive the client",
      breaks: "L1",
      in: "Client.close",
      find: `this.closeSubscriptions(released)`,
      replace: ``
    },
    {
      name: "requests in flight wait for their deadline after the connection is lost",
      breaks: "R3",
      in: "Client.handleLost",
      find: `if (cause._tag === "KuzzleConnectionEndedError") this.requests.handleLost(cause)`,
      replace: ``
    },
    {
      name: "the first subscription of a client waits for the next connection",
      breaks: "S1",
      in: "Client.attach",
      find: `return this.subscribe()`,
      replace: `return`,
      tests: ["packages/core/test/runtime/realtime.test.ts"]
    },
    {
      name: "subscriptions are requested with a token that is known to have expired",
      breaks: "A1",
      in: "Client.reconcile",
      find: `if (!this.isUsable()) this.listening?.registry.suspended()`,
      replace: ``,
      tests: ["packages/core/test/runtime/realtime.test.ts"]
    },
    {
      name: "a subscription is sent on a connection that is about to be replaced",
      breaks: "A1, C5",
      in: "Client.isUsable",
      find: `if (this.state._tag === "Replacing") return false`,
      replace: ``,
      tests: byClientHistories
    },
    {
      name: "an oversized notification is lost without a gap",
      breaks: "S4, L2",
      in: "Client.handleTooLarge",
      find: `this.terminate(oversized(maxResponseSize))`,
      replace: `{}`,
      tests: ["packages/core/test/runtime/session.test.ts"]
    },
    {
      name: "the state always shows the endpoint of the first dial",
      breaks: "SDK A18",
      in: "Client.handleLocated",
      find: `this.dispatch({ _tag: "Located", endpoint })
        return this.reconnection.handleLocated(endpoint, current)`,
      replace: `if (this.reconnection.current().length === 0) this.dispatch({ _tag: "Located", endpoint })
        return this.reconnection.handleLocated(endpoint, this.reconnection.current().length === 0 ? current : this.reconnection.current())`,
      tests: ["packages/core/test/runtime/dial.test.ts"]
    },
    {
      name: "a client that does not wait for its first connection lets requests hang until there is one",
      breaks: "R3",
      in: "Client.start",
      find: `if (!waits) this.admit()`,
      replace: ``,
      tests: ["packages/core/test/runtime/dial.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/requests.ts`, [
    {
      name: "each attempt to connect restarts the time to live of queued requests",
      breaks: "R2",
      in: "Requests.offline",
      find: `if (call.queued) this.wait(call)
        else this.enqueue(call, queue, now)`,
      replace: `this.enqueue(call, queue, now)`,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    },
    {
      name: "one request in flight is forgotten when the connection is lost",
      breaks: "R1, R3",
      in: "Requests.handleLost",
      find: `const calls = this.pending.drain()`,
      replace: `const calls = this.pending.drain().slice(1)`
    },
    {
      name: "the error of a sent request says that it was not sent",
      breaks: "R3",
      in: "Requests.settleLost",
      find: `new KuzzleError.MaybeSentError({ controller, action, cause })`,
      replace: `new KuzzleError.NotSentError({ controller, action, cause })`
    },
    {
      name: "a request that waits to be sent has no deadline",
      breaks: "R2, SDK D7",
      in: "Requests.handleDue",
      find: `else this.end(call, Calls.tooLate(call, false))`,
      replace: ``
    },
    {
      name: "no timer is set after the first deadline",
      breaks: "R2",
      in: "Requests.handleDue",
      find: `this.wakeAt(Math.min(this.waiting.nextDeadline(), this.pending.nextDeadline()))`,
      replace: ``
    },
    {
      name: "an interrupted request is sent anyway",
      breaks: "R8, SDK D3",
      in: "Requests.drop",
      find: `call.place = "Ended"`,
      replace: ``,
      tests: properties
    },
    {
      name: "an interrupted request stays in memory",
      breaks: "R8, SDK D2",
      in: "Requests.drop",
      find: `this.pending.take(call.id)`,
      replace: ``
    },
    {
      name: "the newest waiting request is sent first",
      breaks: "R5, SDK D4",
      in: "Requests.startReplay",
      find: `this.replay.begin(this.waiting.all())`,
      replace: `this.replay.begin(this.waiting.all().toReversed())`
    },
    {
      name: "request ids are reused",
      breaks: "R4",
      in: "Requests.submit",
      find: `this.count += 1`,
      replace: `this.count = (this.count % 3) + 1`
    },
    {
      name: "a request that one user has queued is sent as another user",
      breaks: "A1, SDK B13",
      in: "Requests.submit",
      find: `const user = isUnknown ? undefined : this.sender()`,
      replace: `const user = undefined`
    },
    {
      name: "a request that was queued without a user is sent as the next user",
      breaks: "A1",
      in: "Requests.sender",
      find: `(this.session.toCome() ? undefined : nobody)`,
      replace: `undefined`,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    },
    {
      name: "the queue has no limit in requests",
      breaks: "L2",
      in: "Requests.enqueue",
      find: `this.waiting.size() >= maxSize ||`,
      replace: ``,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    },
    {
      name: "the queue has no limit in bytes",
      breaks: "L2",
      in: "Requests.enqueue",
      find: `|| this.waiting.weight() + encoded.length > maxBytes`,
      replace: ``,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    },
    {
      name: "the time to live of the queue is ignored",
      breaks: "R2, SDK D6",
      in: "Requests.enqueue",
      find: `call.deadline = Math.min(call.answerBy, now + Duration.toMillis(ttl))`,
      replace: `call.deadline = call.answerBy`,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    },
    {
      name: "requests that were in flight are queued behind waiting ones",
      breaks: "R5",
      in: "Requests.requeue",
      find: `calls.forEach((call) => this.wait(call))
        later.forEach((call) => this.wait(call))`,
      replace: `later.forEach((call) => this.wait(call))
        calls.forEach((call) => this.wait(call))`,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    },
    {
      name: "each attempt to connect visits all queued requests",
      breaks: "L2",
      in: "Requests.handleAdmission",
      find: `if (isQueued || this.waiting.size() === 0) return`,
      replace: `if (this.waiting.size() === 0) return`,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    },
    {
      name: "a refused request is not resent after the renewal",
      breaks: "A2, SDK B6",
      in: "Requests.handleRenewal",
      find: `!renewing`,
      replace: `renewing`,
      tests: ["tests/client.memory.test.ts"]
    },
    {
      name: "a request that is always refused is resent forever",
      breaks: "A4",
      in: "Requests.handleRenewal",
      find: `|| call.refusal !== undefined`,
      replace: ``,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "a request above the rate limit is given up",
      breaks: "R5",
      in: "Requests.conclude",
      find: `if (call.paced && error._tag === "KuzzleTooManyRequestsError")`,
      replace: `if (call.id === "" && error._tag === "KuzzleTooManyRequestsError")`,
      tests: ["packages/core/test/runtime/limits.test.ts"]
    },
    {
      name: "a queued request keeps the queue's deadline after it is sent",
      breaks: "R2",
      in: "Requests.handleSent",
      find: `call.deadline = call.answerBy`,
      replace: ``,
      tests: properties
    },
    {
      name: "a request that a closing socket does not accept is queued behind waiting ones",
      breaks: "R5",
      in: "Requests.handleUnsent",
      find: `if (call.place === "Waiting") this.endReplay()
        else this.offline(call, now)`,
      replace: `this.waiting.take(call.id)
        this.wait(call)`,
      tests: properties
    },
    {
      name: "a request that a closing socket does not accept is offered to it forever",
      breaks: "R5",
      in: "Requests.endReplay",
      find: `this.replay.end()
        this.replay.forgetPostponed()`,
      replace: `this.replay.end()`,
      tests: ["packages/core/test/protocol/requests.property.test.ts"]
    },
    {
      name: "an oversized answer ends a request that is no longer in flight",
      breaks: "R1, R4",
      in: "Requests.handleTooLarge",
      find: `const call = this.pending.take(id)
        if (call === undefined) return false`,
      replace: `const call = this.pending.take(id) ?? this.waiting.all()[0]
        if (call === undefined) return false`,
      tests: properties
    }
  ]),
  ...inFile(`${protocol}/call.ts`, [
    {
      name: "a request that is not idempotent is sent twice",
      breaks: "R6",
      in: "suspicionAfter",
      find: `&& options?.idempotent === true`,
      replace: ``
    },
    {
      name: "the error of a request that was lost with a connection says that it was never sent",
      breaks: "R3",
      in: "tooLate",
      find: `const sent = wasSent || lost !== undefined`,
      replace: `const sent = wasSent`,
      tests: properties
    }
  ]),
  ...inFile(`${protocol}/sending.ts`, [
    {
      name: "an oversized request is sent",
      breaks: "R7, SDK A19",
      in: "frameOf",
      find: `if (tooLarge !== undefined)`,
      replace: `if (tooLarge !== undefined && call.id === "")`
    },
    {
      name: "a token that is known to have expired is sent",
      breaks: "A1",
      in: "obstacleOf",
      find: `identity.expiresAt <= session.wallMillis()`,
      replace: `identity.expiresAt <= 0`,
      tests: ["packages/core/test/protocol/requests.property.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/replay.ts`, [
    {
      name: "new requests are sent while a request that may end the connection is in flight",
      breaks: "R7",
      in: "Replay.next",
      find: `const at = this.underWay.group === "New" ? -Infinity : Suspects.sendAt("New", this.underWay)`,
      replace: `const at = -Infinity`,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    },
    {
      name: "requests that may end the connection are sent while others are in flight",
      breaks: "R7",
      in: "Replay.next",
      find: `Math.max(Suspects.sendAt(call.suspicion.group, this.underWay), this.pace.nextAt(now))`,
      replace: `this.pace.nextAt(now)`,
      tests: properties
    },
    {
      name: "refused requests are resent in the order of their refusals",
      breaks: "R5",
      in: "Replay.postpone",
      find: `[...this.postponed, call].sort((a, b) => a.nth - b.nth)`,
      replace: `[...this.postponed, call]`,
      tests: properties
    }
  ]),
  ...inFile(`${runtime}/requests.ts`, [
    {
      name: "the filter of the queue is ignored",
      breaks: "L2",
      in: "Requests.submit",
      find: `&& queue.filter(request)`,
      replace: ``,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/credentials.ts`, [
    {
      name: "requests after a logout still carry the token",
      breaks: "A1",
      in: "Credentials.set",
      find: `this.defaultPart = Envelope.sessionPart(this.secret(), this.settingVolatile)`,
      replace:
        `if (identity !== undefined) this.defaultPart = Envelope.sessionPart(this.secret(), this.settingVolatile)`
    },
    {
      name: "anonymous requests carry the token",
      breaks: "A1",
      in: "Credentials.added",
      find: `anonymous ? undefined : this.secret()`,
      replace: `this.secret()`
    },
    {
      name: "a session that the server has refused counts as alive",
      breaks: "A1",
      in: "Credentials.alive",
      find: `identity !== this.dead && (identity.expiresAt === undefined || identity.expiresAt > wallMillis)`,
      replace: `(identity.expiresAt === undefined || identity.expiresAt > wallMillis)`
    }
  ]),
  ...inFile(`${protocol}/pulse.ts`, [
    {
      name: "received frames do not show that the connection is alive",
      breaks: "C2, SDK A13",
      in: "Pulse.handleFrame",
      find: `this.verdict = alive
        return true`,
      replace: `return true`
    },
    {
      name: "no ping is sent while an earlier one is unanswered",
      breaks: "C4, server trap 1",
      in: "Pulse.handleDue",
      find: `this.pulse(sight)
        this.plan(sight.now)`,
      replace: `if (this.verdict._tag === "Alive") this.pulse(sight)
        this.plan(sight.now)`,
      tests: ["packages/core/test/protocol/liveness.test.ts"]
    },
    {
      name: "the round trip of a ping includes its wait behind an upload",
      breaks: "C2",
      in: "Pulse.pulse",
      find: `Liveness.unobstructed(sight) ? sight.now : undefined`,
      replace: `sight.now`,
      tests: ["packages/core/test/runtime/heartbeat.test.ts"]
    }
  ]),
  ...inFile(`${runtime}/mailbox.ts`, [
    {
      name: "a gap that is dropped from a full buffer is lost, and counts as a notification",
      breaks: "S4",
      in: "Mailbox.dropOne",
      find: `this.savedEssential = [dropped]`,
      replace: `this.lost += 1`
    },
    {
      name: "an overflow is not announced by a gap",
      breaks: "S4, SDK C8",
      in: "Mailbox.takeAll",
      find: `if (lost > 0 && overflow !== undefined) notices.push(overflow(lost))`,
      replace: ``
    },
    {
      name: "the buffer of a slow consumer has no limit",
      breaks: "L2",
      in: "Mailbox.exceedsLimits",
      find: `buffer.size > capacity ||`,
      replace: ``
    },
    {
      name: "a stream that is closed between two reads never ends",
      breaks: "S2",
      in: "Mailbox.stream",
      find: `if (this.ending !== undefined) return resume(this.ending)`,
      replace: ``
    }
  ]),
  ...inFile(`${protocol}/listening.ts`, [
    {
      name: "an unsubscribe is encoded without the module that encodes frames",
      breaks: "one module encodes all frames",
      in: "Sent.encoded",
      find: `Envelope.encodeCanonical(Subscriptions.leave(command.roomId))`,
      replace: `JSON.stringify(Subscriptions.leave(command.roomId)).slice(0, -1)`,
      tests: ["packages/core/test/protocol/codec.test.ts"]
    },
    {
      name: "a refused unsubscribe counts as done",
      breaks: "S1, S5",
      in: "Listening.unsubscribed",
      find: `else if (isOutdated(outcome)) this.registry.unsubscribeOverlooked(lane, epoch, roomId)
        else this.registry.notUnsubscribed(lane, epoch, roomId)`,
      replace: `else this.registry.unsubscribed(lane, epoch)`,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    },
    {
      name: "a logout ends the streams that are being opened",
      breaks: "A3",
      in: "Listening.subscribed",
      find: `if (KuzzleError.isTokenDead(error)) this.registry.outdated(intent, epoch)
        else`,
      replace: ``
    },
    {
      name: "a subscription that is never answered holds up requests",
      breaks: "R5",
      in: "Listening.subscribed",
      find: `this.tooLate(sent, error, this.registry.unanswered(intent, epoch, error))`,
      replace: `this.registry.unanswered(intent, epoch, error)`,
      tests: ["packages/core/test/runtime/faults.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/renewal.ts`, [
    {
      name: "a temporary failure of a renewal ends the session",
      breaks: "A4",
      in: "isTemporary",
      find: `return true`,
      replace: `return false`,
      tests: ["packages/core/test/protocol/renewal.test.ts"]
    },
    {
      name: "a connection that is lost during a renewal ends the session",
      breaks: "A4",
      in: "after",
      find: `if (failure !== undefined && isLoss(failure)) return { _tag: "Keep" }`,
      replace: ``,
      tests: ["packages/core/test/protocol/renewal.test.ts"]
    },
    {
      name: "a failed refresh ends a session that is still valid",
      breaks: "A4",
      in: "after",
      find: `way === "Refresh" && alive`,
      replace: `way === "Restore"`,
      tests: ["packages/core/test/protocol/renewal.test.ts"]
    },
    {
      name: "an authenticator that logs no user in counts as successful",
      breaks: "A4",
      in: "after",
      find: `if (alive) return { _tag: "Done" }`,
      replace: `return { _tag: "Done" }`,
      tests: ["packages/core/test/protocol/renewal.test.ts"]
    },
    {
      name: "a dead session is not renewed by the authenticator",
      breaks: "A4",
      in: "after",
      find: `if (way !== "Login" && canLogin) return { _tag: "Then", way: "Login" }`,
      replace: ``,
      tests: ["packages/core/test/protocol/renewal.test.ts"]
    }
  ]),
  ...inFile(`${runtime}/exchanges.ts`, [
    {
      name: "a schedule of renewals that dies leaves a client that looks healthy",
      breaks: "C7",
      in: "Exchanges.plan",
      find: `Effect.tapErrorCause((defect) => Effect.sync(() => host.failed(defect)))`,
      replace: `Effect.tapErrorCause(() => Effect.void)`,
      tests: ["packages/core/test/runtime/faults.test.ts"]
    },
    {
      name: "exchanges of the session run concurrently",
      breaks: "A2",
      in: "Exchanges.exclusive",
      find: `Effect.unsafeMakeSemaphore(1)`,
      replace: `Effect.unsafeMakeSemaphore(100)`
    },
    {
      name: "a failing renewal is retried forever",
      breaks: "A4",
      in: "retries",
      find: `KuzzleSchedule.retry({ cap: "8 seconds", times: 4 })`,
      replace: `KuzzleSchedule.retry({ cap: "8 seconds", times: Infinity })`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "a session that another tab has renewed is reported as lost",
      breaks: "A2, A4",
      in: "rereads",
      find: `const rereads: ReadonlyArray<number> = [0, 100, 200]`,
      replace: `const rereads: ReadonlyArray<number> = []`,
      tests: ["packages/core/test/runtime/sharing.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/identity.ts`, [
    {
      name: "the expiry of another token on the connection ends a session whose token is alive",
      breaks: "T1",
      in: "IdentityMachine.handleTokenExpired",
      find: `this.renew("Refresh", true)`,
      replace: `return this.handleRefused(identity)`,
      tests: ["packages/core/test/runtime/faults.test.ts"]
    },
    {
      name: "a session that is not known yet counts as none",
      breaks: "O4",
      in: "IdentityMachine.state",
      find: `this.renewing || this.isToCome()`,
      replace: `this.renewing`,
      tests: ["packages/core/test/KuzzleOutbox.cookies.test.ts"]
    },
    {
      name: "a dead token is not renewed",
      breaks: "A2",
      in: "IdentityMachine.refuse",
      find: `this.credentials.died(identity)
        if (!this.renewing && !this.isByCookie()) return this.renew("Login", true)
        this.actions.push({ _tag: "Challenge", dropped: true })`,
      replace: `this.credentials.died(identity)`,
      tests: ["tests/client.memory.test.ts"]
    },
    {
      name: "a renewal forgets that the server dropped the subscriptions",
      breaks: "S4, A3",
      in: "IdentityMachine.refuse",
      find: `this.renew("Login", true)`,
      replace: `this.renew("Login", false)`,
      tests: ["tests/client.memory.test.ts"]
    },
    {
      name: "a token is not renewed before it expires",
      breaks: "A1, SDK B11",
      in: "IdentityMachine.handlePlanned",
      find: `isRenewable ? now + Math.max(delay, minimumAge) : Infinity`,
      replace: `Infinity`,
      tests: ["tests/client.memory.test.ts"]
    },
    {
      name: "subscriptions stay open when the user changes",
      breaks: "A3, SDK E12",
      in: "IdentityMachine.handleKept",
      find: `return before?.kuid !== undefined && before.kuid !== identity?.kuid && !this.isByCookie()`,
      replace: `return false`,
      tests: ["tests/client.memory.test.ts"]
    },
    {
      name: "requests still wait after a renewal has ended",
      breaks: "A2",
      in: "IdentityMachine.handleRenewalEnded",
      find: `if (!this.redialling) this.actions.push({ _tag: "Pass" })`,
      replace: ``,
      tests: ["tests/client.memory.test.ts"]
    },
    {
      name: "the authenticator logs a user in again after a logout",
      breaks: "A1",
      in: "IdentityMachine.handleIdentity",
      find: `this.keepLoggedIn = identity !== undefined`,
      replace: `this.keepLoggedIn = this.keepLoggedIn || identity !== undefined`,
      tests: ["tests/client.memory.test.ts"]
    },
    {
      name: "sessions are renewed forever if the server refuses every session that it grants",
      breaks: "A4",
      in: "IdentityMachine.try",
      find: `this.useless > maxUseless`,
      replace: `this.useless < 0`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "the user of the cookie is not verified on a new connection",
      breaks: "A1",
      in: "IdentityMachine.handleOpened",
      find: `if (this.isByCookie())`,
      replace: `if (!this.isByCookie())`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "a refused session by cookie ends without a check on a new connection",
      breaks: "T1",
      in: "IdentityMachine.refuse",
      find: `if (!this.renewing && !this.isByCookie()) return this.renew("Login", true)`,
      replace: `if (!this.renewing) return this.renew("Login", true)`,
      tests: ["packages/core/test/runtime/cookies.test.ts"]
    },
    {
      name: "each message of another tab opens a separate connection",
      breaks: "T2",
      in: "IdentityMachine.redial",
      find: `if (this.redialling) return
        this.redialling = true`,
      replace: `this.redialling = true`,
      tests: ["packages/core/test/runtime/cookies.test.ts"]
    },
    {
      name: "an authenticator replaces the session of another tab",
      breaks: "T1",
      in: "IdentityMachine.isStillWanted",
      find: `&& !this.changedElsewhere`,
      replace: ``,
      tests: ["packages/core/test/runtime/cookies.test.ts"]
    },
    {
      name: "a session that the server refuses on every connection never ends",
      breaks: "A4",
      in: "IdentityMachine.handleRestored",
      find: `const isDead = answer === before && !this.credentials.alive(wall)`,
      replace: `const isDead = false`,
      tests: ["packages/core/test/runtime/cookies.test.ts"]
    },
    {
      name: "a connection that was dialled before another tab's login is kept",
      breaks: "T2",
      in: "IdentityMachine.connectionAfter",
      find: `elsewhere || this.credentials.current() !== before`,
      replace: `this.credentials.current() !== before`,
      tests: ["packages/core/test/runtime/cookies.test.ts"]
    },
    {
      name: "a new connection starts with an expired token",
      breaks: "A1",
      in: "IdentityMachine.handleOpened",
      find: `(this.keepLoggedIn && !this.isAlive(wall))`,
      replace: `(this.keepLoggedIn && this.credentials.current() === undefined)`,
      tests: byHistories
    },
    {
      name: "requests of the previous user still wait",
      breaks: "A1",
      in: "IdentityMachine.handleKept",
      find: `if (before?.user === identity?.user) return false
        this.actions.push({ _tag: "UserKnown" })`,
      replace: `if (before?.user === identity?.user) return false`,
      tests: byHistories
    },
    {
      name: "a connection keeps the cookie of the previous user",
      breaks: "A1",
      in: "IdentityMachine.connectionAfter",
      find: `elsewhere || this.credentials.current() !== before`,
      replace: `elsewhere`,
      tests: byHistories
    },
    {
      name: "two renewals run at the same time",
      breaks: "A2",
      in: "IdentityMachine.renew",
      find: `if (this.renewing) return
        this.renewing = true`,
      replace: `this.renewing = true`,
      tests: byHistories
    },
    {
      name: "an authenticator replaces a user who has logged in meanwhile",
      breaks: "A2",
      in: "IdentityMachine.isStillWanted",
      find: `&& this.renewedFrom === this.credentials.current()`,
      replace: ``,
      tests: byHistories
    },
    {
      name: "the session of a connection that was opened during a renewal is never verified",
      breaks: "A2, T2",
      in: "IdentityMachine.handleRenewalEnded",
      find: `if (this.restoreNeeded && !this.redialling) return this.renew("Restore", false)`,
      replace: ``,
      tests: byHistories
    },
    {
      name: "a connection that was opened during a login does not ask for its user",
      breaks: "A1",
      in: "IdentityMachine.handleIdentity",
      find: `this.started = this.restored = true`,
      replace: `this.started = this.restored = true
        this.restoreNeeded = false`,
      tests: byHistories
    },
    {
      name: "subscriptions are reopened when the user stays the same, and not when the user changes",
      breaks: "A3",
      in: "IdentityMachine.handleKept",
      find: `before.kuid !== identity?.kuid`,
      replace: `before.kuid === identity?.kuid`,
      tests: byHistories
    },
    {
      name: "granted sessions that the server refuses are not counted",
      breaks: "A4",
      in: "IdentityMachine.try",
      find: `? this.useless + 1 : 0`,
      replace: `? 0 : 0`,
      tests: byHistories
    },
    {
      name: "the end of a session is not reported",
      breaks: "A4",
      in: "IdentityMachine.endSession",
      find: `this.publish({ _tag: "SessionLost", cause })`,
      replace: ``,
      tests: byHistories
    },
    {
      name: "a failed login ends a session that a new connection may still have",
      breaks: "T1",
      in: "IdentityMachine.follow",
      find: `if (this.restoreNeeded || this.redialling) return end("Kept")`,
      replace: ``,
      tests: byHistories
    },
    {
      name: "a failed login ends the session that another client has stored",
      breaks: "T1",
      in: "IdentityMachine.follow",
      find: `attempt.wasRun`,
      replace: `attempt.way !== "Login"`,
      tests: byHistories
    },
    {
      name: "a failed login ends a session that was followed meanwhile and that another client has renewed",
      breaks: "T1",
      in: "IdentityMachine.follow",
      find: `const before = this.credentials.current()`,
      replace: `const { before } = attempt`,
      tests: byHistories
    },
    {
      name: "a session that another client stores is ignored after this client's session has ended",
      breaks: "T2",
      in: "IdentityMachine.handleStored",
      find: `if (change === "Nothing" || change !== only) return undefined`,
      replace:
        `if (change === "Nothing" || change !== only || this.credentials.sessionEnd() !== undefined) return undefined`,
      tests: byHistories
    },
    {
      name: "a change of the cookie in another tab does not open a new connection",
      breaks: "T2",
      in: "IdentityMachine.handleChangedElsewhere",
      find: `this.changedElsewhere = true
        this.redial()`,
      replace: `this.changedElsewhere = true`,
      tests: byHistories
    }
  ]),
  ...inFile(`${core}/internal/data/shape.ts`, [
    {
      name: "a malformed answer is read anyway",
      breaks: "C7",
      in: "read",
      find: `shape(result) ?? make(result as Wire)`,
      replace: `make(result as Wire)`,
      tests: ["packages/core/test/KuzzleMemoryStorage.test.ts"]
    }
  ]),
  ...inFile(`${core}/KuzzleRealtime.ts`, [
    {
      name: "a malformed notification is delivered to consumers",
      breaks: "C7, S4",
      in: "RoomConsumer.notify",
      find: `if (issue !== undefined) return this.gap({ _tag: "Malformed", issue: issue.of("notification") })`,
      replace: ``,
      tests: ["packages/core/test/runtime/realtime.test.ts"]
    }
  ]),
  ...inFile(`${core}/KuzzleOutbox.ts`, [
    {
      name: "a logout with `forget` keeps the reports of requests in flight",
      breaks: "a logout with `forget` deletes what the user has stored",
      in: "logout",
      find: `const purged = yield* Effect.exit(outbox.purge(sender))`,
      replace: `const purged = Exit.succeed(0)`,
      tests: ["packages/core/test/KuzzleOutbox.test.ts"]
    },
    {
      name: "a logout with `forget` sends stored requests before it deletes the rest",
      breaks: "a logout with `forget` deletes what the user has stored",
      in: "logout",
      find: `yield* Effect.ignore(outbox.purge(sender))`,
      replace: ``,
      tests: ["packages/core/test/KuzzleOutbox.test.ts"]
    }
  ]),
  ...inFile(`${runtime}/httpRequests.ts`, [
    {
      name: "a request over HTTP carries the token of a session that was lost",
      breaks: "A1",
      in: "make.checkSession",
      find: `cause === undefined || isAnonymous(options)`,
      replace: `true`,
      tests: ["packages/core/test/Kuzzle.http.test.ts"]
    }
  ]),
  ...inFile(`${runtime}/sharedToken.ts`, [
    {
      name: "a login waits for ever for a token store that does not answer",
      breaks: "A2",
      in: "make.reported",
      find: `Effect.timeoutOption(Effect.interruptible(Fiber.await(fiber)), storeTimeout)`,
      replace: `Effect.asSome(Fiber.await(fiber))`,
      tests: ["packages/core/test/runtime/sharing.test.ts"]
    },
    {
      name: "a renewed token overwrites the token of a faster tab",
      breaks: "A2",
      in: "make.renewed",
      find: `save(Option.some(stored), seen)`,
      replace: `overwrite(stored)`,
      tests: ["packages/core/test/runtime/sharing.test.ts"]
    }
  ]),
  ...inFile(`${runtime}/tokens.ts`, [
    {
      name: "a failed logout keeps the token",
      breaks: "A1, SDK B14",
      in: "Tokens.logout",
      find: `Effect.ensuring(this.requests.urgent(request, options), commit)`,
      replace: `Effect.zipLeft(this.requests.urgent(request, options), commit)`,
      tests: ["tests/client.memory.test.ts"]
    },
    {
      name: "an answer without a token counts as a session",
      breaks: "C7, SDK B10",
      in: "keep",
      find: `if (granted === undefined) return response`,
      replace:
        `if (granted === undefined) return yield* Effect.as(commit(identityOf({ value: Redacted.make("undefined") })), response)`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "a login carries the previous token",
      breaks: "A1",
      in: "Tokens.login",
      find: `{ ...options, anonymous: true }`,
      replace: `options`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    }
  ]),
  ...inFile(`${runtime}/cookies.ts`, [
    {
      name: "a login by cookie is not announced to other tabs, in the simulation",
      breaks: "T2",
      in: "make.begin",
      find: `return Effect.map(commit(session), () => announce(host))`,
      replace: `return Effect.map(commit(session), () => void host)`,
      histories: 300
    },
    {
      name: "a logout deletes the cookie but does not revoke the token",
      breaks: "A1, SDK B14",
      in: "make.logout",
      find: `const revoked = yield* Effect.exit(restore(call(request, options)))`,
      replace: `const revoked = Exit.succeed(undefined)`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "a logout does not delete the cookie",
      breaks: "A1",
      in: "make.logout",
      find: `const cleared = yield* Effect.exit(call({ ...rest, cookieAuth: true }, options))`,
      replace: `const cleared = Exit.succeed({ ...rest })`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "an answer with a token instead of a cookie is accepted",
      breaks: "SDK B1",
      in: "make.grant",
      find: `if (granted.jwt !== undefined)`,
      replace: `if (granted.jwt === "never")`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "calls over HTTP neither send nor store the cookie",
      breaks: "SDK B1",
      in: "make.call",
      find: `credentials: true`,
      replace: `credentials: false`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "a user with a cookie is anonymous after a restart",
      breaks: "A3",
      in: "make.cookie.restore",
      find: `!token.valid`,
      replace: `token.valid`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "a login by cookie is reported before it is verified",
      breaks: "A1",
      in: "make.grant.verifyAndBegin",
      find: `Effect.flatMap(verified(request, granted, options), () => begin(granted, host, commit))`,
      replace: `Effect.flatMap(begin(granted, host, commit), () => verified(request, granted, options))`,
      tests: ["packages/core/test/runtime/races.test.ts"]
    },
    {
      name: "a cookie that another tab has renewed is refreshed again",
      breaks: "T1",
      in: "make.isKnown.onSome",
      find: `onSome: (state) => knownSession === undefined || isOf(knownSession, state)`,
      replace: `onSome: () => true`,
      tests: ["packages/core/test/runtime/cookies.test.ts"]
    },
    {
      name: "a login by cookie is not announced to other tabs",
      breaks: "T2",
      in: "make.begin",
      find: `Effect.map(commit(session), () => announce(host))`,
      replace: `commit(session)`,
      tests: ["packages/core/test/runtime/cookies.test.ts"]
    },
    {
      name: "a tab handles messages about the sessions of other hosts",
      breaks: "T2",
      in: "make.cookie.listen",
      find: `changedAt === undefined || changedAt === hostOf(knownEndpoint())`,
      replace: `changedAt !== ""`,
      tests: ["packages/core/test/runtime/cookies.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/envelope.ts`, [
    {
      name: "the documents of an import are encoded twice",
      breaks: "CPU time of an import",
      in: "encode",
      find: `const body = Json.remembered(request.body)`,
      replace: `const body: string | undefined = undefined`,
      tests: ["packages/core/test/KuzzleImport.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/data/filter/inclusion.ts`, [
    {
      name: "the longest list of candidates is searched for each wanted element",
      breaks: "linear time",
      in: "shortest",
      find: `one.length <= other.length ? one : other`,
      replace: `one.length > other.length ? one : other`,
      tests: ["packages/core/test/KuzzleFilter.test.ts"]
    },
    {
      name: "one element matches two wanted elements",
      breaks: "what `match` includes",
      in: "takeListed",
      find: `if (position !== undefined) taken.add(position)`,
      replace: ``,
      tests: ["packages/core/test/KuzzleFilter.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/data/filter/pattern/matcher.ts`, [
    {
      name: "the state after a character is not cached",
      breaks: "linear time",
      in: "Matcher.move",
      find: `if (char < STATE) from.ascii[char] = to`,
      replace: `if (char < 0) from.ascii[char] = to`,
      tests: ["packages/core/test/data/filter/pattern.test.ts"]
    },
    {
      name: "the cache of a pattern has no limit",
      breaks: "bounded memory",
      in: "Matcher.move",
      find: `if (this.remembered > MEMORY)`,
      replace: `if (this.remembered > Infinity)`,
      tests: ["packages/core/test/data/filter/pattern.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/data/filter/pattern/program.ts`, [
    {
      name: "nested repetitions are not multiplied",
      breaks: "bounded patterns",
      in: "counted",
      find: `repeats: tree.repeats * Math.max(max === Infinity ? min : max, 1)`,
      replace: `repeats: Math.max(max === Infinity ? min : max, 1)`,
      tests: ["packages/core/test/data/filter/pattern.test.ts"]
    }
  ]),
  ...inFile(`${core}/Kuzzle.ts`, [
    {
      name: "a client with an API key writes to the shared token store",
      breaks: "T1",
      in: "sharedStore",
      find: `Option.isSome(apiKey) ? undefined : store`,
      replace: `store`,
      tests: ["packages/core/test/apiKey.test.ts"]
    },
    {
      name: "an API key is accepted together with a session by cookie",
      breaks: "A1",
      in: "keepCookie",
      find: `Option.isSome(settings.apiKey)`,
      replace: `Option.isSome(settings.apiKey) && settings.apiKey.value === undefined`,
      tests: ["packages/core/test/apiKey.test.ts"]
    }
  ]),
  ...inFile(`${core}/KuzzlePlatform.ts`, [
    {
      name: "the ping settings of a platform's layer are ignored",
      breaks: "C3",
      in: "layer",
      find: `platform.heartbeat(options)`,
      replace: `platform.heartbeat({})`,
      tests: ["packages/core/test/KuzzlePlatform.test.ts"]
    }
  ]),
  ...inFile(`${core}/KuzzleInstance.ts`, [
    {
      name: "two Kuzzles of one layer share a client",
      breaks: "A1",
      in: "Tag",
      find: `Layer.fresh(client)`,
      replace: `client`,
      tests: ["tests/instances.test.ts"]
    }
  ]),
  ...inFile(`${core}/KuzzleBatch.ts`, [
    {
      name: "a batched request that was reported as not sent is sent later",
      breaks: "R2",
      in: "send",
      find: `chunk.filter(unsettled.has)`,
      replace: `chunk`,
      tests: ["packages/core/test/KuzzleBatch.test.ts"]
    },
    {
      name: "requests of different senders are combined in one batch",
      breaks: "A1",
      in: "companyOf",
      find: `as?._tag,
        as?._tag === "User" ? as.kuid : undefined,`,
      replace: ``,
      tests: ["packages/core/test/KuzzleBatch.test.ts"]
    }
  ]),
  ...inFile(`${core}/KuzzleExternalStore.ts`, [
    {
      name: "a component that is unmounted and mounted in one turn stops its stream",
      breaks: "external stores",
      in: "make",
      find: `queueMicrotask(stopIfUnwatched)`,
      replace: `stopIfUnwatched()`,
      tests: ["packages/core/test/KuzzleExternalStore.test.ts"]
    },
    {
      name: "an interrupted stream is reported as a defect",
      breaks: "external stores",
      in: "ended",
      find: `Cause.isInterruptedOnly(cause)`,
      replace: `false`,
      tests: ["packages/core/test/KuzzleExternalStore.test.ts"]
    },
    {
      name: "a store without subscribers still shows its last value",
      breaks: "external stores",
      in: "make.stopIfUnwatched",
      find: `state = pending`,
      replace: ``,
      tests: ["packages/core/test/KuzzleExternalStore.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/api/promised.ts`, [
    {
      name: "an opened stream stays open after its iteration has ended",
      breaks: "KuzzlePromise",
      in: "Runner.items",
      find: `Effect.zipRight(Scope.close(scope, Exit.void), release)`,
      replace: `Scope.close(scope, Exit.void)`,
      tests: ["tests/promise.test.ts"]
    },
    {
      name: "a subscription whose iteration ends before its first notification stays open on the server",
      breaks: "S5",
      in: "Runner.iterator.return",
      find: `await this.fork(release)`,
      replace: ``,
      tests: ["tests/promise.test.ts"]
    },
    {
      name: "an aborted call rejects with an error of this library instead of the signal's reason",
      breaks: "KuzzlePromise",
      in: "Runner.reasonOf",
      find: `if (signal?.aborted === true) return signal.reason`,
      replace: ``,
      tests: ["tests/promise.test.ts"]
    },
    {
      name: "a call after close is sent",
      breaks: "KuzzlePromise",
      in: "Runner.run",
      find: `if (this.closing !== undefined) throw new ClosedError({ started: false })`,
      replace: ``,
      tests: ["tests/promise.test.ts"]
    },
    {
      name: "the signal of a call is sent to the server",
      breaks: "KuzzlePromise",
      in: "withoutSignal",
      find: `return [[others, ...rest], { signal }]`,
      replace: `return [args, { signal }]`,
      tests: ["tests/promise.test.ts"]
    }
  ]),
  ...inFile(`${core}/KuzzleLog.ts`, [
    {
      name: "the log contains the messages of Kuzzle's errors",
      breaks: "no secret is shown",
      in: "reasonOf",
      find: `isApiError(error) ? \`\${error.status} \${error.id === "" ? error._tag : error.id}\` : error.message`,
      replace: `error.message`,
      tests: ["packages/core/test/KuzzleLog.test.ts"]
    },
    {
      name: "the log repeats the warning about a deprecated action",
      breaks: "KuzzleLog",
      in: "Deprecations.line",
      find: `!this.logged.has(text)`,
      replace: `true`,
      tests: ["packages/core/test/KuzzleLog.test.ts"]
    }
  ]),
  ...inFile(`${core}/KuzzleLiveQuery.ts`, [
    {
      name: "a live search accepts conditions that only subscriptions support",
      breaks: "live documents match the search",
      in: "live",
      find: `yield* validated(query)`,
      replace: ``,
      tests: ["tests/documents.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/api/decoded.ts`, [
    {
      name: "a live document that no longer fits its Schema stays in the set unchanged",
      breaks: "live documents fit their Schema",
      in: "follow.decode",
      find: `known.leave(read.document)`,
      replace: `undefined`,
      tests: ["packages/core/test/KuzzleRepository.live.test.ts"]
    }
  ]),
  ...inFile("packages/testing/src/internal/command/schema.ts", [
    {
      name: "the schema command overwrites an edited file",
      breaks: "edits are not lost silently",
      in: "requireReplaceable",
      find: `File.stateOf(text)`,
      replace: `"Written"`,
      tests: ["packages/testing/test/schema.command.test.ts"]
    }
  ]),
  ...inFile("packages/testing/src/internal/command/schema/collection.ts", [
    {
      name: "a text that occurs once becomes a literal",
      breaks: "literals for frequent texts",
      in: "textOf",
      find: `times < literals.minOccurrences`,
      replace: `times < 1`,
      tests: ["packages/testing/test/schema.test.ts"]
    },
    {
      name: "a Schema contains mappings that the server does not have",
      breaks: "a generated Schema has the mappings of the server",
      in: "struct",
      find: `unmapped`,
      replace: `covered`,
      tests: ["packages/testing/test/schema.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/data/retryAfter.ts`, [
    {
      name: "a server can make the client wait for a year",
      breaks: "C6",
      in: "bounded",
      find: `Math.min(Math.max(0, millis), longest)`,
      replace: `Math.max(0, millis)`,
      tests: ["packages/core/test/data/retryAfter.test.ts"]
    },
    {
      name: "a date in Retry-After is relative to the client's clock instead of the server's",
      breaks: "C6",
      in: "parse",
      find: `dateOf(single(headers.date)) ?? wallMillis`,
      replace: `wallMillis`,
      tests: ["packages/core/test/data/retryAfter.test.ts"]
    }
  ]),
  ...inFile(`${core}/KuzzleSchedule.ts`, [
    {
      name: "retries ignore Retry-After",
      breaks: "C6, A4",
      in: "withRetryAfter",
      find: `Schedules.delayedBy(schedule, RetryAfter.of)`,
      replace: `schedule`,
      tests: ["packages/core/test/api/retryTransient.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/data/json.ts`, [
    {
      name: "an Error is sent as an object without its message",
      breaks: "R7",
      in: "refusalOf",
      find: `if (value instanceof Error) return refusal("Error")`,
      replace: ``,
      tests: ["packages/core/test/data/json.test.ts"]
    },
    {
      name: "a value of an Effect type is sent in the form of its toJSON",
      breaks: "R7",
      in: "refusalOf",
      find: `if (effect !== undefined) return refusal(effect)`,
      replace: ``,
      tests: ["packages/core/test/data/json.test.ts"]
    },
    {
      name: "the result of a toJSON is not checked",
      breaks: "R7",
      in: "inJSON",
      find: `if (typeof json === "number" && !Number.isFinite(json))`,
      replace: `if (false)`,
      tests: ["packages/core/test/data/json.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/envelope.ts`, [
    {
      name: "a secret is revealed to a controller that publishes it",
      breaks: "R7",
      in: "secretsOf",
      find: `disclosing.has(controller) ? "Disclosed" : "Reveal"`,
      replace: `"Reveal"`,
      tests: ["packages/core/test/protocol/envelope.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/suspects.ts`, [
    {
      name: "an idempotent request is resent forever",
      breaks: "R6",
      in: "lost",
      find: `if (losses >= maxLossesAlone || sends >= maxSends) return undefined`,
      replace: ``,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    },
    {
      name: "the queue is sent without a window",
      breaks: "R5, SDK D5",
      in: "sendAt",
      find: `if (count >= window) return Infinity`,
      replace: ``,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    },
    {
      name: "suspects are sent together",
      breaks: "R7",
      in: "sendAt",
      find: `next === group && next !== "Suspect" ? -Infinity`,
      replace: `next === group ? -Infinity`,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    },
    {
      name: "new requests are sent while a resent one is in flight",
      breaks: "R7",
      in: "sendAt",
      find: `next === group && next !== "Suspect" ? -Infinity`,
      replace: `next !== "Suspect" ? -Infinity`,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    },
    {
      name: "a request that was lost with others counts as lost alone",
      breaks: "R7",
      in: "lost",
      find: `(alone && group !== "New" ? 1 : 0)`,
      replace: `(group !== "New" ? 1 : 0)`,
      tests: ["packages/core/test/protocol/suspects.test.ts"]
    },
    {
      name: "after one lost connection all requests are sent one at a time",
      breaks: "R7",
      in: "lost",
      find: `group === "New" && by !== "Oversized" ? "Lost"`,
      replace: `false ? "Lost"`,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    },
    {
      name: "a slow request holds up the queue until its deadline",
      breaks: "R5",
      in: "sendAt",
      find: `-Infinity : since + probation`,
      replace: `-Infinity : Infinity`,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    },
    {
      name: "a request whose answer is too large is resent",
      breaks: "R6, L2",
      in: "lost",
      find: `if (by === "Oversized" && alone) return undefined`,
      replace: ``,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    },
    {
      name: "after an oversized answer, the requests in flight are not suspects",
      breaks: "R6, L2",
      in: "lost",
      find: `&& by !== "Oversized"`,
      replace: ``,
      tests: ["packages/core/test/runtime/queue.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/api/retryTransient.ts`, [
    {
      name: "a search whose page is too large is retried forever",
      breaks: "L2",
      in: "retryTransient.isLoss",
      find: `oversized < maxOversized ? isTransient(lost)(error) : Effect.succeed(false)`,
      replace: `isTransient(lost)(error)`,
      tests: ["packages/core/test/api/retryTransient.test.ts"]
    }
  ]),
  ...inFile(`${core}/KuzzleHttp.ts`, [
    {
      name: "fetch follows a redirect with the password",
      breaks: "A5",
      in: "withoutRedirects",
      find: `, redirect: "manual"`,
      replace: ``,
      tests: ["packages/core/test/Kuzzle.http.test.ts"]
    },
    {
      name: "the cookies of a redirect are stored",
      breaks: "A5",
      in: "shape.execute",
      find: `if (!Redirect.is(response.status))`,
      replace: ``,
      tests: ["packages/node/test/NodeKuzzle.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/http.ts`, [
    {
      name: "a redirect counts as Kuzzle's answer",
      breaks: "A5",
      in: "answer",
      find: `if (Redirect.is(status))`,
      replace: `if (status === 0)`,
      tests: ["packages/core/test/protocol/http.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/data/endpoint.ts`, [
    {
      name: "an error shows the secrets in the target of a redirect",
      breaks: "A5",
      in: "withoutSecrets",
      find: `/[?#].*$/s, ""`,
      replace: `/\\?.*$/s, ""`,
      tests: ["packages/core/test/protocol/http.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/services/body.ts`, [
    {
      name: "an answer of any size is read",
      breaks: "L2",
      in: "text.keep",
      find: `size > limit || declared > limit`,
      replace: `declared > limit`,
      tests: ["packages/core/test/Kuzzle.http.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/services/cookieJar.ts`, [
    {
      name: "one host can fill the cookie jar",
      breaks: "L2",
      in: "make.keep",
      find: `ofHost.size > maxOfHost`,
      replace: `false`,
      tests: ["packages/core/test/services/cookieJar.test.ts"]
    },
    {
      name: "all hosts together can fill the cookie jar",
      breaks: "L2",
      in: "make.keep",
      find: `while (size > maxInAll)`,
      replace: `while (size < 0)`,
      tests: ["packages/core/test/services/cookieJar.test.ts"]
    }
  ]),
  ...inFile(`${core}/KuzzleRepository.ts`, [
    {
      name: "a secret that a Schema has revealed no longer counts as a secret",
      breaks: "spec 11",
      in: "writing.encoder.onSuccess",
      find: `Json.holdsSecret(value) ? Json.disclosed({ ...encoded }) : { ...encoded }`,
      replace: `({ ...encoded })`,
      tests: ["packages/core/test/data/secrets.test.ts"]
    },
    {
      name: "a notification without content ends a subscription with a Schema",
      breaks: "documents by their Schema",
      in: "reading.notified",
      find: `if (_source === undefined && rest._id !== undefined)`,
      replace: `if (_source === undefined && rest._id === "")`,
      tests: ["tests/repository.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/api/partial.ts`, [
    {
      name: "an update must contain all fields of a struct in a union",
      breaks: "documents by their Schema",
      in: "partOf",
      find: `AST.Union.make(ast.types.map(partOf))`,
      replace: `ast`,
      tests: ["packages/core/test/KuzzleRepository.update.test.ts"]
    },
    {
      name: "a cleared field is not sent",
      breaks: "R7",
      in: "clearField",
      find: `encoded[stored] = null`,
      replace: ``,
      tests: ["packages/core/test/KuzzleRepository.update.test.ts"]
    }
  ]),
  ...inFile("packages/node/src/internal/outboxFolder.ts", [
    {
      name: "a stored request counts as damaged when too many files are open",
      breaks: "O2",
      in: "OutboxFolder.read",
      find: `if (damageCodes.has(codeOf(cause))) return undefined`,
      replace: `if (cause !== undefined) return undefined`,
      tests: ["packages/node/test/NodeKuzzleOutboxStore.test.ts"]
    },
    {
      name: "a change that is not durable is not undone",
      breaks: "O1",
      in: "OutboxFolder.change",
      find: `if (!await this.move(to, from)) this.own.delete(from.seq)`,
      replace: `if (to === from) this.own.delete(from.seq)`,
      tests: ["packages/node/test/NodeKuzzleOutboxStore.test.ts"]
    }
  ]),
  ...inFile("packages/node/src/internal/privateFile.ts", [
    {
      name: "every user of the machine can read the token",
      breaks: "spec 11",
      in: "write",
      find: `open(unfinished, "wx", fileMode)`,
      replace: `open(unfinished, "wx")`,
      tests: ["packages/node/test/NodeKuzzleStore.test.ts"]
    }
  ]),
  ...inFile(`${runtime}/session.ts`, [
    {
      name: "a failure of the token store is lost if no consumer watches yet",
      breaks: "events",
      in: "make.keeper.storeFailed",
      find: `(error) => driver.events.announce({ _tag: "TokenStoreFailed", error })`,
      replace: `(error) => driver.events.publish({ _tag: "TokenStoreFailed", error })`,
      tests: ["packages/browser/test/BrowserKuzzleStore.test.ts"]
    }
  ]),
  ...inFile("packages/core/src/internal/data/filter/mapped.ts", [
    {
      name: "a filter on an unmapped field is accepted",
      breaks: "live documents",
      in: "judge",
      find: `if (lookup.dynamic !== "true")`,
      replace: `if (lookup.dynamic === "nothing")`,
      tests: ["packages/core/test/data/filter/mapped.test.ts"]
    },
    {
      name: "a text with a keyword sub-field is searched by its words",
      breaks: "live documents",
      in: "judge",
      find: `if (whole !== undefined)`,
      replace: `if (field === "")`,
      tests: ["packages/core/test/data/filter/mapped.test.ts"]
    }
  ]),
  ...inFile("packages/core/src/internal/api/live.ts", [
    {
      name: "documents outside the set are held with their content",
      breaks: "L2",
      in: "make.holdBack",
      find: `absence === undefined ? state : { document: { _id, _source: {}, _version }, absence }`,
      replace: `state`,
      tests: ["packages/core/test/api/live.test.ts"]
    },
    {
      name: "steady upserts make a live query read endlessly",
      breaks: "live documents",
      in: "pauseAfter",
      find: `Math.max(1000, 4 * tookMillis)`,
      replace: `0 * tookMillis`,
      tests: ["packages/core/test/KuzzleLiveQuery.test.ts"]
    },
    {
      name: "a document whose notification has no content counts as empty",
      breaks: "live documents",
      in: "make.notified",
      find: `_source === undefined && notification.event === "write"`,
      replace: `_source === undefined && notification.event === "publish"`,
      tests: ["packages/core/test/api/live.test.ts"]
    }
  ]),
  ...inFile("packages/core/src/internal/data/documents.ts", [
    {
      name: "an emitted map of documents changes",
      breaks: "live documents",
      in: "DocumentMap.replaced",
      find: `this.chunks[place]?.slice() ?? []`,
      replace: `this.chunks[place] as Array<A | undefined> | undefined ?? []`,
      tests: ["packages/core/test/data/documents.test.ts"]
    }
  ]),
  ...inFile("packages/core/src/internal/runtime/mailbox.ts", [
    {
      name: "the buffer of a slow consumer has no limit in bytes",
      breaks: "L2",
      in: "Mailbox.exceedsLimits",
      find: `|| buffer.bytes > maxBytes && buffer.size > 1`,
      replace: ``,
      tests: ["packages/core/test/runtime/mailbox.test.ts"]
    },
    {
      name: "a small element is buffered after a large one was dropped, before the gap",
      breaks: "S4",
      in: "Mailbox.offer",
      find: `if (this.isDropping()) this.dropOne()`,
      replace: ``,
      tests: ["packages/core/test/runtime/mailbox.test.ts"]
    }
  ]),
  ...inFile("packages/core/src/internal/protocol/listening.ts", [
    {
      name: "a temporarily overloaded server ends a stream",
      breaks: "S6",
      in: "Listening.subscribed",
      find: `if (mayBeAcceptedLater(error, intent))`,
      replace: `if (epoch < 0)`,
      tests: ["packages/core/test/runtime/limits.test.ts"]
    },
    {
      name: "the rate limit does not slow down subscriptions",
      breaks: "S1, S6",
      in: "Listening.subscribed",
      find: `if (error._tag === "KuzzleTooManyRequestsError") this.registry.limited(now)`,
      replace: ``,
      tests: ["packages/core/test/runtime/limits.test.ts"]
    },
    {
      name: "the first answer to a request that was sent twice is ignored",
      breaks: "S1, S5",
      in: "Listening.answeredTwice",
      find: `if (typeof channel === "string" && this.registry.openedLate(intent, epoch, channel, !uncounted))`,
      replace: `if (epoch < 0)`,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    },
    {
      name: "a request that was sent twice holds up its collection forever",
      breaks: "S1",
      in: "Listening.answeredTwice",
      find: `if (!uncounted) this.registry.overtaken(intent.lane, epoch)`,
      replace: ``,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    },
    {
      name: "a subscribe that the server has dropped is not resent",
      breaks: "S1",
      in: "Listening.handleSearch",
      find: `if (sent.overtaken) this.ask(sent.action, command.intent, tooMany(sent.action))`,
      replace: ``,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    },
    {
      name: "subscriptions pause only once for the rate limit",
      breaks: "S1",
      in: "Listening.handlePaced",
      find: `this.pausing = false`,
      replace: ``,
      tests: ["packages/core/test/protocol/subscriptions.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/http.ts`, [
    {
      name: "a login that Kuzzle redirects is refused over HTTP",
      breaks: "SDK B10",
      in: "answer",
      find: `!Json.isUnreadable(frame) && "requestId" in frame`,
      replace: `false`,
      tests: ["packages/core/test/Kuzzle.http.test.ts"]
    }
  ]),
  ...inFile("packages/core/src/internal/runtime/cookies.ts", [
    {
      name: "a redirect that a browser hides fails the login",
      breaks: "SDK B10",
      in: "make.requestGrant",
      find: `error.status === undefined`,
      replace: `error.status !== undefined`,
      tests: ["packages/core/test/runtime/cookies.test.ts"]
    },
    {
      name: "a password that was redirected is sent again over the WebSocket",
      breaks: "A5",
      in: "make.requestGrant",
      find: `request["strategy"] !== "local"`,
      replace: `true`,
      tests: ["packages/core/test/runtime/cookies.test.ts"]
    },
    {
      name: "a cookie of the settings is lost if the session has one",
      breaks: "SDK B5",
      in: "beside",
      find: `headers.cookie === undefined`,
      replace: `headers !== undefined`,
      tests: ["packages/core/test/runtime/dial.test.ts"]
    }
  ]),
  ...inFile("packages/core/src/internal/protocol/connection.ts", [
    {
      name: "a changed list of endpoints is dialled from its beginning",
      breaks: "SDK A18",
      in: "located",
      find: `now[Math.max(0, before.indexOf(endpoint)) % now.length]`,
      replace: `now[0]`,
      tests: ["packages/core/test/runtime/dial.test.ts"]
    }
  ]),
  ...inFile("packages/core/src/internal/data/endpoint.ts", [
    {
      name: "an address with credentials is accepted",
      breaks: "C7",
      in: "parse",
      find: `if (authority.includes("@"))`,
      replace: `if (authority.includes("@@"))`,
      tests: ["packages/core/test/KuzzleConfig.test.ts", "packages/core/test/data/endpoint.test.ts"]
    },
    {
      name: "a host name that ends in a number is accepted without being an IPv4 address",
      breaks: "SDK A18",
      in: "hostOf",
      find: `return ipv4.test(name) ? name : undefined`,
      replace: `return name`,
      tests: ["packages/core/test/data/endpoint.test.ts"]
    }
  ]),
  ...inFile("packages/node/src/internal/proxy.ts", [
    {
      name: "a refusal of the proxy counts as a tunnel",
      breaks: "C7",
      in: "tunnel",
      find: `if (statusCode < 200 || statusCode > 299)`,
      replace: `if (statusCode < 200)`,
      tests: ["packages/node/test/proxy.test.ts"]
    },
    {
      name: "a tunnel to a silent server stays open",
      breaks: "C1",
      in: "tunnel",
      find: `signal.addEventListener("abort", abort)`,
      replace: ``,
      tests: ["packages/node/test/proxy.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/api/outboxPump.ts`, [
    {
      name: "a forgotten report stays in the stream of reports",
      breaks: "the stream of reports",
      in: "Pump.forget",
      find: `() => this.reported.publish()`,
      replace: `() => {}`,
      tests: ["packages/core/test/KuzzleOutbox.test.ts"]
    },
    {
      name: "requests are sent without a mark in the store",
      histories: 300,
      breaks: "O1",
      in: "Pump.mark",
      find: `queued.length === 0 ? Effect.succeed(new Set()) : this.claim.mark(queued)`,
      replace: `Effect.succeed(new Set(queued))`,
      tests: ["packages/core/test/KuzzleOutbox.test.ts"],
      ends: ["node", "chromium"]
    },
    {
      name: "a request that cannot be marked is sent anyway",
      breaks: "O1",
      in: "Pump.send.marking",
      find: `onFailure: (error) => Effect.zipRight(this.fail(error), takeBack),`,
      replace: `onFailure: () => Effect.forEach(items, (item) => this.launch(item)),`,
      tests: ["packages/core/test/KuzzleOutbox.test.ts"]
    },
    {
      name: "a request is handed over while the server is asked for the user, as one without a known user",
      breaks: "O4",
      in: "isSettled",
      find: `state._tag !== "Renewing" || Option.isSome(state.kuid)`,
      replace: `true`,
      tests: ["packages/core/test/KuzzleOutbox.cookies.test.ts"]
    },
    {
      name: "a request that was handed over is sent as the current user",
      histories: 300,
      breaks: "O4",
      in: "Pump.exchange",
      find: `{ ...read.options, as: sender, queuable: false }`,
      replace: `{ ...read.options, queuable: false }`,
      tests: ["packages/core/test/KuzzleOutbox.test.ts"]
    },
    {
      name: "waiting requests of another user are not released",
      breaks: "O4",
      in: "Pump.updateSenders",
      find: `yield* this.makeEventually("release", this.claim.release(others.map(({ entry }) => entry.seq)))`,
      replace: ``,
      tests: ["packages/core/test/KuzzleOutbox.test.ts"]
    },
    {
      name: "an outcome without a reader is not reported",
      breaks: "O2",
      in: "Pump.end",
      find: `outcome === undefined || (this.waiting.get(id)?.readers ?? 0) > 0`,
      replace: `outcome === undefined || this.waiting.has(id)`,
      tests: ["packages/core/test/KuzzleOutbox.test.ts"]
    },
    {
      name: "a request is sent although its mark came too late",
      breaks: "O1",
      in: "Pump.send.marking.onSuccess",
      find: `late ? this.requeue(item, false) : this.launch(item)`,
      replace: `this.launch(item)`,
      tests: ["packages/core/test/KuzzleOutbox.test.ts"]
    },
    {
      name: "a request whose deadline passes while it is being marked is sent",
      breaks: "O3",
      in: "Pump.launch",
      find: `if (item.sendBy <= now) return this.expired(item)`,
      replace: ``,
      tests: ["packages/core/test/KuzzleOutbox.test.ts"]
    },
    {
      name: "a request that is stored too late stays stored",
      breaks: "O2",
      in: "Pump.add.adding",
      find: `if (outcome === "Refused")`,
      replace: `if (outcome === "Refused" && stored.length === 0)`,
      tests: ["packages/core/test/KuzzleOutbox.test.ts"]
    },
    {
      name: "the timer of the outbox runs although no request waits",
      breaks: "O9",
      in: "Pump.untilDue",
      find: `if (at === Infinity) this.timer.clear()`,
      replace: `if (at === Infinity) void 0`,
      tests: ["packages/core/test/KuzzleOutbox.test.ts"]
    },
    {
      name: "expired requests are settled one at a time",
      breaks: "closing in time with a slow store",
      in: "each",
      find: `concurrency: window, discard: true`,
      replace: `concurrency: 1, discard: true`,
      tests: ["packages/core/test/KuzzleOutbox.test.ts"]
    },
    {
      name: "a change that the store failed to make is not repeated",
      breaks: "O9",
      in: "Pump.makeEventually.making",
      find: `this.failedChanges.push(this.makeEventually(operation, change))`,
      replace: ``,
      tests: ["packages/core/test/KuzzleOutbox.test.ts"]
    }
  ]),
  ...inFile(`${protocol}/outbox.ts`, [
    {
      name: "a request that is not idempotent is resent after a lost connection",
      histories: 300,
      breaks: "O1",
      in: "Outbox.lost",
      find: `item === undefined || !item.entry.idempotent`,
      replace: `item === undefined`,
      tests: ["packages/core/test/protocol/outbox.test.ts"]
    },
    {
      name: "suspects are sent while other requests are in flight",
      breaks: "O8",
      in: "Outbox.next",
      find: `inFlight >= window || item.suspect && inFlight > 0`,
      replace: `inFlight >= window`,
      tests: ["packages/core/test/protocol/outbox.test.ts"]
    },
    {
      name: "a sent request that waits to be resent is withdrawn as unsent",
      breaks: "O6",
      in: "Outbox.withdraw",
      find: `entry.id === id && !suspect`,
      replace: `entry.id === id`,
      tests: ["packages/core/test/protocol/outbox.test.ts"]
    },
    {
      name: "the deadline of a request that was handed over is ignored",
      breaks: "O3",
      in: "Outbox.expire",
      find: `...this.remove(({ sendBy }) => sendBy <= now)`,
      replace: `...this.remove(() => now < 0)`,
      tests: ["packages/core/test/protocol/outbox.test.ts", "packages/core/test/KuzzleOutbox.test.ts"]
    },
    {
      name: "a restored page adopts its own requests and sends them twice",
      breaks: "O1",
      in: "Outbox.accept",
      find: `if (duplicates.size > 0) this.remove(({ entry }) => duplicates.has(entry.id))`,
      replace: ``,
      tests: ["packages/core/test/protocol/outbox.test.ts"]
    },
    {
      name: "younger requests overtake one that is being requeued",
      breaks: "O5",
      in: "Outbox.next",
      find: `this.returning.size > 0 ||`,
      replace: ``,
      tests: ["packages/core/test/protocol/outbox.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/services/outboxTable.ts`, [
    {
      name: "a request that another client has sent is withdrawn as unsent",
      breaks: "O6",
      in: "OutboxTable.withdraw",
      find: `row?.state !== "Queued" || row.entry.attempts > 0`,
      replace: `row?.state !== "Queued"`,
      tests: ["packages/core/test/KuzzleOutboxStore.test.ts"]
    },
    {
      name: "a logout with `forget` keeps the waiting requests of the user",
      breaks: "O6",
      in: "OutboxTable.purge",
      find: `if (row.state !== "Queued" || !isFor(row.entry, server, sender)) continue`,
      replace: `if (row.state === "Queued" || !isFor(row.entry, server, sender)) continue`,
      histories: 300
    },
    {
      name: "a request that a crashed client was sending is sent again",
      breaks: "O1",
      in: "OutboxTable.takeOver",
      find: `adoptedAttempts({ ...entry, sending: row.state === "Sending" })`,
      replace: `adoptedAttempts({ ...entry, sending: false })`,
      histories: 300
    },
    {
      name: "requests of any user are adopted",
      breaks: "O4",
      in: "OutboxTable.adopt",
      find: `this.isTaken(row, owner) || !isFor(row.entry, server, sender)`,
      replace: `this.isTaken(row, owner) || row.entry.server !== server`,
      tests: ["packages/core/test/KuzzleOutboxStore.test.ts"]
    },
    {
      name: "a request that another client took over is marked and settled",
      breaks: "O1",
      in: "OutboxTable.own",
      find: `return row?.owner === owner ? row : undefined`,
      replace: `return owner === "" ? undefined : row`,
      tests: ["packages/core/test/KuzzleOutboxStore.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/api/outboxPayload.ts`, [
    {
      name: "a secret is stored unencrypted",
      breaks: "O4",
      in: "write",
      find: `if (typeof encoded !== "string")`,
      replace: `if (typeof encoded !== "string" && encoded.text === "")`,
      tests: ["packages/core/test/KuzzleOutbox.test.ts"]
    }
  ]),
  ...inFile(`${core}/internal/data/endpoint.ts`, [
    {
      name: "servers of one host share their stored requests",
      breaks: "O4",
      in: "serverOf",
      find: `withoutSecrets(first).replace(/\\/$/, "")`,
      replace: `withoutSecrets(first).replace(/(:\\/\\/[^/]*).*/, "$1")`,
      tests: ["packages/core/test/KuzzleOutbox.test.ts"]
    }
  ]),
  ...inFile(`${core}/KuzzleOutboxStore.ts`, [
    {
      name: "a request that was never marked is reported as maybe sent",
      breaks: "O7",
      in: "adoptedAttempts",
      find: `!request.sending ? request.attempts`,
      replace: `!request.sending && request.idempotent ? request.attempts`,
      tests: ["packages/core/test/KuzzleOutboxStore.test.ts"]
    },
    {
      name: "a request that another client was sending is sent again",
      breaks: "O1",
      in: "adoptedAttempts",
      find: `request.idempotent ? request.attempts + 1 : undefined`,
      replace: `request.attempts + 1`,
      tests: ["packages/core/test/KuzzleOutboxStore.test.ts"],
      ends: ["node", "chromium"]
    }
  ]),
  ...inFile(`${core}/internal/services/outboxKeyValue.ts`, [
    {
      name: "requests behind incomplete bounds are lost",
      breaks: "O2",
      in: "Outbox.load",
      find: `let end = this.bound + block`,
      replace: `let end = this.bound`,
      tests: ["packages/core/test/KuzzleOutboxStore.test.ts"]
    },
    {
      name: "an adoption that fails half-way hides the requests that it took over",
      breaks: "O2",
      in: "Outbox.adopt",
      find: `else entries.push(taken)`,
      replace: `else {
          this.ownSeqs.add(taken.seq)
          entries.push(taken)
        }`,
      tests: ["packages/core/test/KuzzleOutboxStore.test.ts"]
    },
    {
      name: "two clients can open one KeyValueStore",
      breaks: "O1",
      in: "exclusively",
      find: `inUse.has(key)`,
      replace: `key === ""`,
      tests: ["packages/core/test/KuzzleOutboxStore.test.ts"]
    }
  ]),
  ...engine
]
