/**
 * What the rules of the port to Effect 4 make of a source: the name of the rule, the source, and a part of the new text. A source
 * that is an expression stands in `export const x = …`. All modules that the tables of the rules name are imported.
 */
export type Case = readonly [rule: string, source: string, expected: string]

const forked = `{ startImmediately: true, uninterruptible: "inherit" }`

const stored = `Schema.propertySignature(Schema.String).pipe(Schema.fromKey("license"))`

const level = `export class Level extends Context.Reference<Level>()("Level", { defaultValue: (): number => 0 }) {}`

/** The rules of the list `rules`. */
export const ruleCases: ReadonlyArray<Case> = [
  [
    "namedImports",
    `import { defaultTeardown } from "@effect/platform/Runtime"\nexport const x = defaultTeardown`,
    `import { defaultTeardown } from "effect/Runtime"`
  ],
  ["imports", "Either.isEither(1)", `import * as Result from "effect/Result"`],
  ["namespaces", "Either.isEither(1)", "Result.isResult(1)"],
  ["tags", `class Zone extends Context.Tag("Zone")<Zone, string>() {}`, `Context.Service<Zone, string>()("Zone")`],
  ["tagTypes", "export type Zone = Context.Tag<number, string>", "Context.Key<number, string>"],
  [
    "runtimes",
    "(runtime: Runtime.Runtime<never>) => runtime.context",
    "(runtime: Context.Context<never>) => runtime\n"
  ],
  ["streamTests", "(value: object) => Stream.StreamTypeId in value", "Stream.isStream(value)"],
  [
    "storedClasses",
    `class Taxi extends Schema.Class<Taxi>("Taxi")({ plate: ${stored} }) {}`,
    `Property.storedAs({ plate: "license" }, Schema.Class<Taxi>("Taxi")({ plate: Schema.String }))`
  ],
  ["storedNames", `Schema.Struct({ plate: ${stored} })`, "Schema.Struct({ plate: Schema.String })"],
  ["references", level, "export const Level: Context.Reference<number> = Context.Reference<number>(\"Level\", {"],
  [
    "referenceTypes",
    `${level}\nexport type Reading = Effect.Effect<void, never, Level>`,
    "Effect.Effect<void, never, never>"
  ],
  ["schemas", "export type X = Schema.Schema<number, string, Level>", "Schema.Codec<number, string, Level, Level>"],
  ["schemas", "export type X = Schema.Schema<number>", "Schema.Codec<number>"],
  ["schemaTypes", "export type X = Schema.Annotable.All", "export type X = Schema.Top"],
  ["schemaTypes", "export type X = Schema.Annotable.Self<typeof Schema.Int>", `= typeof Schema.Int["Rebuild"]`],
  ["nestedTypes", "export type X = Effect.Effect.Context<typeof Effect.void>", "Effect.Services<typeof Effect.void>"],
  [
    "nestedTypes",
    "export type X = Context.Tag.Service<typeof Clock.Clock>",
    "Context.Service.Shape<typeof Clock.Clock>"
  ],
  ["removedOptions", `Effect.withSpan("a", { captureStackTrace: false, root: true })`, "{ root: true }"],
  ["testers", `import { it } from "@effect/vitest"\nit.scoped("a", () => Effect.void)`, `it.effect("a",`],
  ["testers", `import { it } from "@effect/vitest"\nit.prop("a", [], () => true)`, `Property.prop("a",`],
  [
    "testerTypes",
    `import type { Vitest } from "@effect/vitest"\nexport type X = Vitest.MethodsNonLive<number, true>`,
    "Vitest.MethodsNonLive<number>"
  ],
  ["eitherTags", `(either: Either.Either<number, string>) => either._tag === "Left"`, `either._tag === "Failure"`],
  ["awaits", "(fiber: Fiber.Fiber<number>) => fiber.await", "Fiber.await(fiber)"],
  [
    "httpErrors",
    `new HttpClientError.RequestError({ request: HttpClientRequest.get("/"), reason: "Transport", cause: 1 })`,
    "new HttpClientError.HttpClientError({ reason: " +
    `new HttpClientError.TransportError({ request: HttpClientRequest.get("/"), cause: 1 }) })`
  ],
  [
    "platformErrors",
    `import { SystemError } from "@effect/platform/Error"\n` +
    `export const x = new SystemError({ reason: "NotFound", module: "FileSystem", method: "open" })`,
    `PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method: "open" })`
  ],
  [
    "yields",
    "(either: Either.Either<number, string>) => Effect.gen(function*() { return yield* either })",
    "yield* Effect.fromResult(either)"
  ],
  [
    "yields",
    "(fiber: Fiber.RuntimeFiber<number>) => Effect.gen(function*() { return yield* fiber })",
    "yield* Fiber.join(fiber)"
  ],
  [
    "branches",
    "(isFixed: boolean, option: Option.Option<number>) => isFixed ? Effect.succeed(1) : option",
    "isFixed ? Effect.succeed(1) : Effect.fromOption(option)"
  ],
  ["rights", `Effect.flatMap(Effect.fail("a"), () => Either.right(1))`, "() => Effect.succeed(1)"],
  [
    "eithers",
    "(either: Either.Either<number, string>) => Effect.map(either, (n) => n)",
    "Effect.map(Effect.fromResult(either), (n) => n)"
  ],
  ["pairs", "Stream.mapAccum(Stream.make(1), 0, (sum, n) => [sum + n, n])", "[sum + n, [n]]"],
  [
    "methodForms",
    `(store: KeyValueStore.KeyValueStore) => store.get("a")`,
    `Effect.map(store.get("a"), Option.fromNullishOr)`
  ],
  ["methodForms", "(fiber: Fiber.RuntimeFiber<number>) => fiber.id()", "=> fiber.id\n"],
  ["methodForms", "(fiber: Fiber.RuntimeFiber<number>) => fiber.unsafePoll()", "(fiber.pollUnsafe() ?? null)"],
  [
    "methodForms",
    "(fiber: Fiber.RuntimeFiber<number>) => fiber.interruptAsFork(FiberId.none)",
    "Effect.sync(() => fiber.interruptUnsafe())"
  ],
  ["methodForms", "(queue: Queue.Queue<number>) => queue.unsafeOffer(1)", "Queue.offerUnsafe(queue, 1)"],
  [
    "methodForms",
    `(tracer: Tracer.Tracer, ...given: Parameters<Tracer.Tracer["span"]>) => tracer.span(...given)`,
    "kind, ...options }))(given))"
  ],
  [
    "methodForms",
    "(runtime: ManagedRuntime.ManagedRuntime<never, never>) => runtime.runFork(Effect.void)",
    "Effect.runFork(Effect.flatMap(runtime.contextEffect, (context) => Effect.provideContext(Effect.void, context)))"
  ],
  ["callForms", "Effect.yieldNow()", "= Effect.yieldNow\n"],
  ["resumes", "Effect.async<void>((resume) => resume(Effect.void))", "Resume.callback<void>("],
  ["valueForms", "Schedule.stop", "Schedule.recurs(0)"],
  ["fiberIds", "Cause.interrupt(FiberId.none)", "Cause.interrupt()"],
  ["formatters", "[].map(ParseResult.TreeFormatter.formatErrorSync)", "[].map(String)"],
  [
    "ends",
    "(either: Either.Either<number, string>) => Either.match(either, { onLeft: String, onRight: String })",
    "{ onFailure: String, onSuccess: String }"
  ],
  ["emits", "Stream.asyncPush<number>((emit) => Effect.sync(() => emit.single(1)))", "Queue.offerUnsafe(emit, 1)"],
  ["emits", "Stream.asyncPush<number>((emit) => Effect.sync(() => emit.end()))", "Queue.endUnsafe(emit)"],
  ["causes", "(cause: Cause.Fail<string>) => cause.error", "cause.reasons[0].error"],
  ["causes", "(cause: Cause.Cause<string>) => cause._tag", "cause.reasons[0]?._tag"],
  ["causeParts", "(cause: Cause.Fail<string>) => { const { error } = cause; return error }", "= cause.reasons[0]"],
  [
    "spanContexts",
    "Tracer.make({ span: (name, parent, context) => ({ context }) })",
    "(name, parent, annotations) => ({ annotations })"
  ],
  [
    "tracers",
    "(fiber: Fiber.RuntimeFiber<void>) => fiber.currentTracer",
    "(fiber.cache.tracer ?? Tracer.nativeTracer)"
  ],
  // Members of Effect only: names are resolved by their imports.
  [
    "memberNames",
    "const own = { catchAll: 1 }\nexport const x = [own.catchAll, Effect.catchAll]",
    "[own.catchAll, Effect.catch]"
  ],
  ["memberNames", "Effect.makeSemaphore(1)", "Semaphore.make(1)"],
  ["memberNames", "Deferred.unsafeMake<void>(FiberId.none)", "Deferred.makeUnsafe<void>()"],
  ["methodNames", "(latch: Effect.Latch) => latch.unsafeOpen", "latch.openUnsafe"],
  ["ownClocks", "{ [Clock.ClockTypeId]: Clock.ClockTypeId }", "get monotonicTimeNanosUnsafe() {"],
  ["ownMethods", "{ unsafeCurrentTimeMillis: () => 0 }", "{ currentTimeMillisUnsafe: () => 0 }"]
]

/** The calls that change their form. */
export const callCases: ReadonlyArray<Case> = [
  [
    "effect/Effect.gen",
    "class A { run() { return Effect.gen(this, function*() { yield* Effect.void }) } }",
    "Effect.gen({ self: this }, function*() {"
  ],
  ["effect/Effect.dieMessage", `Effect.dieMessage("no")`, `Effect.die(new Error("no"))`],
  ["effect/Effect.tap", "Effect.tap(Effect.succeed(1), (n) => void n)", "(n) => Effect.sync(() => void n)"],
  ["effect/Effect.tapError", "Effect.tapError(Effect.fail(1), (n) => void n)", "(n) => Effect.sync(() => void n)"],
  [
    "effect/Effect.timeoutFail",
    `Effect.timeoutFail(Effect.never, { duration: 1, onTimeout: () => "late" })`,
    `Effect.timeoutOrElse(Effect.never, { duration: 1, orElse: () => Effect.fail("late") })`
  ],
  [
    "effect/Effect.withClock",
    "(clock: Clock.Clock) => Effect.withClock(Effect.void, clock)",
    "Effect.provideService(Effect.void, Clock.Clock, clock)"
  ],
  [
    "effect/Effect.withRandom",
    "(random: Random.Random) => Effect.withRandom(random)",
    "Effect.provideService(Random.Random, random)"
  ],
  [
    "effect/Effect.zipLeft",
    "Effect.zipLeft(Effect.succeed(1), Effect.void)",
    "Effect.tap(Effect.succeed(1), () => Effect.void)"
  ],
  ["effect/Effect.ignoreLogged", "Effect.ignoreLogged(Effect.void)", `Effect.ignore(Effect.void, { log: "Debug" })`],
  [
    "effect/Stream.asyncPush",
    `Stream.asyncPush<number>(() => Effect.void, { bufferSize: "unbounded" })`,
    "Stream.callback<number>(() => Effect.void)"
  ],
  [
    "effect/Stream.flatMap",
    "Stream.flatMap(Stream.make(1), (n) => Stream.make(n), { switch: true })",
    "Stream.switchMap(Stream.make(1), (n) => Stream.make(n))"
  ],
  [
    "effect/Stream.timeoutFail",
    `Stream.timeoutFail(() => "late", "1 second")`,
    `Stream.timeoutOrElse({ duration: "1 second", orElse: () => Stream.fail((() => "late")()) })`
  ],
  [
    "effect/Stream.mapConcat",
    "Stream.mapConcat(Stream.make(1), (n) => [n, n])",
    "Stream.flattenIterable(Stream.map(Stream.make(1), (n) => [n, n]))"
  ],
  [
    "effect/Stream.mapConcatChunk",
    "Stream.mapConcatChunk(Chunk.of)",
    "(elements) => Stream.flattenIterable(Stream.map(elements, Chunk.of))"
  ],
  ["effect/Random.nextIntBetween", "Random.nextIntBetween(0, 2)", "Random.nextIntBetween(0, 2, { halfOpen: true })"],
  [
    "effect/Schedule.addDelay",
    "Schedule.addDelay(Schedule.forever, (n) => n)",
    "({ output: n }) => Effect.succeed<Duration.Input>(n)"
  ],
  [
    "effect/Schedule.addDelay",
    `Schedule.addDelay(Schedule.forever, () => "1 second")`,
    `() => Effect.succeed<Duration.Input>("1 second")`
  ],
  [
    "effect/Schedule.addDelayEffect",
    "Schedule.addDelayEffect(Schedule.forever, (n) => Effect.succeed(n))",
    "Schedule.addDelay(Schedule.forever, ({ output: n }) => Effect.succeed(n))"
  ],
  [
    "effect/Schedule.whileInputEffect",
    "Schedule.whileInputEffect(Schedule.forever, (n: number) => Effect.succeed(n > 0))",
    "Schedule.while(Schedule.forever, ({ input: n }) => Effect.succeed(n > 0))"
  ],
  [
    "effect/Cause.failureOrCause",
    "(cause: Cause.Cause<string>) => Cause.failureOrCause(cause)",
    "Result.flip(Cause.findError(cause))"
  ],
  [
    "effect/Config.zipWith",
    `Config.zipWith(Config.string("a"), Config.string("b"), (a, b) => a + b)`,
    `Config.map(Config.all([Config.String("a"), Config.String("b")]), ([a, b]) => a + b)`
  ],
  [
    "effect/Effect.fiberIdWith",
    "Effect.fiberIdWith((id) => Effect.succeed(id))",
    "Effect.withFiber(({ id: id }) => Effect.succeed(id))"
  ],
  ["effect/Effect.logWithLevel", `Effect.logWithLevel(LogLevel.Debug, "a")`, `Effect.logWithLevel("Debug")("a")`],
  [
    "effect/Exit.getOrElse",
    "(exit: Exit.Exit<number>) => Exit.getOrElse(exit, () => 0)",
    "Exit.match(exit, { onFailure: () => 0, onSuccess: (value) => value })"
  ],
  [
    "effect/FiberRefs.getOrDefault",
    "(fiber: { readonly fiberRefs: never }) => FiberRefs.getOrDefault(fiber.fiberRefs, DefaultServices.currentServices)",
    "=> fiber\n"
  ],
  ["effect/Layer.context", "Layer.context<number>()", "Layer.effectContext(Effect.context<number>())"],
  ["effect/Config.withDescription", `Config.withDescription(Config.string("a"), "b")`, `= Config.String("a")\n`],
  [
    "effect/Config.mapOrFail",
    `Config.mapOrFail(Config.string("a"), (a) => Either.right(a))`,
    `Config.mapEffect(Config.String("a"), (a) => Effect.fromResult(Result.succeed(a)))`
  ],
  [
    "effect/ConfigError.InvalidData",
    `ConfigError.InvalidData(["a"], "b")`,
    `new Config.ConfigError(new Schema.SchemaError(new SchemaIssue.InvalidValue({ message: "b" })))`
  ],
  [
    "effect/Schema.make",
    "Schema.make<number, string>(Schema.NumberFromString.ast)",
    "Schema.make<Schema.Codec<number, string, never, never>>("
  ],
  ["effect/Cause.pretty", "Cause.pretty(Cause.empty, { renderErrorCause: true })", "Cause.pretty(Cause.empty)"],
  [
    "effect/Cause.failures",
    "(cause: Cause.Cause<string>) => Cause.failures(cause)",
    "Chunk.fromIterable(cause.reasons.filter(Cause.isFailReason).map(({ error }) => error))"
  ],
  [
    "effect/Deferred.unsafeDone",
    "(deferred: Deferred.Deferred<void>) => Deferred.unsafeDone(deferred, Effect.void)",
    "void Deferred.doneUnsafe(deferred, Effect.void)"
  ],
  [
    "effect/Duration.decodeUnknown",
    `Duration.decodeUnknown("1 second")`,
    `Duration.fromInput("1 second" as Duration.Input)`
  ],
  ["effect/Effect.fork", "Effect.fork(Effect.never)", `Effect.forkChild(Effect.never, ${forked})`],
  ["effect/Effect.forkDaemon", "Effect.forkDaemon(Effect.never)", `Effect.forkDetach(Effect.never, ${forked})`],
  [
    "effect/Effect.forkIn",
    "(scope: Scope.Scope) => Effect.forkIn(Effect.never, scope)",
    `Effect.map(Effect.forkDetach(Effect.never, ${forked}), (fiber) => Fiber.runIn(fiber, scope))`
  ],
  ["effect/Effect.forkScoped", "Effect.forkScoped(Effect.never)", `Effect.forkScoped(Effect.never, ${forked})`],
  [
    "effect/Effect.iterate",
    "Effect.iterate(0, { while: (n) => n < 3, body: (n) => Effect.succeed(n + 1) })",
    "Effect.whileLoop({ while: () => ((n) => n < 3)(state), body: () => ((n) => Effect.succeed(n + 1))(state), step })"
  ],
  [
    "effect/Effect.map",
    `Effect.map(Socket.WebSocketConstructor, (construct) => construct("ws://a"))`,
    "((url: string) => construct(url) as globalThis.WebSocket))"
  ],
  [
    "effect/Exit.flatMap",
    "(exit: Exit.Exit<number>) => Exit.flatMap(exit, Exit.succeed)",
    "Exit.match(exit, { onFailure: Exit.failCause, onSuccess: Exit.succeed })"
  ],
  ["effect/Exit.zipParRight", "Exit.zipParRight(Exit.void, Exit.void)", "Exit.asVoidAll([Exit.void, Exit.void])"],
  [
    "@effect/platform/HttpClient.withTracerDisabledWhen",
    "(client: HttpClient.HttpClient) => HttpClient.withTracerDisabledWhen(client, () => true)",
    "HttpClient.transform(client, (effect) => Effect.provideService(effect, HttpClient.TracerDisabledWhen, () => true))"
  ],
  ["effect/Queue.takeAll", "(queue: Queue.Queue<number>) => Queue.takeAll(queue)", "Queue.clear(queue)"],
  [
    "effect/Schedule.intersect",
    "Schedule.intersect(Schedule.forever, Schedule.recurs(3))",
    "Schedule.upTo(Schedule.forever, { times: 3 })"
  ],
  [
    "effect/Schedule.intersect",
    "Schedule.intersect(Schedule.forever, Schedule.spaced(1))",
    "Schedule.max([Schedule.forever, Schedule.spaced(1)])"
  ],
  [
    "effect/Schedule.union",
    "Schedule.union(Schedule.forever, Schedule.spaced(1))",
    "Schedule.min([Schedule.forever, Schedule.spaced(1)])"
  ],
  [
    "effect/Schedule.upTo",
    `Schedule.upTo(Schedule.forever, "1 second")`,
    `Schedule.upTo(Schedule.forever, { duration: "1 second" })`
  ],
  [
    "effect/Schema.between",
    "Schema.Number.pipe(Schema.between(0, 9))",
    "Schema.check(Schema.isBetween({ minimum: 0, maximum: 9 }))"
  ],
  [
    "effect/Stream.filterMap",
    "Stream.filterMap(Stream.make(1), (n) => Option.some(n))",
    "(n) => Result.fromOption(Option.some(n), () => undefined)"
  ],
  [
    "effect/Array.filterMap",
    "Array.filterMap([1], (n) => Option.some(n))",
    "Array.filterMap([1], (n) => Result.fromOption(Option.some(n), () => undefined))"
  ],
  [
    "effect/Stream.mapAccum",
    "Stream.mapAccum(Stream.make(1), 0, (sum, n) => [sum + n, n])",
    "Stream.mapAccum(Stream.make(1), () => (0), (sum, n) => [sum + n, [n]])"
  ],
  [
    "effect/Stream.mapChunks",
    "Stream.mapChunks(Stream.make(1), (chunk) => chunk)",
    "Stream.flattenIterable(Stream.map(Stream.chunks(Stream.make(1)), " +
    "(elements) => ((chunk) => chunk)(Chunk.fromArrayUnsafe(elements))))"
  ],
  [
    "effect/Stream.mapChunksEffect",
    "Stream.make(1).pipe(Stream.mapChunksEffect((chunk) => Effect.succeed(chunk)))",
    "Stream.chunks, Stream.mapEffect(" +
    "(elements) => ((chunk) => Effect.succeed(chunk))(Chunk.fromArrayUnsafe(elements))), Stream.flattenIterable"
  ],
  [
    "effect/Stream.runForEachChunk",
    "Stream.runForEachChunk(Stream.make(1), (chunk) => Effect.log(chunk))",
    "Stream.runForEachArray(Stream.make(1), " +
    "(elements) => ((chunk) => Effect.log(chunk))(Chunk.fromArrayUnsafe(elements)))"
  ],
  [
    "effect/Take.chunk",
    "Take.chunk(Chunk.of(1))",
    "(Chunk.toReadonlyArray(Chunk.of(1)) as unknown as Array.NonEmptyReadonlyArray<number>)"
  ],
  ["effect/Take.fail", `Take.fail("a")`, `Exit.fail("a")`],
  ["effect/Take.of", "Take.of(1)", "Array.of(1)"],
  ["effect/Clock.make", "Clock.make()", "Clock.Clock.defaultValue()"],
  [
    "effect/ConfigProvider.fromMap",
    "ConfigProvider.fromMap(new Map())",
    "ConfigProvider.fromEnv({ env: Object.fromEntries(new Map()) })"
  ],
  [
    "effect/Fiber.interruptFork",
    "(fiber: Fiber.RuntimeFiber<number>) => Fiber.interruptFork(fiber)",
    "Effect.sync(() => fiber.interruptUnsafe())"
  ],
  ["effect/Random.make", `Random.make("a")`, `Effect.runSync(Random.withSeed(Random.Random, "a"))`],
  ["effect/Random.fixed", "Random.fixed([1])", "Property.fixedRandom([1])"],
  ["effect/Tracer.make", "Tracer.make({ span: (name) => name })", "Property.tracer((name) => name)"],
  ["effect/Layer.fail", `Layer.fail("a")`, `Layer.effectContext(Effect.fail("a"))`],
  ["effect/Layer.setClock", "(clock: Clock.Clock) => Layer.setClock(clock)", "Layer.succeed(Clock.Clock, clock)"],
  ["effect/Logger.make", "Logger.make(() => {})", "Property.logger(() => {})"],
  [
    "effect/Logger.minimumLogLevel",
    "Logger.minimumLogLevel(LogLevel.Debug)",
    `Layer.succeed(References.MinimumLogLevel, "Debug")`
  ],
  ["effect/Logger.replace", "Logger.replace(Logger.defaultLogger, Logger.none)", "Logger.layer([Logger.none])"],
  ["effect/Effect.repeatN", "Effect.repeatN(Effect.void, 3)", "Effect.repeat(Effect.void, { times: 3 })"],
  [
    "effect/Effect.withConfigProvider",
    "(provider: ConfigProvider.ConfigProvider) => Effect.withConfigProvider(provider)",
    "Effect.provideService(ConfigProvider.ConfigProvider, provider)"
  ],
  ["effect/Arbitrary.make", "Arbitrary.make(Schema.String)", "Property.arbitrary(Schema.String)"],
  [
    "effect/Effect.serviceOptional",
    "Effect.serviceOptional(Clock.Clock)",
    "Effect.flatMap(Effect.serviceOption(Clock.Clock), Effect.fromOption)"
  ],
  [
    "effect/Effect.withConsole",
    "(own: Console.Console) => Effect.withConsole(Effect.void, own)",
    "Effect.provideService(Effect.void, Console.Console, Property.console(own))"
  ],
  [
    "@effect/platform-node/NodeKeyValueStore.layerFileSystem",
    `NodeKeyValueStore.layerFileSystem("a")`,
    `Layer.provide(KeyValueStore.layerFileSystem("a"), NodeServices.layer)`
  ],
  [
    "effect/Effect.withMaxOpsBeforeYield",
    "Effect.withMaxOpsBeforeYield(Effect.void, 1)",
    "Effect.provideService(Effect.void, Scheduler.MaxOpsBeforeYield, 1)"
  ],
  [
    "effect/Effect.withScheduler",
    "(scheduler: Scheduler.Scheduler) => Effect.withScheduler(scheduler)",
    "Effect.provideService(Scheduler.Scheduler, scheduler)"
  ],
  [
    "effect/Effect.withTracer",
    "(tracer: Tracer.Tracer) => Effect.withTracer(Effect.void, tracer)",
    "Effect.provideService(Effect.void, Tracer.Tracer, tracer)"
  ],
  [
    "effect/Stream.chunks",
    "Stream.chunks(Stream.make(1))",
    "Stream.map(Stream.chunks(Stream.make(1)), (elements) => Chunk.fromArrayUnsafe(elements))"
  ],
  [
    "effect/Stream.toQueueOfElements",
    "Stream.toQueueOfElements(Stream.make(1))",
    "Property.queueOfElements(Stream.make(1))"
  ],
  [
    "effect/Stream.runFold",
    "Stream.runFold(Stream.make(1), 0, (sum, n) => sum + n)",
    "Stream.runFold(Stream.make(1), () => (0), (sum, n) => sum + n)"
  ],
  [
    "effect/Stream.scan",
    "Stream.scan<number, string>(0, (n) => n + 1)",
    "Stream.scan<number, string>(() => (0), (n) => n + 1)"
  ],
  [
    "@effect/platform/KeyValueStore.make",
    "KeyValueStore.make({ get: read, size: count })",
    "Property.keyValueStore({ get: read })"
  ],
  [
    "@effect/platform/KeyValueStore.makeStringOnly",
    "KeyValueStore.makeStringOnly({ get: read, clear: reset })",
    "Property.keyValueStore({ get: read })"
  ],
  ["effect/List.empty", "List.empty()", "Chunk.empty()"],
  ["effect/List.make", "List.make(1)", "Chunk.make(1)"],
  ["effect/SortedMap.empty", "SortedMap.empty(() => 0)", "HashMap.empty()"],
  ["effect/Data.struct", "Data.struct({ a: 1 })", "= { a: 1 }"],
  ["effect/Effect.yieldNow", "Effect.yieldNow()", "Effect.yieldNow\n"],
  [
    "effect/Stream.runCollect",
    "Stream.runCollect(Stream.make(1))",
    "Effect.map(Stream.runCollect(Stream.make(1)), (all) => Chunk.fromArrayUnsafe(all))"
  ],
  [
    "effect/Schema.HashSet",
    "Schema.HashSet(Schema.String)",
    "Schema.Array(Schema.String).pipe(Schema.decodeTo(Schema.HashSet(Schema.String), SchemaTransformation.transform({"
  ],
  ["effect/Schema.Literal", `Schema.Literal("a", "b")`, `Schema.Literals(["a", "b"])`],
  [
    "effect/Schema.Record",
    "Schema.Record({ key: Schema.String, value: Schema.Number })",
    "Schema.Record(Schema.String, Schema.Number)"
  ],
  ["effect/Schema.Struct", `Schema.Struct({ plate: ${stored} })`, `.pipe(Schema.encodeKeys({ plate: "license" }))`],
  [
    "effect/Schema.Struct",
    "Schema.Struct({}, { key: Schema.String, value: Schema.Number })",
    "Schema.StructWithRest(Schema.Struct({}), [Schema.Record(Schema.String, Schema.Number)])"
  ],
  [
    "effect/Schema.TemplateLiteral",
    `Schema.TemplateLiteral("a", Schema.String)`,
    `Schema.TemplateLiteral(["a", Schema.String])`
  ],
  ["effect/Schema.Tuple", "Schema.Tuple(Schema.String, Schema.Number)", "Schema.Tuple([Schema.String, Schema.Number])"],
  ["effect/Schema.Union", "Schema.Union(Schema.String, Schema.Number)", "Schema.Union([Schema.String, Schema.Number])"],
  [
    "effect/Schema.filter",
    `Schema.String.pipe(Schema.filter((text) => text !== ""))`,
    `Schema.check(Schema.makeFilter((text) => text !== ""))`
  ],
  ["effect/Schema.maxLength", "Schema.maxLength(3)", "Schema.check(Schema.isMaxLength(3))"],
  ["effect/Schema.minLength", "Schema.minLength(1)", "Schema.check(Schema.isMinLength(1))"],
  ["effect/Schema.pattern", "Schema.pattern(/a/)", "Schema.check(Schema.isPattern(/a/))"],
  [
    "effect/Schema.optionalWith",
    `Schema.optionalWith(Schema.String, { as: "Option" })`,
    "Schema.OptionFromOptional(Schema.String)"
  ],
  [
    "effect/Schema.optionalWith",
    "Schema.optionalWith(Schema.Number, { default: () => 0 })",
    "Schema.Number.pipe(" +
    "Schema.withDecodingDefaultType(Effect.sync(() => 0)), Schema.withConstructorDefault(Effect.sync(() => 0)))"
  ],
  [
    "effect/Schema.partial",
    "Schema.partial(Schema.Struct({}))",
    "Schema.Struct({}).mapFields(Struct_.map(Schema.optional))"
  ],
  [
    "effect/Schema.partialWith",
    "Schema.partialWith(Schema.typeSchema(Schema.Struct({})), { exact: true })",
    "Schema.toType(Schema.Struct({}).mapFields(Struct_.map(Schema.optionalKey)))"
  ],
  ["effect/Schema.propertySignature", "Schema.propertySignature(Schema.String)", "= Schema.String\n"],
  [
    "effect/Schema.rename",
    `Schema.rename(Schema.Struct({ license: Schema.String }), { license: "plate" })`,
    `.mapFields(Struct_.renameKeys({ license: "plate" })).pipe(Schema.encodeKeys({ ["plate"]: "license" }))`
  ],
  [
    "effect/Schema.transform",
    "Schema.transform(Schema.String, Schema.Number, { decode: Number, encode: String })",
    "Schema.String.pipe(" +
    "Schema.decodeTo(Schema.Number, SchemaTransformation.transform({ decode: Number, encode: String })))"
  ],
  [
    "effect/Schema.transformOrFail",
    "Schema.transformOrFail(Schema.String, Schema.Number, { decode: read, encode: write })",
    "Schema.String.pipe(" +
    "Schema.decodeTo(Schema.Number, SchemaTransformation.transformEffect({ decode: read, encode: write })))"
  ],
  [
    "effect/Schema.validateEither",
    "Schema.validateEither(Schema.String)",
    "Schema.decodeUnknownResult(Schema.toType(Schema.String))"
  ],
  ["effect/Schema.validDate", "Schema.DateFromSelf.pipe(Schema.validDate())", "Schema.Date.pipe((schema) => schema)"]
]

/** References that change their form. */
export const valueCases: ReadonlyArray<Case> = [
  ["effect/DefaultServices.liveServices", "DefaultServices.liveServices", "= Context.empty()"],
  ["effect/Effect.fork", "Effect.void.pipe(Effect.fork)", `.pipe(Effect.forkChild(${forked}))`],
  ["effect/Effect.forkDaemon", "Effect.void.pipe(Effect.forkDaemon)", `.pipe(Effect.forkDetach(${forked}))`],
  ["effect/Effect.forkScoped", "Effect.void.pipe(Effect.forkScoped)", `.pipe(Effect.forkScoped(${forked}))`],
  ["effect/Schedule.stop", "Schedule.stop", "Schedule.recurs(0)"],
  ["effect/Take.end", "Take.end", "Exit.void"],
  ["effect/Runtime.defaultRuntime", "Runtime.defaultRuntime", "= Context.empty()"],
  ["effect/LogLevel.Debug", "LogLevel.Debug", `= "Debug"`],
  ["effect/LogLevel.Info", "LogLevel.Info", `= "Info"`],
  ["effect/LogLevel.Trace", "LogLevel.Trace", `= "Trace"`],
  ["effect/LogLevel.Warning", "LogLevel.Warning", `= "Warn"`],
  ["effect/ExecutionStrategy.parallel", "ExecutionStrategy.parallel", `= "parallel"`],
  ["effect/ExecutionStrategy.sequential", "ExecutionStrategy.sequential", `= "sequential"`],
  [
    "effect/Stream.chunks",
    "Stream.make(1).pipe(Stream.chunks)",
    ".pipe((elements) => Stream.map(Stream.chunks(elements), (elements) => Chunk.fromArrayUnsafe(elements)))"
  ],
  [
    "effect/Stream.runCollect",
    "Stream.make(1).pipe(Stream.runCollect)",
    ".pipe((elements) => Effect.map(Stream.runCollect(elements), (all) => Chunk.fromArrayUnsafe(all)))"
  ],
  ["effect/ParseResult.TreeFormatter", "ParseResult.TreeFormatter", "SchemaIssue.makeFormatterDefault()"],
  [
    "effect/Schema.NonEmptyTrimmedString",
    "Schema.NonEmptyTrimmedString",
    "Schema.Trimmed.pipe(Schema.check(Schema.isNonEmpty()))"
  ],
  ["effect/Schema.UUID", "Schema.UUID", "Schema.String.check(Schema.isUUID())"]
]
