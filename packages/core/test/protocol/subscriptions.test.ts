import { assert, describe, it } from "@effect/vitest"
import { Duration, Exit, FastCheck as fc } from "effect"
import type { Outcome } from "../../src/internal/protocol/call.ts"
import { roomOf } from "../../src/internal/protocol/channels.ts"
import { maxEarly, maxEarlyBytes } from "../../src/internal/protocol/early.ts"
import type { Consumer, GapCause } from "../../src/internal/protocol/intent.ts"
import { anyLane } from "../../src/internal/protocol/lanes.ts"
import {
  type Consumer as Subscribed,
  type Intent,
  Listening,
  type Sent
} from "../../src/internal/protocol/listening.ts"
import { type Command as Planned, Registry } from "../../src/internal/protocol/subscriptions.ts"
import { ConnectionEndedError, DeadlineError, fromStatus, MaybeSentError, NotSentError } from "../../src/KuzzleError.ts"
import { countReads, growth } from "../support/steps.ts"

/**
 * The filters of the test. The server treats the first two as equal although their texts differ. The third is another
 * channel of the same room.
 */
const keys = [
  { key: "{\"k\":0}", lane: "i/a", channel: "r1-111", shared: true },
  { key: "{\"k\":1}", lane: "i/a", channel: "r1-111", shared: true },
  { key: "{\"k\":2}", lane: "i/a", channel: "r1-211", shared: false },
  { key: "{\"k\":3}", lane: "i/a", channel: "r2-111", shared: false },
  { key: "{\"k\":4}", lane: "i/b", channel: "r3-111", shared: false },
  { key: "{\"k\":5}", lane: "i/b", channel: "r4-111", shared: false },
  // Joined by the id of the room.
  { key: "{\"k\":6}", lane: anyLane, channel: "r1-111", shared: true },
  { key: "{\"k\":7}", lane: anyLane, channel: "r3-211", shared: false },
  { key: "{\"k\":8}", lane: anyLane, channel: "r4-311", shared: false }
]
const laneOfRoom = (roomId: string) => keys.find(({ channel }) => roomOf(channel) === roomId)!.lane

/** Whether leaving the room may undo the other request. The room of a request is unknown before its answer, except for joins. */
const mayConflict = (roomId: string, { channel, lane }: (typeof keys)[number]) =>
  lane === anyLane ? roomOf(channel) === roomId : laneOfRoom(roomId) === lane

const ended = new ConnectionEndedError({ by: "Peer", code: 1006, reason: "" })

/** A subscription as an application sees it. It checks every rule that a single consumer can check. */
class Watcher implements Subscribed {
  readonly which: (typeof keys)[number]
  readonly delivered: Array<number> = []
  readonly intent: Intent
  state: "waiting" | "open" | "failed" | "released" = "waiting"
  /** Whether a loss has not been announced yet. */
  gapPending = false
  /** Whether the server has ever confirmed the subscription. */
  confirmed = false
  /** The last notification that was read before the intent existed. Earlier ones are not for this watcher. */
  private readonly since: number

  constructor(world: World, which: (typeof keys)[number]) {
    this.which = which
    this.intent = world.registry.acquire(which.key, which.lane, undefined, this)
    this.since = world.watchers.find((other) => other.intent === this.intent)?.since ?? world.lastRead
  }
  private alive(what: string) {
    assert.notInclude(["failed", "released"], this.state, `S2: ${what}`)
  }
  opened = () => {
    this.alive("opened")
    this.state = "open"
    this.confirmed = true
  }
  notify = (frame: { readonly [key: string]: unknown }) => {
    this.alive("notified")
    assert.strictEqual(this.state, "open")
    assert.isFalse(this.gapPending, "S4: a notification before the gap")
    assert.strictEqual(frame.room, this.which.channel)
    const sequence = Number(frame.sequence)
    assert.isAbove(sequence, this.delivered.at(-1) ?? this.since, "S4: out of order, or from before the subscription")
    this.delivered.push(sequence)
  }
  gap = (cause: GapCause) => {
    this.alive("gap")
    assert.isTrue(this.gapPending, `S4: a gap without a loss: ${cause._tag}`)
    this.gapPending = false
  }
  fail = () => {
    this.alive("failed")
    this.state = "failed"
  }
  lost() {
    if (this.state === "open") this.state = "waiting"
    if (this.confirmed) this.gapPending = true
  }
  get live() {
    return this.state === "open" || this.state === "waiting"
  }
}

/** A command that was sent to the server. */
interface Command {
  readonly connection: number
  readonly generation: number
  readonly which: (typeof keys)[number] | { readonly roomId: string }
  readonly sent: Sent
  /** `dropped`: the server has not executed it, and reports that it has dropped a message. */
  done: "sent" | "executed" | "answered" | "dropped" | "settled"
  accepted: boolean
  /** The status of the refusal. */
  status: number
  /** Whether it may be the dropped message, or was sent because another one may be. */
  doubted: boolean
  /** The first notification after it was executed. */
  from: number
  /** How often the client had lost all its subscriptions when it was sent. */
  readonly losses: number
  /** The watchers at the time when it was sent. */
  readonly watchers: ReadonlyArray<Watcher>
}

type Delivery =
  | { readonly _tag: "Answer"; readonly command: Command }
  | { readonly _tag: "Notification"; readonly channel: string; readonly sequence: number }
  | { readonly _tag: "TokenExpired"; readonly generation: number }
  | { readonly _tag: "Limited" }

/** The subscriptions of a client, with a server that behaves as spec 0 and 1.5 describe Kuzzle. */
class World {
  /** The server's side of the connection. */
  channels = new Set<string>()
  commands: Array<Command> = []
  wire: Array<Delivery> = []
  readonly emitted: Array<{ readonly channel: string; readonly connection: number }> = []
  expired = 0

  lastRead = -1
  losses = 0
  connection = 0
  connected = false
  suspended = false
  generation = 1
  readonly watchers: Array<Watcher> = []
  readonly late: Array<() => void> = []
  /** The delayed actions of the client. They run as time passes. */
  readonly waiting: Array<() => void> = []
  now = 0
  readonly listening = new Listening()
  readonly registry = this.listening.registry

  reconcile() {
    let actions = this.listening.poll(this.now)
    for (; actions.length > 0; actions = this.listening.poll(this.now)) {
      for (const action of actions) {
        if (action._tag === "Send") this.send(action)
        else if (action._tag === "Ask") this.later(1000, () => this.listening.handleDue(action.intent))
        else if (action._tag === "Wait") this.later(action.millis, () => this.listening[action.then]())
      }
    }
  }
  private later(millis: number, what: () => void) {
    this.waiting.push(() => {
      this.now += millis
      what()
      this.reconcile()
    })
  }
  private settle(command: Command, outcome: Outcome) {
    if (this.listening.answered(command.sent, outcome, this.now)) this.reconcile()
    if (command.sent.forgotten) command.done = "settled"
  }

  private send(sent: Sent) {
    const { action, encoded } = sent
    if (!this.connected) {
      const error = new NotSentError({ controller: "realtime", action, cause: ended })
      if (this.listening.answered(sent, Exit.fail(error), this.now)) this.reconcile()
      return
    }
    const request = JSON.parse(`${encoded}}`)
    const which = action === "unsubscribe" ? { roomId: String(request.body.roomId) } : keys[request.k]!
    if ("key" in which) assert.strictEqual(action, which.lane === anyLane ? "join" : "subscribe")
    let doubted = false
    for (const other of this.commands) {
      // A dropped message has no effect.
      if (other.connection !== this.connection || other.done === "settled" || other.done === "dropped") continue
      const both = [which, other.which]
      for (const leaving of both) {
        for (const opening of both) {
          if (!("roomId" in leaving) || "roomId" in opening) continue
          assert.isFalse(
            mayConflict(leaving.roomId, opening),
            "a request that opens a room overlaps one that leaves it"
          )
        }
      }
      if (!("key" in which) || other.which !== which) continue
      if (other.generation > this.expired && !other.doubted) assert.fail("S5: subscribed twice at once")
      doubted ||= other.doubted
    }
    if ("key" in which) {
      assert.isTrue(
        this.watchers.some((watcher) => watcher.which === which && watcher.live),
        "S5: subscribed without a consumer"
      )
      assert.isFalse(
        this.watchers.some((watcher) => watcher.which === which && watcher.state === "open"),
        "S5: subscribed although the subscription is open"
      )
    }
    const { connection, generation, losses } = this
    const command: Command = {
      ...{ connection, generation, losses, which, sent, watchers: [...this.watchers] },
      ...{ done: "sent", accepted: true, status: 403, doubted, from: 0 }
    }
    this.commands.push(command)
  }

  acquire(n: number) {
    this.watchers.push(new Watcher(this, keys[n % keys.length]!))
    this.reconcile()
  }
  release(n: number) {
    const unreleased = this.watchers.filter((watcher) => watcher.state !== "released")
    const watcher = unreleased[n % Math.max(1, unreleased.length)]
    if (watcher === undefined) return
    this.registry.release(watcher.intent, watcher)
    watcher.state = "released"
    this.reconcile()
  }
  execute(n: number, accepted: boolean, status = 403) {
    const open = this.commands.filter((command) => command.done === "sent" && command.connection === this.connection)
    const command = open[n % Math.max(1, open.length)]
    if (command === undefined || !this.connected) return
    command.done = "executed"
    command.status = status
    command.from = this.emitted.length
    if ("roomId" in command.which) {
      command.accepted = accepted
      if (!accepted) return
      for (const channel of this.channels) {
        if (roomOf(channel) === command.which.roomId) this.channels.delete(channel)
      }
    } else {
      command.accepted = accepted && command.generation > this.expired
      if (command.accepted) this.channels.add(command.which.channel)
    }
  }
  /** The server drops a message because of the rate, and reports it without naming the message. */
  drop(n: number) {
    const open = this.commands.filter((command) => command.done === "sent" && command.connection === this.connection)
    const command = open[n % Math.max(1, open.length)]
    if (command === undefined || !this.connected) return
    command.done = "dropped"
    this.wire.push({ _tag: "Limited" })
  }
  /** Advances the time. */
  wait() {
    this.waiting.shift()?.()
  }
  answer(n: number) {
    const open = this.commands.filter((command) =>
      command.done === "executed" && command.connection === this.connection
    )
    const command = open[n % Math.max(1, open.length)]
    if (command === undefined || !this.connected) return
    command.done = "answered"
    this.wire.push({ _tag: "Answer", command })
  }
  emit(n: number) {
    const { channel } = keys[n % keys.length]!
    if (!this.connected || !this.channels.has(channel)) return
    this.wire.push({ _tag: "Notification", channel, sequence: this.emitted.length })
    this.emitted.push({ channel, connection: this.connection })
  }
  read(count: number) {
    for (const delivery of this.wire.splice(0, count)) {
      switch (delivery._tag) {
        case "Answer":
          this.answerTo(delivery.command)
          break
        case "Notification": {
          const frame = { room: delivery.channel, type: "document", sequence: delivery.sequence }
          this.lastRead = delivery.sequence
          if (!this.registry.notification(delivery.channel, frame, 1)) {
            this.registry.early(delivery.channel, frame, 1)
          }
          for (const watcher of this.watchers) {
            if (watcher.state !== "open" || watcher.which.channel !== delivery.channel) continue
            assert.strictEqual(watcher.delivered.at(-1), delivery.sequence, "S4: a notification was skipped")
          }
          break
        }
        case "Limited":
          for (const command of this.commands) {
            if (command.connection === this.connection) command.doubted = true
          }
          this.listening.limited(this.now)
          this.reconcile()
          break
        case "TokenExpired":
          this.losses += 1
          this.watchers.forEach((watcher) => watcher.lost())
          this.registry.dropped({ _tag: "TokenExpired" })
          this.suspended = this.generation <= delivery.generation
          if (!this.suspended) this.registry.connected()
          this.reconcile()
      }
    }
  }
  private answerTo(command: Command) {
    if (command.done === "settled") return
    command.done = "settled"
    const baseRequest = { controller: "realtime", action: "subscribe" }
    if (!command.accepted) {
      const refusal = { ...baseRequest, id: "", code: 1, status: command.status, message: "no", props: [] }
      this.settle(command, Exit.fail(fromStatus(refusal)))
      return
    }
    const { which } = command
    const waiting = this.watchers.filter((watcher) => watcher.state === "waiting" && watcher.which === which)
    const result = "roomId" in which
      ? { roomId: which.roomId }
      : { channel: which.channel, roomId: roomOf(which.channel) }
    this.settle(command, Exit.succeed({ ...baseRequest, status: 200, result, requestId: "", volatile: null }))
    for (const watcher of waiting) {
      if (command.losses === this.losses && command.watchers.includes(watcher)) {
        assert.notStrictEqual(watcher.state, "waiting", "S5: an answer had no effect")
      }
      if (watcher.state !== "open" || watcher.which.shared) continue
      for (let n = command.from; n <= this.lastRead; n++) {
        if (this.emitted[n]!.channel !== watcher.which.channel) continue
        assert.include(watcher.delivered, n, "S3: a notification before the answer is missing")
      }
    }
  }
  disconnect() {
    if (!this.connected) return
    this.connected = false
    this.losses += 1
    this.channels.clear()
    this.wire = []
    this.watchers.forEach((watcher) => watcher.lost())
    for (const command of this.commands.splice(0)) {
      if (command.done === "settled") continue
      const error = new MaybeSentError({ controller: "realtime", action: "subscribe", cause: ended })
      this.settle(command, Exit.fail(error))
      this.late.push(() => this.answerTo({ ...command, done: "answered", accepted: true }))
    }
    this.registry.disconnected({ _tag: "Disconnected", cause: ended })
  }
  connect() {
    if (this.connected) return
    this.connection += 1
    this.connected = true
    if (!this.suspended) this.registry.connected()
    this.reconcile()
  }
  expire() {
    if (!this.connected || this.expired >= this.generation) return
    this.expired = this.generation - (this.emitted.length % 2)
    this.channels.clear()
    this.wire.push({ _tag: "TokenExpired", generation: this.expired })
  }
  login() {
    this.generation += 1
    this.suspended = false
    if (!this.connected) return
    this.registry.connected()
    this.reconcile()
  }
  /** An answer of an earlier connection. */
  replay(n: number) {
    this.late[n % Math.max(1, this.late.length)]?.()
  }

  /** Ends the faults, and delivers everything that is pending. */
  heal() {
    this.connect()
    this.settleAll()
    // A login restores subscriptions that the end of a session suspended, and leaves rooms that could not be left before.
    this.login()
    this.settleAll()
  }
  private settleAll() {
    for (let i = 0; i < 1000; i++) {
      const before = this.commands.filter((command) => command.done !== "settled").length + this.wire.length
      if (before + this.waiting.length === 0) return
      this.execute(0, true)
      this.answer(0)
      this.read(1)
      this.wait()
      const unsettled = this.commands.filter(({ done }) => done !== "settled")
      if (this.wire.length === 0 && unsettled.every(({ done }) => done === "dropped")) {
        unsettled.forEach((command) => this.settle(command, late))
      }
    }
    assert.fail("the registry never becomes idle")
  }
  check() {
    const wanted = this.watchers.filter((watcher) => watcher.live)
    for (const watcher of wanted) {
      assert.strictEqual(watcher.state, "open", "S1: an intent was forgotten")
      assert.isFalse(watcher.gapPending, "S4: a loss was never announced")
      assert.isTrue(this.channels.has(watcher.which.channel), "S1: the server has no such subscription")
    }
    const rooms = (channels: Iterable<string>) => Array.from(new Set(Array.from(channels, roomOf))).sort()
    assert.deepStrictEqual(rooms(this.channels), rooms(wanted.map(({ which }) => which.channel)), "S1, S5: rooms")
    assert.strictEqual(this.registry.size(), new Set(wanted.map(({ which }) => which.key)).size)
    assert.isTrue(this.registry.settled())
  }
}

const late: Outcome = Exit.fail(
  new DeadlineError({ controller: "realtime", action: "subscribe", timeout: Duration.seconds(15), sent: true })
)

type Step = readonly [
  what:
    | "acquire"
    | "release"
    | "execute"
    | "refuse"
    | "limit"
    | "postpone"
    | "drop"
    | "wait"
    | "answer"
    | "emit"
    | "read"
    | "disconnect"
    | "connect"
    | "expire"
    | "login"
    | "replay",
  n: number
]

const repeated = (what: Step[0], times: number): ReadonlyArray<Step[0]> => Array.from({ length: times }, () => what)

const step = fc.tuple(
  fc.constantFrom<Step[0]>(
    ...repeated("acquire", 4),
    ...repeated("release", 4),
    ...repeated("execute", 6),
    ...repeated("answer", 6),
    ...repeated("emit", 6),
    ...repeated("read", 6),
    ...repeated("connect", 3),
    ...repeated("wait", 3),
    ...(["limit", "postpone", "drop"] as const),
    ...(["disconnect", "expire", "login", "replay", "refuse"] as const)
  ),
  fc.nat(11)
)

const act = (world: World, [what, n]: Step) => {
  switch (what) {
    case "execute":
      return world.execute(n, true)
    case "refuse":
      return world.execute(n, false)
    case "limit":
      return world.execute(n, false, 429)
    case "postpone":
      return world.execute(n, false, 503)
    case "wait":
      return world.wait()
    case "read":
      return world.read(1 + (n % 4))
    default:
      return world[what](n)
  }
}

describe("subscriptions", () => {
  it.prop(
    "S1, S2, S3, S4, S5, R4, 8.C2, 8.C4, 8.C7: in any history, each consumer gets notifications in order and gaps, and after " +
      "healing the server has exactly the client's rooms",
    { steps: fc.array(step, { maxLength: 150, size: "max" }) },
    ({ steps }) => {
      const world = new World()
      for (const step of steps) act(world, step)
      world.heal()
      world.check()
      const received = world.watchers.map(({ delivered }) => delivered.length)
      keys.forEach(({ channel }, n) => {
        if (keys.findIndex((other) => other.channel === channel) === n) world.emit(n)
      })
      world.read(keys.length)
      world.watchers.forEach((watcher, i) => {
        assert.strictEqual(watcher.delivered.length - received[i]!, watcher.live ? 1 : 0, "S1: received once")
      })
      world.watchers.forEach(() => world.release(0))
      world.heal()
      world.check()
      assert.strictEqual(world.channels.size, 0)
    },
    { fastCheck: { numRuns: 1500 } }
  )

  /** Histories in which only a late answer names a room without consumers. */
  const lateCommands: ReadonlyArray<ReadonlyArray<Step>> = [
    [
      ["connect", 0],
      ["acquire", 0],
      ["drop", 0],
      ["acquire", 3],
      ["read", 0],
      ["wait", 0],
      ["wait", 0],
      ["wait", 0],
      ["execute", 0],
      ["refuse", 3]
    ],
    [
      ["acquire", 0],
      ["connect", 0],
      ["drop", 0],
      ["acquire", 1],
      ["read", 0],
      ["wait", 0],
      ["release", 0],
      ["release", 0]
    ]
  ]

  it("S1, S5: a room is left even if its repeated subscribe was dropped, after the server had dropped all subscriptions", () => {
    const world = new World()
    const history: ReadonlyArray<Step> = [
      // The second subscribe is executed after the server has dropped all subscriptions, and is sent again. Another
      // message is dropped.
      ["acquire", 0],
      ["acquire", 1],
      ["connect", 0],
      ["execute", 0],
      ["answer", 0],
      ["acquire", 3],
      ["read", 0],
      ["emit", 0],
      ["expire", 0],
      ["execute", 3],
      ["answer", 0],
      ["drop", 0],
      ["read", 3],
      // A second later, its consumer leaves before it is sent once more.
      ["wait", 0],
      ["release", 2],
      ["postpone", 1]
    ]
    for (const step of history) act(world, step)
    world.heal()
    world.check()
  })

  it.each(lateCommands.map((steps) => ({ steps })))(
    "S1, S5: a room is left even if only the first answer to a repeated subscribe contains it (%#)",
    ({ steps }) => {
      const world = new World()
      for (const step of steps) act(world, step)
      world.heal()
      world.check()
    }
  )

  /** The server reports that it has dropped a message, but means another one. */
  const doubted: ReadonlyArray<Step> = [
    ["connect", 0],
    ["acquire", 2],
    ["acquire", 3],
    ["execute", 0],
    ["emit", 2],
    ["drop", 0],
    ["read", 1],
    // A second later both are due to be sent again.
    ["wait", 0]
  ]
  const subscribesOf = ({ commands }: World) => commands.filter(({ which }) => which === keys[2]).length

  it("S3, S5: a subscribe that is due to be sent again is not sent if its answer arrives", () => {
    const world = new World()
    for (const step of doubted) act(world, step)
    act(world, ["answer", 0])
    act(world, ["read", 0])
    assert.deepStrictEqual(world.watchers[0]?.delivered, [0])
    world.heal()
    world.check()
    assert.strictEqual(subscribesOf(world), 1)
  })

  it("S3, S5: the first answer to a subscribe that was sent twice is used, and the second has no effect", () => {
    const world = new World()
    for (const step of doubted) act(world, step)
    const sentAgain = subscribesOf(world)
    for (let i = 0; i < 5; i++) act(world, ["wait", 0])
    assert.strictEqual(subscribesOf(world), sentAgain + 1)
    for (const step of [["answer", 0], ["read", 0]] as const) act(world, step)
    assert.deepStrictEqual(world.watchers[0]?.delivered, [0])
    world.heal()
    world.check()
    assert.strictEqual(subscribesOf(world), 2)
    // Its room is left once.
    act(world, ["release", 0])
    world.heal()
    world.check()
  })

  it("S1: the first consumer gets the same signals as later ones, whether the connection is open, was lost or was closed", () => {
    const received: Array<string> = []
    const consumer: Consumer<string> = {
      opened: () => received.push("opened"),
      notify: () => {},
      gap: () => {},
      fail: (error) => received.push(error)
    }
    const commands = (...before: ReadonlyArray<"connected" | "suspended" | "lost" | "dropped" | "closed">) => {
      const registry = new Registry<string>()
      for (const event of before) {
        if (event === "connected") registry.connected()
        else if (event === "suspended") registry.suspended()
        else if (event === "lost") registry.disconnected({ _tag: "Replaced" })
        else if (event === "dropped") registry.dropped({ _tag: "TokenExpired" })
        else registry.close(() => "closed")
      }
      assert.deepStrictEqual([registry.size(), registry.settled(), registry.nextAt(0)], [0, true, undefined])
      assert.deepStrictEqual([registry.plan(0), registry.notification("r-1", {}, 1)], [[], false])
      registry.acquire("{}", "i/c", undefined, consumer)
      return registry.plan(0).length
    }
    assert.strictEqual(commands(), 0)
    assert.strictEqual(commands("connected"), 1)
    assert.strictEqual(commands("connected", "suspended"), 0)
    assert.strictEqual(commands("connected", "lost"), 0)
    assert.strictEqual(commands("connected", "dropped"), 0)
    assert.strictEqual(commands("connected", "dropped", "connected"), 1)
    assert.deepStrictEqual(received, [])
    assert.strictEqual(commands("connected", "closed"), 0)
    assert.deepStrictEqual(received, ["closed"])
  })

  it("S4, L2: more early notifications than can be parked are announced as lost", () => {
    const registry = new Registry<string>()
    const received: Array<string | number> = []
    const intent = registry.acquire("{}", "i/c", undefined, {
      opened: () => received.push("opened"),
      notify: (frame) => received.push(Number(frame.n)),
      gap: (cause) => received.push(cause._tag === "Overflow" ? `lost ${cause.lost}` : cause._tag),
      fail: (error) => received.push(error)
    })
    assert.isFalse(registry.early("r-111", { n: -1 }, 1), "nothing is being opened")
    registry.connected()
    const [command] = registry.plan(0)
    const parked = Array.from({ length: maxEarly + 7 }, (_, n) => registry.early("r-111", { n }, 1))
    assert.strictEqual(parked.filter((taken) => taken).length, maxEarly)
    registry.subscribed(intent, command?.epoch ?? -1, "r-111")
    assert.deepStrictEqual(received.slice(0, 4), ["opened", "lost 7", 0, 1])
    assert.strictEqual(received.length, maxEarly + 2)
    assert.isFalse(registry.early("r-222", { n: 0 }, 1), "nothing is being opened any more")
  })

  it("S4, L2: parked notifications are limited in size, too", () => {
    const registry = new Registry<string>()
    const received: Array<string | number> = []
    const consumer: Consumer<string> = {
      opened: () => received.push("opened"),
      notify: (frame, size) => received.push(Number(frame.n), size),
      gap: (cause) => received.push(cause._tag === "Overflow" ? `lost ${cause.lost}` : cause._tag),
      fail: (error) => received.push(error)
    }
    registry.connected()
    const third = maxEarlyBytes / 3
    for (const round of [0, 1]) {
      const intent = registry.acquire(`{"round":${round}}`, "i/c", undefined, consumer)
      const [command] = registry.plan(0)
      const parked = [1, 2, 3, 4].map((n) => registry.early("r-111", { n }, third))
      assert.deepStrictEqual(parked, [true, true, true, false])
      registry.subscribed(intent, command?.epoch ?? -1, "r-111")
      // Delivered notifications do not count any more.
      assert.deepStrictEqual(received.splice(0), ["opened", "lost 1", 1, third, 2, third, 3, third])
      registry.release(intent, consumer)
      for (const command of registry.plan(0)) {
        if (command._tag === "Unsubscribe") registry.unsubscribed(command.lane, command.epoch)
      }
    }
  })

  describe("leaving a joined room while a pending subscription may be the same room", () => {
    const silent: Consumer<string> = { opened: () => {}, notify: () => {}, gap: () => {}, fail: () => {} }
    const waiting = () => {
      const registry = new Registry<string>()
      const acquire = (key: string, lane: string) => registry.acquire(key, lane, undefined, silent)
      registry.connected()
      const joined = acquire("joined", anyLane)
      const epoch = registry.plan(0)[0]?.epoch ?? -1
      registry.subscribed(joined, epoch, "r-111")
      const under = acquire("pending", "i/a")
      assert.lengthOf(registry.plan(0), 1)
      registry.release(joined, silent)
      assert.deepStrictEqual(registry.plan(0), [], "leaving waits for the pending subscription")
      const next = acquire("next", "i/b")
      assert.deepStrictEqual(registry.plan(0), [], "later requests wait for it to be left")
      const planned = () =>
        registry.plan(0).map((command) => command._tag === "Subscribe" ? command.intent.key : `leave ${command.roomId}`)
      return { registry, under, epoch, next, planned }
    }

    it("if it is another room, the joined one is left, then the next is opened", () => {
      const { epoch, planned, registry, under } = waiting()
      registry.subscribed(under, epoch, "other-111")
      assert.deepStrictEqual(planned(), ["leave r"])
      registry.unsubscribed(anyLane, epoch)
      assert.deepStrictEqual(planned(), ["next"])
    })

    it("if it is the same room, it is not left, and the next is opened", () => {
      const { epoch, planned, registry, under } = waiting()
      registry.subscribed(under, epoch, "r-211")
      assert.deepStrictEqual(planned(), ["next"])
    })

    it("if the server reports the end of all subscriptions, the room is left, then the next is opened", () => {
      const { epoch, planned, registry, under } = waiting()
      registry.dropped({ _tag: "TokenExpired" })
      registry.connected()
      assert.deepStrictEqual(planned(), [])
      registry.subscribed(under, epoch, "other-111")
      assert.deepStrictEqual(planned(), ["leave r"])
      registry.unsubscribed(anyLane, epoch)
      assert.deepStrictEqual(planned(), ["pending", "next"])
    })
  })

  describe("S5: an unsubscribe that is refused", () => {
    const silent: Consumer<string> = { opened: () => {}, notify: () => {}, gap: () => {}, fail: () => {} }
    const refused = () => {
      const registry = new Registry<string>()
      const planned = () =>
        registry.plan(0).map((command) => command._tag === "Subscribe" ? command.intent.key : `leave ${command.roomId}`)
      registry.connected()
      const intent = registry.acquire("first", "i/a", undefined, silent)
      const epoch = registry.plan(0)[0]?.epoch ?? -1
      registry.subscribed(intent, epoch, "r-111")
      registry.release(intent, silent)
      assert.deepStrictEqual(planned(), ["leave r"])
      registry.notUnsubscribed("i/a", epoch, "r")
      assert.deepStrictEqual(planned(), [], "not again at once")
      return { registry, epoch, planned }
    }

    it("is repeated when the session is renewed", () => {
      const { epoch, planned, registry } = refused()
      registry.dropped({ _tag: "TokenExpired" })
      assert.deepStrictEqual(planned(), [])
      registry.connected()
      assert.deepStrictEqual(planned(), ["leave r"])
      registry.unsubscribed("i/a", epoch)
      assert.deepStrictEqual(planned(), [])
    })

    it("is repeated with the next room that is left, and does not hold up subscriptions", () => {
      const { epoch, planned, registry } = refused()
      const other = registry.acquire("other", "i/a", undefined, silent)
      assert.deepStrictEqual(planned(), ["other"])
      registry.subscribed(other, epoch, "s-111")
      registry.release(other, silent)
      assert.deepStrictEqual(planned(), ["leave s", "leave r"])
    })

    it("is not repeated if the room is wanted again, or the connection has ended", () => {
      const { epoch, planned, registry } = refused()
      const same = registry.acquire("same", "i/a", undefined, silent)
      assert.deepStrictEqual(planned(), ["same"])
      registry.subscribed(same, epoch, "r-111")
      registry.connected()
      assert.deepStrictEqual(planned(), [])
      const second = refused()
      second.registry.disconnected({ _tag: "Replaced" })
      second.registry.connected()
      assert.deepStrictEqual(second.planned(), [])
    })
  })

  it("A3: subscriptions that were requested with a session that has ended are requested again with the next one", () => {
    const registry = new Registry<string>()
    const received: Array<string> = []
    const intent = registry.acquire("{}", "i/c", undefined, {
      opened: () => received.push("opened"),
      notify: () => received.push("notified"),
      gap: ({ _tag }) => received.push(_tag),
      fail: (error) => received.push(error)
    })
    registry.connected()
    const epoch = registry.plan(0)[0]?.epoch ?? -1
    registry.suspended()
    registry.outdated(intent, epoch)
    assert.deepStrictEqual(registry.plan(0), [])
    assert.isTrue(registry.settled(), "nothing can be done now")
    registry.connected()
    assert.lengthOf(registry.plan(0), 1)
    registry.subscribed(intent, epoch, "r-111")
    assert.deepStrictEqual(received, ["opened"])
  })

  it("closing fails every present and every later consumer once", () => {
    const registry = new Registry<string>()
    const failures: Array<string> = []
    const consumer = (name: string): Consumer<string> => ({
      opened: () => assert.fail(),
      notify: () => assert.fail(),
      gap: () => assert.fail(),
      fail: (error) => failures.push(`${name}: ${error}`)
    })
    const early = consumer("early")
    const intent = registry.acquire("{}", "i/c", undefined, early)
    registry.close(() => "closed")
    registry.close(() => "again")
    registry.release(intent, early)
    registry.acquire("{}", "i/c", undefined, consumer("late"))
    registry.connected()
    assert.deepStrictEqual(registry.plan(0), [])
    assert.deepStrictEqual(failures, ["early: closed", "late: closed"])
    assert.strictEqual(registry.size(), 0)
  })

  describe("the cost of a step does not depend on the number of subscriptions:", () => {
    const silent = (): Consumer<string> => ({ opened: () => {}, notify: () => {}, gap: () => {}, fail: () => {} })
    const lost: GapCause = { _tag: "Replaced" }
    const channelOf = (key: string) => `room${key}-111`

    /** A registry whose answers arrive one by one, after all requests. */
    const driven = (channel: (key: string) => string = channelOf) => {
      const registry = new Registry<string>()
      const sent: Array<Planned<string>> = []
      const reconcile = () => {
        for (let planned = registry.plan(0); planned.length > 0; planned = registry.plan(0)) {
          for (let i = 0; i < planned.length; i++) sent.push(planned[i]!)
        }
        registry.settled()
      }
      const answer = () => {
        for (let command = sent.shift(); command !== undefined; command = sent.shift()) {
          if (command._tag === "Unsubscribe") registry.unsubscribed(command.lane, command.epoch)
          else registry.subscribed(command.intent, command.epoch, channel(command.intent.key))
          reconcile()
        }
      }
      const connect = () => {
        registry.connected()
        reconcile()
        answer()
      }
      const acquire = (key: number, lane: string) => {
        const consumer = silent()
        const intent = registry.acquire(String(key), lane, undefined, consumer)
        if (channel !== channelOf) countReads(intent, "older")
        reconcile()
        return () => {
          registry.release(intent, consumer)
          reconcile()
        }
      }
      return { registry, acquire, answer, connect, reconcile }
    }

    const inCollections = (n: number) => `i/c${n}`
    const alternately = (n: number) => (n % 2 === 0 ? inCollections(n) : anyLane)
    const joined = () => anyLane
    const inOne = () => "i/a"

    /** Opens everything, then closes it or loses and reopens it. Only the steps outside of `before` count. */
    const check = (
      channel: ((key: string) => string) | undefined,
      keyOf: (n: number) => number,
      laneOf: (n: number) => string
    ) => {
      const prepare = (items: number) => {
        const { acquire, answer, connect, registry } = driven(channel)
        connect()
        const releases: Array<() => void> = []
        const open = () => {
          for (let n = 0; n < items; n++) releases.push(acquire(keyOf(n), laneOf(n)))
          answer()
        }
        const reconnect = () => {
          registry.disconnected(lost)
          connect()
        }
        const close = () => {
          for (let n = 0; n < items; n++) releases[n]!()
          answer()
        }
        return { open, reconnect, close }
      }
      const opening = growth((items) => prepare(items).open)
      const reconnecting = growth((items) => {
        const { open, reconnect } = prepare(items)
        open()
        return reconnect
      })
      const closing = growth((items) => {
        const { close, open } = prepare(items)
        open()
        return close
      })
      assert.isBelow(opening, 1.1, "opening")
      assert.isBelow(reconnecting, 1.1, "reconnecting")
      assert.isBelow(closing, 1.1, "closing")
    }

    it("filters in many collections", () => check(undefined, (n) => n, inCollections))

    it("filters in one collection", () => check(undefined, (n) => n, inOne))

    it("rooms joined by their id", () => check(undefined, (n) => n, joined))

    it("rooms joined by their id beside collections", () => check(undefined, (n) => n, alternately))

    it("consumers of one filter", () => check(undefined, () => 1, inOne))

    it("filters that share a channel", () => check(() => "room-111", (n) => n, inOne))

    it("collections whose rooms are left after all joins are answered", () => {
      const steps = growth((items) => {
        const { acquire, answer, connect } = driven()
        connect()
        const releases: Array<() => void> = []
        for (let n = 0; n < items; n++) releases.push(acquire(n, inCollections(n)))
        answer()
        return () => {
          for (let n = 0; n < items; n++) acquire(items + n, anyLane)
          for (let n = 0; n < items; n++) releases[n]!()
          answer()
        }
      })
      assert.isBelow(steps, 1.1)
    })
  })

  it.each([["room-111", "room"], ["ro-om-12", "ro-om"], ["room", "room"], ["-1", ""]])(
    "the room of %s is %s",
    (a, b) => {
      assert.strictEqual(roomOf(a), b)
    }
  )
})
