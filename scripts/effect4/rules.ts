/** The rules of the codemod: the names of Effect 4, and the forms of calls and types that differ. */
import ts from "typescript"
import { type File, imports, namespaces, type Rule, type Rules } from "./codemod.ts"
import { schemaCalls, schemaNames, schemaValues, storedClasses, storedNames } from "./schemas.ts"

const modules: Rules["modules"] = {
  "effect/Either": "effect/Result",
  "effect/ConfigError": "effect/Config",
  "effect/FiberId": undefined,
  "effect/FiberRef": undefined,
  "effect/FiberRefs": undefined,
  "effect/Arbitrary": undefined,
  "effect/List": undefined,
  "effect/SortedMap": undefined,
  "effect/Encoding": undefined,
  "effect/ExecutionStrategy": undefined,
  "effect/DefaultServices": undefined,
  "effect/ParseResult": undefined,
  "effect/FastCheck": "fast-check",
  "effect/TestClock": "effect/testing/TestClock",
  "effect/TestServices": undefined,
  "@effect/platform-node/NodeKeyValueStore": undefined,
  "@effect/platform-node/NodeContext": "@effect/platform-node/NodeServices",
  "@effect/platform/Cookies": "effect/http/Cookies",
  "@effect/platform/Error": "effect/PlatformError",
  "@effect/platform/FetchHttpClient": "effect/http/FetchHttpClient",
  "@effect/platform/FileSystem": "effect/FileSystem",
  "@effect/platform/HttpClient": "effect/http/HttpClient",
  "@effect/platform/HttpClientError": "effect/http/HttpClientError",
  "@effect/platform/HttpClientRequest": "effect/http/HttpClientRequest",
  "@effect/platform/HttpClientResponse": "effect/http/HttpClientResponse",
  "@effect/platform/KeyValueStore": "effect/persistence/KeyValueStore",
  "@effect/platform/Path": "effect/Path",
  "@effect/platform/Runtime": "effect/Runtime",
  "@effect/platform/Socket": "effect/socket/Socket"
}

/** The new names of modules from which the sources import members by name. */
const named: Readonly<Record<string, string>> = {
  "@effect/platform/Error": "effect/PlatformError",
  "@effect/platform/Runtime": "effect/Runtime",
  "@vitest/browser/context": "vitest/browser"
}

/** Members that have another name. */
const members: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "effect/Effect": {
    async: "callback",
    catchAll: "catch",
    catchAllCause: "catchCause",
    catchAllDefect: "catchDefect",
    either: "result",
    fork: "forkChild",
    forkDaemon: "forkDetach",
    mapInputContext: "updateContext",
    orElse: "catch",
    orElseFail: "mapError",
    runtime: "context",
    tapErrorCause: "tapCause",
    timeoutFail: "timeoutOrElse",
    whenEffect: "when",
    withFiberRuntime: "withFiber",
    zipRight: "andThen"
  },
  "effect/Layer": {
    scoped: "effect",
    scopedContext: "effectContext",
    unwrapEffect: "unwrap",
    unwrapScoped: "unwrap"
  },
  "effect/Stream": {
    asyncPush: "callback",
    catchAll: "catch",
    catchAllCause: "catchCause",
    execute: "fromEffectDrain",
    fromChunk: "fromIterable",
    mapChunks: "mapArray",
    mapChunksEffect: "mapArrayEffect",
    paginateEffect: "paginate",
    runForEachChunk: "runForEachArray",
    unwrapScoped: "unwrap"
  },
  "effect/Scope": { CloseableScope: "Closeable", extend: "provide" },
  "effect/Chunk": { unsafeFromArray: "fromArrayUnsafe" },
  "effect/Order": { number: "Number", reverse: "flip" },
  "effect/Option": { fromNullable: "fromNullishOr", getEquivalence: "makeEquivalence" },
  "effect/Either": {
    Either: "Result",
    isEither: "isResult",
    isLeft: "isFailure",
    isRight: "isSuccess",
    left: "fail",
    mapLeft: "mapError",
    right: "succeed"
  },
  "effect/Duration": { DurationInput: "Input", decodeUnknown: "fromInput" },
  "effect/Deferred": { unsafeDone: "doneUnsafe", unsafeMake: "makeUnsafe" },
  "effect/Queue": { unsafeOffer: "offerUnsafe" },
  "effect/Config": {
    integer: "Int",
    redacted: "Redacted",
    string: "String"
  },
  "effect/Exit": { causeOption: "getCause", isInterrupted: "hasInterrupts" },
  "effect/Fiber": { RuntimeFiber: "Fiber" },
  "effect/Cause": {
    UnknownException: "UnknownError",
    failureOption: "findErrorOption",
    isDie: "hasDies",
    isInterrupted: "hasInterrupts",
    isInterruptedOnly: "hasInterruptsOnly"
  },
  "effect/Schema": schemaNames,
  "effect/Schedule": { addDelayEffect: "addDelay", whileInputEffect: "while" },
  "effect/Context": { TagClass: "ServiceClass", isTag: "isKey" },
  "effect/LogLevel": { LogLevel: "Severity", greaterThan: "isGreaterThan" },
  "@effect/platform-node/NodeHttpClient": { layerUndiciWithoutDispatcher: "layerUndiciNoDispatcher" }
}

/** Members that belong to another module. */
const moved: Readonly<Record<string, readonly [module: string, member: string]>> = {
  "effect/ConfigError.ConfigError": ["effect/Config", "ConfigError"],
  "effect/Effect.Latch": ["effect/Latch", "Latch"],
  "effect/Effect.Semaphore": ["effect/Semaphore", "Semaphore"],
  "effect/Effect.clock": ["effect/Clock", "Clock"],
  "effect/Effect.clockWith": ["effect/Clock", "clockWith"],
  "effect/Effect.consoleWith": ["effect/Console", "consoleWith"],
  "effect/Effect.makeLatch": ["effect/Latch", "make"],
  "effect/Effect.makeSemaphore": ["effect/Semaphore", "make"],
  "effect/FiberRef.currentMinimumLogLevel": ["effect/References", "MinimumLogLevel"],
  "effect/Layer.toRuntime": ["effect/Layer", "build"],
  "effect/Runtime.Runtime": ["effect/Context", "Context"],
  "effect/Runtime.runFork": ["effect/Effect", "runForkWith"],
  "effect/Runtime.runPromise": ["effect/Effect", "runPromiseWith"],
  "effect/Runtime.runSyncExit": ["effect/Effect", "runSyncExitWith"],
  "effect/Effect.unsafeMakeSemaphore": ["effect/Semaphore", "makeUnsafe"],
  "effect/Encoding.decodeBase64UrlString": ["effect/encoding/Base64Url", "decodeString"],
  "effect/Encoding.encodeBase64": ["effect/encoding/Base64", "encode"],
  "effect/Encoding.encodeBase64Url": ["effect/encoding/Base64Url", "encode"],
  "effect/Layer.setConfigProvider": ["effect/ConfigProvider", "layer"],
  "effect/ParseResult.ParseIssue": ["effect/SchemaIssue", "Issue"],
  "effect/ParseResult.decodeUnknown": ["effect/SchemaParser", "decodeUnknownEffect"],
  "effect/ParseResult.encode": ["effect/SchemaParser", "encodeEffect"],
  "effect/ParseResult.encodeUnknown": ["effect/SchemaParser", "encodeUnknownEffect"],
  "effect/ParseResult.is": ["effect/SchemaParser", "is"],
  "effect/ParseResult.map": ["effect/Effect", "mapEager"],
  "effect/ParseResult.mapBoth": ["effect/Effect", "mapBothEager"],
  "effect/ParseResult.orElse": ["effect/Effect", "catchEager"]
}

/** Members and methods of Effect's own values that have another name. Only members that Effect declares are renamed. */
const methods: Readonly<Record<string, string>> = {
  getFiberRef: "getRef",
  left: "failure",
  right: "success",
  unsafeClose: "closeUnsafe",
  unsafeCurrentTimeMillis: "currentTimeMillisUnsafe",
  unsafeCurrentTimeNanos: "currentTimeNanosUnsafe",
  unsafeInterruptAsFork: "interruptUnsafe",
  unsafeOpen: "openUnsafe",
  annotations: "annotate"
}

/** The property access with another name, after the same `.` or `?.`. */
const renamed = (node: ts.PropertyAccessExpression, at: File, name: string): string =>
  at.render(node.expression) + at.source.text.slice(node.expression.end, node.name.getStart(at.source)) + name

/** The own entry of a table. Inherited members such as `toString` do not count. */
const own = <A>(table: Readonly<Record<string, A>> | undefined, name: string): A | undefined =>
  table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined

/** `unsafeMake` is `makeUnsafe` on Effect 4. */
const unsafeName = (name: string): string | undefined => {
  const [, first, rest] = /^unsafe([A-Z])(\w*)$/.exec(name) ?? []
  return first === undefined ? undefined : `${first.toLowerCase()}${rest}Unsafe`
}

const memberNames: Rule = (node, at) => {
  const member = at.memberOf(node)
  if (member === undefined) return undefined
  const home = own(moved, member)
  if (home !== undefined) return `${at.use(home[0])}.${home[1]}`
  const dot = member.lastIndexOf(".")
  const name = own(own(members, member.slice(0, dot)), member.slice(dot + 1))
    ?? unsafeName(member.slice(dot + 1))
  if (name === undefined) return undefined
  if (ts.isPropertyAccessExpression(node)) return renamed(node, at, name)
  return ts.isQualifiedName(node) ? `${at.render(node.left)}.${name}` : undefined
}

const methodNames: Rule = (node, at) => {
  if (!ts.isPropertyAccessExpression(node) || at.moduleOf(node.expression) !== undefined) return undefined
  const name = own(methods, node.name.text)
  return name !== undefined && at.isDeclaredByEffect(node.name) ? renamed(node, at, name) : undefined
}

/** A `Clock` that the sources define has the same methods as Effect's. */
const ownMethods: Rule = (node) => {
  if (!ts.isIdentifier(node) || !node.text.startsWith("unsafeCurrentTime")) return undefined
  const { parent } = node
  return (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent)) && parent.name === node
    ? methods[node.text]
    : undefined
}

/** An own `Clock` says which it is on 3; on 4 it has a time that only goes forward, for which its own is taken. */
const ownClocks: Rule = (node, at) =>
  ts.isPropertyAssignment(node) && at.memberOf(node.initializer) === "effect/Clock.ClockTypeId"
    ? `get monotonicTimeNanosUnsafe() { return this.currentTimeNanosUnsafe }, ` +
      `get monotonicTimeNanos() { return this.currentTimeNanos }`
    : undefined

const args = (call: ts.CallExpression, at: File): Array<string> => call.arguments.map((argument) => at.render(argument))

const typed = (call: ts.CallExpression, at: File): string =>
  call.typeArguments === undefined ? "" : `<${call.typeArguments.map((type) => at.render(type)).join(", ")}>`

const property = (node: ts.Expression | undefined, name: string): ts.PropertyAssignment | undefined =>
  node !== undefined && ts.isObjectLiteralExpression(node)
    ? node.properties.filter(ts.isPropertyAssignment).find((property) => property.name.getText() === name)
    : undefined

/** An object literal with some members replaced. `undefined` removes a member. */
const withMembers = (
  object: ts.ObjectLiteralExpression,
  at: File,
  changed: Readonly<Record<string, string | undefined>>
): string => {
  const kept = object.properties.flatMap((member) => {
    const name = member.name?.getText(at.source) ?? ""
    if (!(name in changed)) return [at.render(member)]
    const text = changed[name]
    return text === undefined ? [] : [text]
  })
  return `{ ${kept.join(", ")} }`
}

/** A function with the same parameters, whose result `wrap` changes. */
const wrapped = (f: ts.Expression, at: File, wrap: (body: string) => string, parameter = "value"): string => {
  if (ts.isCallExpression(f) && f.arguments.length === 1 && at.calleeOf(f)?.endsWith(".match") === true) {
    // With its first argument, `match` needs no type from its context.
    return `(${parameter}) => ${wrap(`${at.render(f.expression)}(${parameter}, ${args(f, at).join(", ")})`)}`
  }
  if (!ts.isArrowFunction(f)) return `(${parameter}) => ${wrap(`(${at.render(f)})(${parameter})`)}`
  const head = at.source.text.slice(f.getStart(at.source), f.equalsGreaterThanToken.end)
  return ts.isBlock(f.body)
    ? `${head} ${wrap(`(() => ${at.render(f.body)})()`)}`
    : `${head} ${wrap(at.render(f.body))}`
}

const hasId = (type: ts.Type, id: string): boolean =>
  type.getProperties().some(({ escapedName }) => String(escapedName).startsWith(`__@${id}`))

/** The function that converts an `Either` or an `Option` to an effect. On Effect 3 they are effects, on Effect 4 they are not. */
const lifted = (type: ts.Type): "fromOption" | "fromResult" | undefined => {
  const names = (type.isUnion() ? type.types : [type]).map(({ symbol }) => symbol?.name)
  if (names.every((name) => name === "Left" || name === "Right")) return "fromResult"
  return names.every((name) => name === "None" || name === "Some") ? "fromOption" : undefined
}

/** `yield*` of an `Either`, an `Option` or a fiber, in the generator of an effect. */
const yields: Rule = (node, at) => {
  if (!ts.isYieldExpression(node) || node.expression === undefined) return undefined
  const generator = ts.findAncestor(node, ts.isFunctionExpression)
  if (generator === undefined || at.calleeOf(generator.parent) !== "effect/Effect.gen") return undefined
  const type = at.checker.getTypeAtLocation(node.expression)
  if (type.symbol?.name === "RuntimeFiber") {
    return `yield* ${at.use("effect/Fiber")}.join(${at.render(node.expression)})`
  }
  const lift = lifted(type)
  return lift === undefined ? undefined : `yield* ${at.use("effect/Effect")}.${lift}(${at.render(node.expression)})`
}

const isEffect = (type: ts.Type | undefined): boolean => type !== undefined && hasId(type, "EffectTypeId")

/** The result of a function type. */
const returned = (type: ts.Type | undefined): ts.Type | undefined => type?.getCallSignatures()[0]?.getReturnType()

/** Whether a function returns a value that is no effect. */
const isPlain = (f: ts.Expression, at: File): boolean => {
  const type = returned(at.checker.getTypeAtLocation(f))
  if (type === undefined || (type.flags & ts.TypeFlags.Never) !== 0) return false
  return !(type.isUnion() ? type.types : [type]).some(isEffect)
}

/** Members of `Effect` whose types accept any value as an effect. */
const takers = ["andThen", "tap", "tapError", "zipRight"].map((name) => `effect/Effect.${name}`)

/** Nodes that are being converted. The rule must not apply to them again. */
const lifting = new Set<ts.Node>()

/** An argument that is an `Either`, an `Option`, or a function that returns one, where an effect is expected. */
const eithers: Rule = (node, at) => {
  if (!ts.isExpression(node) || !ts.isCallExpression(node.parent) || node.parent.expression === node) return undefined
  if (ts.isObjectLiteralExpression(node) || ts.isLiteralExpression(node) || lifting.has(node)) return undefined
  const type = at.checker.getTypeAtLocation(node)
  const result = returned(type)
  const lift = lifted(result ?? type)
  if (lift === undefined) return undefined
  const expected = at.checker.getContextualType(node)
  const wanted = result === undefined ? expected : returned(expected)
  const isWanted = wanted !== undefined && isEffect(wanted) && lifted(wanted) === undefined
  if (!isWanted && !takers.includes(at.calleeOf(node.parent) ?? "")) return undefined
  // The rule `rights` has already converted it.
  if (ts.isArrowFunction(node) && /^effect\/Either\.(?:left|right)$/.test(at.calleeOf(node.body) ?? "")) {
    return undefined
  }
  const inEffect = (body: string) => `${at.use("effect/Effect")}.${lift}(${body})`
  lifting.add(node)
  const text = result === undefined ? inEffect(at.render(node)) : wrapped(node, at, inEffect)
  lifting.delete(node)
  return text
}

/** A conditional expression with an effect in one branch, and an `Either` or an `Option` in the other. */
const branches: Rule = (node, at) => {
  if (!ts.isConditionalExpression(node)) return undefined
  const sides = [node.whenTrue, node.whenFalse].map((side) => at.checker.getTypeAtLocation(side))
  const lifts = sides.map(lifted)
  if (lifts.filter((lift) => lift !== undefined).length !== 1) return undefined
  if (!sides.some((side, index) => lifts[index] === undefined && isEffect(side))) return undefined
  const [whenTrue, whenFalse] = [node.whenTrue, node.whenFalse].map((side, index) =>
    lifts[index] === undefined ? at.render(side) : `${at.use("effect/Effect")}.${lifts[index]}(${at.render(side)})`
  )
  return `${at.render(node.condition)} ? ${whenTrue} : ${whenFalse}`
}

/** `Either.right(x)` or `Either.left(x)` where an effect is expected. */
const rights: Rule = (node, at) => {
  const callee = at.calleeOf(node)
  if (callee !== "effect/Either.right" && callee !== "effect/Either.left" || !ts.isCallExpression(node)) {
    return undefined
  }
  const expected = at.checker.getContextualType(node)
  if (expected === undefined || !isEffect(expected) || lifted(expected) !== undefined) return undefined
  return `${at.use("effect/Effect")}.${callee.endsWith("right") ? "succeed" : "fail"}(${args(node, at).join(", ")})`
}

type CallRule = (call: ts.CallExpression, at: File) => string | undefined

const failing: CallRule = (call, at) => {
  const options = call.arguments.at(-1)
  const onTimeout = property(options, "onTimeout")
  if (options === undefined || !ts.isObjectLiteralExpression(options) || onTimeout === undefined) return undefined
  const effect = at.use("effect/Effect")
  const orElse = `orElse: ${wrapped(onTimeout.initializer, at, (error) => `${effect}.fail(${error})`, "")}`
  const others = call.arguments.slice(0, -1).map((argument) => `${at.render(argument)}, `)
  return `${at.render(call.expression)}(${others.join("")}${withMembers(options, at, { onTimeout: orElse })})`
}

const provided = (module: string): CallRule => (call, at) => {
  const service = call.arguments.at(-1)
  if (service === undefined) return undefined
  const self = call.arguments.length === 2 && call.arguments[0] !== undefined ? `${at.render(call.arguments[0])}, ` : ""
  const tag = `${at.use(module)}.${module.slice(module.indexOf("/") + 1)}`
  return `${at.use("effect/Effect")}.provideService(${self}${tag}, ${at.render(service)})`
}

/** A call whose last argument, a function, must return something else on Effect 4. */
const lastWrapped = (name: string, wrap: (body: string, at: File) => string): CallRule => (call, at) => {
  const f = call.arguments.at(-1)
  if (f === undefined) return undefined
  const others = call.arguments.slice(0, -1).map((argument) => `${at.render(argument)}, `)
  return `${name}(${others.join("")}${wrapped(f, at, (body) => wrap(body, at))})`
}

/** A callback of a schedule. On Effect 4 it gets an object, and `member` of it is the argument of Effect 3. */
const ofMetadata = (name: string, member: string, wrap: (body: string, at: File) => string): CallRule => (call, at) => {
  const f = call.arguments.at(-1)
  if (f === undefined) return undefined
  const others = call.arguments.slice(0, -1).map((argument) => `${at.render(argument)}, `)
  const [parameter] = ts.isArrowFunction(f) ? f.parameters : []
  const given = ts.isArrowFunction(f) && parameter === undefined
    ? `() => ${wrap(ts.isBlock(f.body) ? `(${at.render(f)})()` : at.render(f.body), at)}`
    : ts.isArrowFunction(f) && parameter !== undefined && !ts.isBlock(f.body)
    ? `({ ${member}: ${at.render(parameter.name)} }) => ${wrap(at.render(f.body), at)}`
    : `({ ${member} }) => ${wrap(`(${at.render(f)})(${member})`, at)}`
  return `${at.use("effect/Schedule")}.${name}(${others.join("")}${given})`
}

const same = (body: string): string => body
const lasting = (body: string, at: File): string =>
  `${at.use("effect/Effect")}.succeed<${at.use("effect/Duration")}.Input>(${body})`

/** The function of `tap` may return anything on Effect 3. On Effect 4 it must return an effect. */
const tapped: CallRule = (call, at) => {
  const f = call.arguments.at(-1)
  if (f === undefined || !isPlain(f, at)) return undefined
  const others = call.arguments.slice(0, -1).map((argument) => `${at.render(argument)}, `)
  const sync = (body: string) => `${at.use("effect/Effect")}.sync(() => ${body})`
  return `${at.render(call.expression)}(${others.join("")}${wrapped(f, at, sync)})`
}

const calls: Readonly<Record<string, CallRule>> = {
  "effect/Effect.gen": (call, at) => {
    const [self, ...others] = call.arguments
    return self?.kind === ts.SyntaxKind.ThisKeyword
      ? `${at.render(call.expression)}({ self: this }, ${others.map((other) => at.render(other)).join(", ")})`
      : undefined
  },
  "effect/Effect.dieMessage": (call, at) => `${at.use("effect/Effect")}.die(new Error(${args(call, at).join(", ")}))`,
  "effect/Effect.tap": tapped,
  "effect/Effect.tapError": tapped,
  "effect/Effect.timeoutFail": failing,
  "effect/Effect.withClock": provided("effect/Clock"),
  "effect/Effect.withRandom": provided("effect/Random"),
  "effect/Effect.zipLeft": (call, at) => {
    const given = args(call, at)
    const last = call.arguments.at(-1)
    if (last !== undefined && ts.isObjectLiteralExpression(last)) {
      const options = given.pop()
      return `${at.use("effect/Effect")}.zipWith(${given.join(", ")}, (first) => first, ${options})`
    }
    const self = given.length === 2 ? `${given[0]}, ` : ""
    return `${at.use("effect/Effect")}.tap(${self}() => ${given.at(-1)})`
  },
  "effect/Effect.ignoreLogged": (call, at) =>
    `${at.use("effect/Effect")}.ignore(${args(call, at)[0]}, { log: "Debug" })`,
  "effect/Stream.asyncPush": (call, at) => {
    const [register, options] = call.arguments
    if (register === undefined) return undefined
    const settings = options !== undefined && ts.isObjectLiteralExpression(options)
      ? property(options, "bufferSize")?.initializer.getText(at.source) === "\"unbounded\""
        ? undefined
        : at.render(options)
      : undefined
    return `${at.use("effect/Stream")}.callback${typed(call, at)}(${at.render(register)}${
      settings === undefined ? "" : `, ${settings}`
    })`
  },
  "effect/Stream.flatMap": (call, at) => {
    const options = call.arguments.at(-1)
    return property(options, "switch") === undefined
      ? undefined
      : `${at.use("effect/Stream")}.switchMap(${args(call, at).slice(0, -1).join(", ")})`
  },
  "effect/Stream.timeoutFail": (call, at) => {
    const [error, duration] = args(call, at)
    return `${at.use("effect/Stream")}.timeoutOrElse({ duration: ${duration}, orElse: () => ${
      at.use("effect/Stream")
    }.fail((${error})()) })`
  },
  "effect/Stream.mapConcat": (call, at) => {
    const name = at.use("effect/Stream")
    const given = args(call, at)
    return given.length === 2
      ? `${name}.flattenIterable(${name}.map(${given.join(", ")}))`
      : `(elements) => ${name}.flattenIterable(${name}.map(elements, ${given.join(", ")}))`
  },
  "effect/Stream.mapConcatChunk": (call, at) => calls["effect/Stream.mapConcat"]?.(call, at),
  "effect/Random.nextIntBetween": (call, at) =>
    `${at.use("effect/Random")}.nextIntBetween(${args(call, at).join(", ")}, { halfOpen: true })`,
  "effect/Schedule.addDelay": ofMetadata("addDelay", "output", lasting),
  "effect/Schedule.addDelayEffect": ofMetadata("addDelay", "output", same),
  "effect/Schedule.whileInputEffect": ofMetadata("while", "input", same),
  "effect/Cause.failureOrCause": (call, at) =>
    `${at.use("effect/Result")}.flip(${at.use("effect/Cause")}.findError(${args(call, at)[0]}))`,
  "effect/Config.zipWith": (call, at) => {
    const [first, second, f] = call.arguments
    if (first === undefined || second === undefined || f === undefined || !ts.isArrowFunction(f)) return undefined
    const config = at.use("effect/Config")
    const parameters = f.parameters.map((parameter) => at.render(parameter)).join(", ")
    return `${config}.map(${config}.all([${at.render(first)}, ${at.render(second)}]), ([${parameters}]) => ${
      at.render(f.body)
    })`
  },
  "effect/Effect.fiberIdWith": (call, at) => {
    const [f] = call.arguments
    if (f === undefined || !ts.isArrowFunction(f) || f.parameters[0] === undefined) return undefined
    return `${at.use("effect/Effect")}.withFiber(({ id: ${at.render(f.parameters[0])} }) => ${at.render(f.body)})`
  },
  "effect/Effect.logWithLevel": (call, at) => {
    const [level, ...message] = args(call, at)
    return `${at.use("effect/Effect")}.logWithLevel(${level})(${message.join(", ")})`
  },
  "effect/Exit.getOrElse": (call, at) => {
    const [exit, orElse] = args(call, at)
    return `${at.use("effect/Exit")}.match(${exit}, { onFailure: ${orElse}, onSuccess: (value) => value })`
  },
  "effect/FiberRefs.getOrDefault": (call, at) => {
    const [refs, ref] = call.arguments
    return refs !== undefined && ts.isPropertyAccessExpression(refs) && refs.name.text === "fiberRefs" &&
        ref !== undefined && at.memberOf(ref) === "effect/DefaultServices.currentServices"
      ? at.render(refs.expression)
      : undefined
  },
  "effect/Layer.context": (call, at) =>
    `${at.use("effect/Layer")}.effectContext(${at.use("effect/Effect")}.context${typed(call, at)}())`,
  "effect/Config.withDescription": (call, at) => call.arguments.length === 2 ? args(call, at)[0] : "(config) => config",
  "effect/Config.mapOrFail": lastWrapped(
    "Config.mapEffect",
    (body, at) => `${at.use("effect/Effect")}.fromResult(${body})`
  ),
  "effect/ConfigError.InvalidData": (call, at) => {
    const [, message] = args(call, at)
    const issue = `new ${at.use("effect/SchemaIssue")}.InvalidValue({ message: ${message} })`
    return `new ${at.use("effect/Config")}.ConfigError(new ${at.use("effect/Schema")}.SchemaError(${issue}))`
  },
  "effect/Schema.make": (call, at) => {
    const [type, encoded, services = "never"] = call.typeArguments?.map((type) => at.render(type)) ?? []
    if (type === undefined) return undefined
    return `${at.use("effect/Schema")}.make<${at.use("effect/Schema")}.Codec<${type}, ${
      encoded ?? type
    }, ${services}, ${services}>>(${args(call, at).join(", ")})`
  }
}

/** A callback that gets a `Chunk` on Effect 3, and an array on Effect 4. */
const ofArray = (f: ts.Expression, at: File): string => {
  if (ts.isArrowFunction(f) && f.parameters.length === 0) return at.render(f)
  const chunk = at.use("effect/Chunk")
  return `(elements) => (${at.render(f)})(${chunk}.fromArrayUnsafe(elements))`
}

/** A call that transforms a stream. The stream is its first argument, or the call is data-last. */
const overStream = (call: ts.CallExpression, form: (stream: string, f: ts.Expression) => string, at: File): string => {
  const [first, second] = call.arguments
  if (first === undefined) throw new Error(`${at.source.fileName}: ${call.getText()} has no argument`)
  return second === undefined ? `(stream) => ${form("stream", first)}` : form(at.render(first), second)
}

/**
 * The options that make a fork behave as on Effect 3. There, a forked fiber starts before the next macrotask, and inherits
 * whether it is interruptible. On Effect 4, it starts in the next macrotask and is interruptible.
 */
const forkOptions = "{ startImmediately: true, uninterruptible: \"inherit\" }"

const starting = (name: string): CallRule => (call, at) =>
  `${at.use("effect/Effect")}.${name}(${args(call, at).join(", ")}, ${forkOptions})`

/** The function of `filterMap` returns an `Option` on Effect 3, and a `Result` on Effect 4. */
const filtering = (module: string): CallRule => (call, at) => {
  const f = call.arguments.at(-1)
  if (f === undefined) return undefined
  const others = call.arguments.slice(0, -1).map((argument) => `${at.render(argument)}, `)
  const result = at.use("effect/Result")
  return `${at.use(module)}.filterMap(${others.join("")}${
    wrapped(f, at, (option) => `${result}.fromOption(${option}, () => undefined)`)
  })`
}

/** A call whose argument before the last, the initial state, is a function on Effect 4. */
const startingWith = (name: string): CallRule => (call, at) => {
  const given = args(call, at)
  const initial = given.splice(-2, 1)[0]
  const f = given.pop()
  return `${at.use("effect/Stream")}.${name}${typed(call, at)}(${[...given, `() => (${initial})`, f].join(", ")})`
}

const moreCalls: Readonly<Record<string, CallRule>> = {
  "effect/Cause.pretty": (call, at) => `${at.use("effect/Cause")}.pretty(${args(call, at)[0]})`,
  "effect/Cause.failures": (call, at) => {
    const cause = at.use("effect/Cause")
    return `${at.use("effect/Chunk")}.fromIterable(${
      args(call, at)[0]
    }.reasons.filter(${cause}.isFailReason).map(({ error }) => error))`
  },
  "effect/Deferred.unsafeDone": (call, at) =>
    `void ${at.use("effect/Deferred")}.doneUnsafe(${args(call, at).join(", ")})`,
  "effect/Duration.decodeUnknown": (call, at) => {
    const duration = at.use("effect/Duration")
    return `${duration}.fromInput(${args(call, at)[0]} as ${duration}.Input)`
  },
  "effect/Effect.fork": starting("forkChild"),
  "effect/Effect.forkDaemon": starting("forkDetach"),
  // On Effect 4, a fiber that is forked into a closed scope never starts, even if it is uninterruptible.
  "effect/Effect.forkIn": (call, at) => {
    const given = args(call, at)
    const effect = at.use("effect/Effect")
    const self = given.length === 2 ? given[0] : "self"
    const forked = `${effect}.map(${effect}.forkDetach(${self}, ${forkOptions}), (fiber) => ${
      at.use("effect/Fiber")
    }.runIn(fiber, ${given.at(-1)}))`
    return given.length === 2 ? forked : `(self) => ${forked}`
  },
  "effect/Effect.forkScoped": starting("forkScoped"),
  "effect/Effect.iterate": (call, at) => {
    const [initial, loop] = call.arguments
    if (initial === undefined) return undefined
    const effect = at.use("effect/Effect")
    const type = call.typeArguments?.[0] === undefined ? "" : `: ${at.render(call.typeArguments[0])}`
    const ofState = (name: string) => {
      const f = property(loop, name)?.initializer
      if (f === undefined) throw new Error(`${at.source.fileName}: Effect.iterate without ${name}`)
      return `() => (${at.render(f)})(${ts.isArrowFunction(f) && f.parameters.length === 0 ? "" : "state"})`
    }
    return `${effect}.suspend(() => {
      let state${type} = ${at.render(initial)}
      const step = (next: typeof state) => { state = next }
      return ${effect}.map(${effect}.whileLoop({ while: ${ofState("while")}, body: ${
      ofState("body")
    }, step }), () => state)
    })`
  },
  "effect/Effect.map": (call, at) => {
    const [tag, f] = call.arguments
    if (tag === undefined || f === undefined || at.memberOf(tag) !== "@effect/platform/Socket.WebSocketConstructor") {
      return undefined
    }
    // Effect's type of a WebSocket has fewer members than that of the DOM.
    return `${at.use("effect/Effect")}.map(${at.render(tag)}, (construct) => (${
      at.render(f)
    })((url: string) => construct(url) as globalThis.WebSocket))`
  },
  "effect/Exit.flatMap": (call, at) => {
    const [exit, f] = args(call, at)
    const name = at.use("effect/Exit")
    return `${name}.match(${exit}, { onFailure: ${name}.failCause, onSuccess: ${f} })`
  },
  "effect/Exit.zipParRight": (call, at) => `${at.use("effect/Exit")}.asVoidAll([${args(call, at).join(", ")}])`,
  "@effect/platform/HttpClient.withTracerDisabledWhen": (call, at) => {
    const [client, when] = args(call, at)
    const name = at.use("effect/http/HttpClient")
    return `${name}.transform(${client}, (effect) => ${
      at.use("effect/Effect")
    }.provideService(effect, ${name}.TracerDisabledWhen, ${when}))`
  },
  // On Effect 4, `takeAll` waits for an element.
  "effect/Queue.takeAll": (call, at) => `${at.use("effect/Queue")}.clear(${args(call, at)[0]})`,
  "effect/Schedule.intersect": (call, at) => {
    const [first, second] = call.arguments
    const name = at.use("effect/Schedule")
    const other = second ?? first
    if (other !== undefined && ts.isCallExpression(other) && at.calleeOf(other) === "effect/Schedule.recurs") {
      const times = `{ times: ${args(other, at)[0]} }`
      return second === undefined || first === undefined
        ? `${name}.upTo(${times})`
        : `${name}.upTo(${at.render(first)}, ${times})`
    }
    return second === undefined ? undefined : `${name}.max([${args(call, at).join(", ")}])`
  },
  "effect/Schedule.union": (call, at) =>
    call.arguments.length === 2 ? `${at.use("effect/Schedule")}.min([${args(call, at).join(", ")}])` : undefined,
  "effect/Schedule.upTo": (call, at) => {
    const given = args(call, at)
    return `${at.use("effect/Schedule")}.upTo(${[...given.slice(0, -1), `{ duration: ${given.at(-1)} }`].join(", ")})`
  },
  "effect/Schema.between": (call, at) => {
    const [minimum, maximum] = args(call, at)
    const name = at.use("effect/Schema")
    return `${name}.check(${name}.isBetween({ minimum: ${minimum}, maximum: ${maximum} }))`
  },
  "effect/Array.filterMap": filtering("effect/Array"),
  "effect/Stream.filterMap": filtering("effect/Stream"),
  "effect/Stream.mapAccum": (call, at) => {
    const f = call.arguments.at(-1)
    const initial = call.arguments.at(-2)
    if (f === undefined || initial === undefined) return undefined
    const self = call.arguments.length === 3 && call.arguments[0] !== undefined
      ? `${at.render(call.arguments[0])}, `
      : ""
    const name = `${at.use("effect/Stream")}.mapAccum(${self}`
    return ts.isIdentifier(f)
      ? `${name}(): Parameters<typeof ${f.text}>[0] => ${
        at.render(initial)
      }, (state, element: Parameters<typeof ${f.text}>[1]) => { const [next, value] = ${f.text}(state, element); return [next, [value]] })`
      : `${name}() => (${at.render(initial)}), ${at.render(f)})`
  },
  "effect/Stream.mapChunks": (call, at) => {
    const stream = at.use("effect/Stream")
    return overStream(
      call,
      (self, f) => `${stream}.flattenIterable(${stream}.map(${stream}.chunks(${self}), ${ofArray(f, at)}))`,
      at
    )
  },
  "effect/Stream.mapChunksEffect": (call, at) => {
    const stream = at.use("effect/Stream")
    const { parent } = call
    // In a pipe, separate steps let the compiler infer the type of the stream.
    const isStep = call.arguments.length === 1 && ts.isCallExpression(parent)
    if (isStep && call.arguments[0] !== undefined) {
      return `${stream}.chunks, ${stream}.mapEffect(${ofArray(call.arguments[0], at)}), ${stream}.flattenIterable`
    }
    return overStream(
      call,
      (self, f) => `${stream}.flattenIterable(${stream}.mapEffect(${stream}.chunks(${self}), ${ofArray(f, at)}))`,
      at
    )
  },
  "effect/Stream.runForEachChunk": (call, at) => {
    const f = call.arguments.at(-1)
    if (f === undefined) return undefined
    const self = call.arguments.length === 2 && call.arguments[0] !== undefined
      ? `${at.render(call.arguments[0])}, `
      : ""
    return `${at.use("effect/Stream")}.runForEachArray(${self}${ofArray(f, at)})`
  },
  "effect/Take.chunk": (call, at) =>
    `(${at.use("effect/Chunk")}.toReadonlyArray(${args(call, at)[0]}) as unknown as ${
      at.use("effect/Array")
    }.NonEmptyReadonlyArray<${elementOf(call, at)}>)`,
  "effect/Take.fail": (call, at) => `${at.use("effect/Exit")}.fail(${args(call, at)[0]})`
}

/** The type of the elements of a `Take`, as text. */
const elementOf = (call: ts.CallExpression, at: File): string => {
  const type = at.checker.getTypeAtLocation(call)
  // `Take` is a generic class, so its type is a reference.
  const [element] = at.checker.getTypeArguments(type as ts.TypeReference)
  return element === undefined ? "never" : at.checker.typeToString(element)
}

const service = (module: string, member: string): CallRule => (call, at) => {
  const given = args(call, at)
  const self = given.length === 2 ? `${given[0]}, ` : ""
  return `${at.use("effect/Effect")}.provideService(${self}${at.use(module)}.${member}, ${given.at(-1)})`
}

const asChunks = (stream: string, at: File): string =>
  `${at.use("effect/Stream")}.map(${stream}, (elements) => ${at.use("effect/Chunk")}.fromArrayUnsafe(elements))`

/** A store of a test: its `get`, `set` and `remove`. */
const testStore: CallRule = (call, at) => {
  const [operations] = call.arguments
  return operations !== undefined && ts.isObjectLiteralExpression(operations) && /\/test\//.test(at.source.fileName)
    ? `${at.useFile("property.ts", "Property")}.keyValueStore(${
      withMembers(operations, at, { clear: undefined, getUint8Array: undefined, size: undefined })
    })`
    : undefined
}

/** Members that only tests use. */
const testCalls: Readonly<Record<string, CallRule>> = {
  "effect/Clock.make": (_, at) => `${at.use("effect/Clock")}.Clock.defaultValue()`,
  "effect/ConfigProvider.fromMap": (call, at) =>
    `${at.use("effect/ConfigProvider")}.fromEnv({ env: Object.fromEntries(${args(call, at)[0]}) })`,
  "effect/Fiber.interruptFork": (call, at) =>
    `${at.use("effect/Effect")}.sync(() => ${args(call, at)[0]}.interruptUnsafe())`,
  "effect/Random.make": (call, at) => {
    const random = at.use("effect/Random")
    const effect = at.use("effect/Effect")
    return `${effect}.runSync(${random}.withSeed(${random}.Random, ${args(call, at)[0]}))`
  },
  "effect/Tracer.make": (call, at) => {
    const span = property(call.arguments[0], "span")?.initializer
    return span && `${at.useFile("property.ts", "Property")}.tracer(${at.render(span)})`
  },
  "effect/Layer.fail": (call, at) =>
    `${at.use("effect/Layer")}.effectContext(${at.use("effect/Effect")}.fail(${args(call, at)[0]}))`,
  "effect/Layer.setClock": (call, at) =>
    `${at.use("effect/Layer")}.succeed(${at.use("effect/Clock")}.Clock, ${args(call, at)[0]})`,
  "effect/Logger.make": (call, at) => `${at.useFile("property.ts", "Property")}.logger(${args(call, at)[0]})`,
  "effect/Logger.minimumLogLevel": (call, at) =>
    `${at.use("effect/Layer")}.succeed(${at.use("effect/References")}.MinimumLogLevel, ${args(call, at)[0]})`,
  "effect/Logger.replace": (call, at) => `${at.use("effect/Logger")}.layer([${args(call, at)[1]}])`,
  "effect/Take.of": (call, at) => `${at.use("effect/Array")}.of(${args(call, at)[0]})`,
  "effect/Effect.repeatN": (call, at) => {
    const given = args(call, at)
    return `${at.use("effect/Effect")}.repeat(${[...given.slice(0, -1), `{ times: ${given.at(-1)} }`].join(", ")})`
  },
  "effect/Effect.withConfigProvider": service("effect/ConfigProvider", "ConfigProvider"),
  "effect/Arbitrary.make": (call, at) => `${at.useFile("property.ts", "Property")}.arbitrary(${args(call, at)[0]})`,
  "effect/Effect.serviceOptional": (call, at) => {
    const effect = at.use("effect/Effect")
    return `${effect}.flatMap(${effect}.serviceOption(${args(call, at)[0]}), ${effect}.fromOption)`
  },
  "effect/Effect.withConsole": (call, at) => {
    const given = args(call, at)
    const console = `${at.useFile("property.ts", "Property")}.console(${given.pop()})`
    return `${at.use("effect/Effect")}.provideService(${
      [...given, `${at.use("effect/Console")}.Console`, console].join(", ")
    })`
  },
  "@effect/platform-node/NodeKeyValueStore.layerFileSystem": (call, at) =>
    `${at.use("effect/Layer")}.provide(${at.use("effect/persistence/KeyValueStore")}.layerFileSystem(${
      args(call, at)[0]
    }), ${at.use("@effect/platform-node/NodeServices")}.layer)`,
  "effect/Effect.withMaxOpsBeforeYield": service("effect/Scheduler", "MaxOpsBeforeYield"),
  "effect/Effect.withScheduler": service("effect/Scheduler", "Scheduler"),
  "effect/Effect.withTracer": service("effect/Tracer", "Tracer"),
  "effect/Stream.chunks": (call, at) => asChunks(`${at.use("effect/Stream")}.chunks(${args(call, at)[0]})`, at),
  "effect/Stream.toQueueOfElements": (call, at) =>
    `${at.useFile("property.ts", "Property")}.queueOfElements(${args(call, at)[0]})`,
  "effect/Stream.runFold": startingWith("runFold"),
  "effect/Stream.scan": startingWith("scan"),
  "@effect/platform/KeyValueStore.make": testStore,
  "@effect/platform/KeyValueStore.makeStringOnly": testStore,
  // Effect 4 has no `List` and no `SortedMap`. Another collection replaces them.
  "effect/List.empty": (_, at) => `${at.use("effect/Chunk")}.empty()`,
  "effect/List.make": (call, at) => `${at.use("effect/Chunk")}.make(${args(call, at).join(", ")})`,
  "effect/SortedMap.empty": (_, at) => `${at.use("effect/HashMap")}.empty()`,
  "effect/Data.struct": (call, at) => args(call, at)[0],
  "effect/Random.fixed": (call, at) => `${at.useFile("property.ts", "Property")}.fixedRandom(${args(call, at)[0]})`,
  "effect/Effect.yieldNow": (_, at) => `${at.use("effect/Effect")}.yieldNow`,
  "effect/Stream.runCollect": (call, at) =>
    `${at.use("effect/Effect")}.map(${at.use("effect/Stream")}.runCollect(${args(call, at)[0]}), (all) => ${
      at.use("effect/Chunk")
    }.fromArrayUnsafe(all))`
}

/** The calls that change their form. */
export const callRules: Readonly<Record<string, CallRule>> = { ...calls, ...moreCalls, ...testCalls, ...schemaCalls }

/**
 * The pairs that some callbacks return: `[state, value]` is `[state, [value]]` on Effect 4, and `[page, nextState]` is
 * `[[page], nextState]`.
 */
const pairs: Rule = (node, at) => {
  if (!ts.isArrayLiteralExpression(node) || node.elements.length !== 2) return undefined
  const [first, second] = node.elements
  if (first === undefined || second === undefined) return undefined
  const call = ts.findAncestor(node, (above): above is ts.CallExpression => {
    const callee = at.calleeOf(above)
    return callee === "effect/Stream.mapAccum" || callee === "effect/Stream.paginateEffect"
  })
  if (call === undefined) return undefined
  if (at.calleeOf(call) === "effect/Stream.mapAccum") {
    const f = ts.findAncestor(node, ts.isArrowFunction)
    return f === call.arguments.at(-1) ? `[${at.render(first)}, [${at.render(second)}]]` : undefined
  }
  return lifted(at.checker.getTypeAtLocation(second)) === "fromOption"
    ? `[[${at.render(first)}], ${at.render(second)}]`
    : undefined
}

/** Methods of Effect's own values that are functions on Effect 4. */
const methodForms: Rule = (node, at) => {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined
  const { expression, name } = node.expression
  if (
    at.moduleOf(expression) !== undefined ||
    !["get", "getUint8Array", "id", "interruptAsFork", "runFork", "span", "unsafeOffer", "unsafePoll"].includes(
      name.text
    )
  ) return undefined
  if (!at.isDeclaredByEffect(name)) return undefined
  if (name.text.startsWith("get")) {
    if (!declaredBy(name, at, "/platform/dist/dts/KeyValueStore.d.ts")) return undefined
    return `${at.use("effect/Effect")}.map(${at.renderInside(node)}, ${at.use("effect/Option")}.fromNullishOr)`
  }
  // On Effect 4, a `ManagedRuntime` interrupts its own fibers before it closes its layers. A fiber outside it sees them close.
  if (name.text === "runFork") {
    if (!declaredBy(name, at, "/effect/dist/dts/ManagedRuntime.d.ts")) return undefined
    const effect = at.use("effect/Effect")
    return `${effect}.runFork(${effect}.flatMap(${
      at.render(expression)
    }.contextEffect, (context) => ${effect}.provideContext(${args(node, at)[0]}, context)))`
  }
  // The id of a fiber is a property on Effect 4.
  if (name.text === "id") return at.render(node.expression)
  if (name.text === "interruptAsFork") {
    return `${at.use("effect/Effect")}.sync(() => ${at.render(expression)}.interruptUnsafe())`
  }
  if (name.text === "unsafePoll") return `(${at.render(expression)}.pollUnsafe() ?? null)`
  if (name.text === "unsafeOffer") {
    return `${at.use("effect/Queue")}.offerUnsafe(${
      [expression, ...node.arguments].map((part) => at.render(part)).join(", ")
    })`
  }
  const [first] = node.arguments
  if (name.text === "span" && first !== undefined && ts.isSpreadElement(first)) {
    // A call that passes on all arguments: `tracer.span(...args)`.
    const given = "name, parent, annotations, links, startTime, kind"
    const options = `(([${given}, options]) => ({ ${given}, ...options }))`
    return `${at.render(expression)}.span(${options}(${at.render(first.expression)}))`
  }
  if (node.arguments.length !== 6) return undefined
  const [spanName, parent, annotations, links, startTime, kind] = args(node, at)
  return `${
    at.render(expression)
  }.span({ name: ${spanName}, parent: ${parent}, annotations: ${annotations}, links: ${links}, startTime: ${startTime}, kind: ${kind}, root: true, sampled: true })`
}

const callForms: Rule = (node, at) => {
  if (!ts.isCallExpression(node)) return undefined
  const callee = at.calleeOf(node)
  return callee === undefined ? undefined : own(callRules, callee)?.(node, at)
}

/** References to members that are values on Effect 3, and calls or literals on Effect 4. */
const values: Readonly<Record<string, (at: File) => string>> = {
  "effect/DefaultServices.liveServices": (at) => `${at.use("effect/Context")}.empty()`,
  "effect/Effect.fork": (at) => `${at.use("effect/Effect")}.forkChild(${forkOptions})`,
  "effect/Effect.forkDaemon": (at) => `${at.use("effect/Effect")}.forkDetach(${forkOptions})`,
  "effect/Effect.forkScoped": (at) => `${at.use("effect/Effect")}.forkScoped(${forkOptions})`,
  "effect/Schedule.stop": (at) => `${at.use("effect/Schedule")}.recurs(0)`,
  "effect/Take.end": (at) => `${at.use("effect/Exit")}.void`,
  "effect/Runtime.defaultRuntime": (at) => `${at.use("effect/Context")}.empty()`,
  "effect/LogLevel.Debug": () => "\"Debug\"",
  "effect/LogLevel.Info": () => "\"Info\"",
  "effect/LogLevel.Trace": () => "\"Trace\"",
  "effect/LogLevel.Warning": () => "\"Warn\"",
  "effect/ExecutionStrategy.parallel": () => "\"parallel\"",
  "effect/ExecutionStrategy.sequential": () => "\"sequential\"",
  "effect/Stream.chunks": (at) => `(elements) => ${asChunks(`${at.use("effect/Stream")}.chunks(elements)`, at)}`,
  "effect/Stream.runCollect": (at) =>
    `(elements) => ${at.use("effect/Effect")}.map(${at.use("effect/Stream")}.runCollect(elements), (all) => ${
      at.use("effect/Chunk")
    }.fromArrayUnsafe(all))`,
  "effect/ParseResult.TreeFormatter": (at) => `${at.use("effect/SchemaIssue")}.makeFormatterDefault()`
}

export const valueRules = { ...values, ...schemaValues }

/** In the sources of core, a resumed fiber continues in a microtask, as on Effect 3. */
const resumes: Rule = (node, at) =>
  at.memberOf(node) === "effect/Effect.async" && at.isIn("packages/core/src")
    ? `${at.useFile("packages/core/src/internal/services/resume.ts", "Resume")}.callback`
    : undefined

const valueForms: Rule = (node, at) => {
  const member = at.memberOf(node)
  return member === undefined ? undefined : own(valueRules, member)?.(at)
}

/** `FiberId.none` as an argument. On Effect 4, an interruption names no fiber. */
const fiberIds: Rule = (node, at) =>
  ts.isPropertyAccessExpression(node) && at.moduleOf(node.expression) === "effect/FiberId" ? "" : undefined

const formatters: Rule = (node, at) => {
  if (!ts.isPropertyAccessExpression(node) || at.memberOf(node.expression) !== "effect/ParseResult.TreeFormatter") {
    return undefined
  }
  if (node.name.text === "formatErrorSync") return "String"
  return node.name.text === "formatIssueSync" ? at.render(node.expression) : undefined
}

/** The handlers `onLeft` and `onRight` of an `Either`. A `Result` has `onFailure` and `onSuccess`. */
const ends: Rule = (node, at) => {
  if (!ts.isIdentifier(node) || !ts.isPropertyAssignment(node.parent) && !ts.isMethodDeclaration(node.parent)) {
    return undefined
  }
  if (node.parent.name !== node || (node.text !== "onLeft" && node.text !== "onRight")) return undefined
  const call = node.parent.parent.parent
  return at.calleeOf(call)?.startsWith("effect/Either.") === true
    ? node.text === "onLeft" ? "onFailure" : "onSuccess"
    : undefined
}

/** The calls that push elements into a stream: `emit.single`, `emit.end`, `emit.fail`. */
const emits: Rule = (node, at) => {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined
  const { expression, name } = node.expression
  const declared = at.checker.getSymbolAtLocation(name)?.declarations?.[0]?.getSourceFile().fileName ?? ""
  if (!declared.endsWith("/StreamEmit.d.ts")) return undefined
  const queue = at.use("effect/Queue")
  const emit = at.render(expression)
  switch (name.text) {
    case "single":
      return `${queue}.offerUnsafe(${
        [emit, ...(node.arguments.length === 0 ? ["undefined"] : args(node, at))].join(", ")
      })`
    case "end":
      return `${queue}.endUnsafe(${emit})`
    case "fail":
      return `${queue}.failCauseUnsafe(${emit}, ${at.use("effect/Cause")}.fail(${args(node, at).join(", ")}))`
    default:
      return undefined
  }
}

/** The members of a cause. On Effect 4 a cause is a list of reasons. The sources read members only of causes with one reason. */
const causes: Rule = (node, at) => {
  if (!ts.isPropertyAccessExpression(node)) return undefined
  const declared = at.checker.getSymbolAtLocation(node.name)?.declarations?.[0]?.getSourceFile().fileName ?? ""
  if (!declared.endsWith("/effect/dist/dts/Cause.d.ts")) return undefined
  if (at.moduleOf(node.expression) !== undefined) return undefined
  const cause = at.render(node.expression)
  switch (node.name.text) {
    case "_tag":
      return `${cause}.reasons[0]?._tag`
    case "error":
    case "defect":
      return `${cause}.reasons[0].${node.name.text}`
    default:
      return undefined
  }
}

/** `const { error } = cause`. */
const causeParts: Rule = (node, at) => {
  if (!ts.isVariableDeclaration(node) || node.initializer === undefined) return undefined
  if (!ts.isObjectBindingPattern(node.name) || !at.isCause(node.initializer)) return undefined
  return `${at.render(node.name)} = ${at.render(node.initializer)}.reasons[0]`
}

/** In a span of Effect 4, `annotations` has the place of `context`. */
const spanContexts: Rule = (node, at) =>
  ts.isIdentifier(node) && node.text === "context" &&
    ts.findAncestor(node, (above) => at.calleeOf(above) === "effect/Tracer.make") !== undefined
    ? "annotations"
    : undefined

const tracers: Rule = (node, at) =>
  ts.isPropertyAccessExpression(node) && node.name.text === "currentTracer" && at.isDeclaredByEffect(node.name)
    ? `(${at.render(node.expression)}.cache.tracer ?? ${at.use("effect/Tracer")}.nativeTracer)`
    : undefined

/** `Effect.Effect.Error<X>` is `Effect.Error<X>`, `Context.Tag.Service<X>` is `Context.Service.Shape<X>`. */
const nestedTypes: Rule = (node, at) => {
  if (!ts.isQualifiedName(node) || !ts.isQualifiedName(node.left)) return undefined
  const type = at.memberOf(node.left) ?? ""
  if (type === "effect/Context.Tag") {
    return node.right.text === "Service" ? `${at.render(node.left.left)}.Service.Shape` : undefined
  }
  return /^effect\/(\w+)\.\1$/.test(type)
    ? `${at.render(node.left.left)}.${node.right.text === "Context" ? "Services" : node.right.text}`
    : undefined
}

/** `Context.Tag(id)<X, Shape>()`. */
const tags: Rule = (node, at) => {
  if (!ts.isCallExpression(node)) return undefined
  const inner = node.expression
  if (!ts.isCallExpression(inner) || at.calleeOf(inner) !== "effect/Context.Tag") return undefined
  return `${at.use("effect/Context")}.Service${typed(node, at)}()(${args(inner, at).join(", ")})`
}

/** `Context.Tag` as the type of any tag. */
const tagTypes: Rule = (node, at) =>
  ts.isQualifiedName(node) && at.memberOf(node) === "effect/Context.Tag" && !ts.isQualifiedName(node.parent)
    ? `${at.use("effect/Context")}.Key`
    : undefined

/** `runtime.context`. On Effect 4 a runtime is a context. */
const runtimes: Rule = (node, at) =>
  ts.isPropertyAccessExpression(node) && node.name.text === "context" &&
    declaredBy(node.name, at, "/effect/dist/dts/Runtime.d.ts")
    ? at.render(node.expression)
    : undefined

/** `Stream.StreamTypeId in value`. */
const streamTests: Rule = (node, at) =>
  ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.InKeyword &&
    at.memberOf(node.left) === "effect/Stream.StreamTypeId"
    ? `${at.use("effect/Stream")}.isStream(${at.render(node.right)})`
    : undefined

const referenceOf = (node: ts.Node | undefined, at: File): ts.CallExpression | undefined => {
  if (node === undefined || !ts.isClassDeclaration(node)) return undefined
  const call = node.heritageClauses?.[0]?.types[0]?.expression
  if (call === undefined || !ts.isCallExpression(call) || !ts.isCallExpression(call.expression)) return undefined
  const { expression } = call.expression
  if (!ts.isPropertyAccessExpression(expression) || expression.name.text !== "Reference") return undefined
  return expression.expression.getText() === "Context" && at.program !== undefined ? call : undefined
}

/** `class X extends Context.Reference<X>()(id, { defaultValue })` is a constant on Effect 4. */
const references: Rule = (node, at) => {
  const call = referenceOf(node, at)
  if (call === undefined || !ts.isClassDeclaration(node)) return undefined
  const initial = property(call.arguments[1], "defaultValue")?.initializer
  if (initial === undefined || !ts.isArrowFunction(initial) || initial.type === undefined) {
    throw new Error(`${at.source.fileName}: the default of the reference ${node.name?.text} needs a return type`)
  }
  const context = at.use("effect/Context")
  const type = `${context}.Reference<${at.render(initial.type)}>`
  return `export const ${node.name?.text}: ${type} = ${type}(${args(call, at).join(", ")})`
}

/** A reference as a type. It need not be provided, so its identifier is `never` on Effect 4. */
const referenceTypes: Rule = (node, at) => {
  if (!ts.isTypeReferenceNode(node) || node.typeArguments !== undefined) return undefined
  const symbol = at.checker.getSymbolAtLocation(node.typeName)
  const target = symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0
    ? at.checker.getAliasedSymbol(symbol)
    : symbol
  return target?.declarations?.some((declaration) => referenceOf(declaration, at) !== undefined) === true
    ? "never"
    : undefined
}

/** `Schema.Schema<A, I, R>` is `Schema.Codec<A, I, R, R>`. */
const schemas: Rule = (node, at) => {
  if (!ts.isTypeReferenceNode(node) || at.memberOf(node.typeName) !== "effect/Schema.Schema") return undefined
  const given = node.typeArguments?.map((type) => at.render(type)) ?? []
  // The services of Effect 3 are those of both sides.
  const [services] = given.slice(2)
  return `${at.use("effect/Schema")}.Codec<${[...given, ...(services === undefined ? [] : [services])].join(", ")}>`
}

/** Types of any Schema. */
const anySchemas: Readonly<Record<string, string>> = {
  "effect/Schema.Annotable.All": "Top",
  "effect/Schema.PropertySignature.All": "Top",
  "effect/Schema.Schema.All": "Top",
  "effect/Schema.Schema.AnyNoContext": "Codec<any, any>"
}

const schemaTypes: Rule = (node, at) => {
  if (!ts.isTypeReferenceNode(node) || !ts.isQualifiedName(node.typeName)) return undefined
  const { left, right } = node.typeName
  const type = own(anySchemas, `${at.memberOf(left)}.${right.text}`)
  if (type !== undefined) return `${at.use("effect/Schema")}.${type}`
  return at.memberOf(left) === "effect/Schema.Annotable"
    ? `${node.typeArguments?.map((type) => at.render(type)).join(", ") ?? ""}["Rebuild"]`
    : undefined
}

/** Options that Effect 4 does not have. */
const removed = ["captureStackTrace", "disablePrettyLogger"]

const removedOptions: Rule = (node, at) =>
  ts.isObjectLiteralExpression(node) && node.properties.some((member) => removed.includes(member.name?.getText() ?? ""))
    ? withMembers(node, at, Object.fromEntries(removed.map((name) => [name, undefined])))
    : undefined

const declaredBy = (node: ts.Node, at: File, file: string): boolean =>
  at.checker.getSymbolAtLocation(node)?.declarations?.[0]?.getSourceFile().fileName.endsWith(file) === true

/** On Effect 4, `PlatformError` is one class. `SystemError` and `BadArgument` are values of its `reason`. */
const platformErrors: Rule = (node, at) => {
  const imported = (name: ts.Node) => ts.isIdentifier(name) ? at.importOf(name) : undefined
  if (ts.isNewExpression(node)) {
    const name = imported(node.expression) ??
      at.memberOf(node.expression)?.replace(/^(@effect\/platform\/Error)\./, "$1#")
    const [options] = node.arguments ?? []
    if (options === undefined || name?.startsWith("@effect/platform/Error#") !== true) return undefined
    const error = at.use("effect/PlatformError")
    return name.endsWith("#BadArgument")
      ? `${error}.badArgument(${at.render(options)})`
      : `${error}.systemError(${at.render(options).replace(/\breason:/, "_tag:")})`
  }
  if (ts.isTypeReferenceNode(node) && imported(node.typeName)?.startsWith("@effect/platform/Error#") === true) {
    return `${at.use("effect/PlatformError")}.PlatformError`
  }
  if (ts.isPropertyAccessExpression(node) && node.name.text === "reason") {
    return declaredBy(node.name, at, "/platform/dist/dts/Error.d.ts")
      ? `${at.render(node.expression)}.reason._tag`
      : undefined
  }
  if (!ts.isBinaryExpression(node) || !ts.isPropertyAccessExpression(node.left)) return undefined
  const { expression, name } = node.left
  if (name.text !== "_tag" || !ts.isStringLiteral(node.right) || node.right.text !== "SystemError") return undefined
  return `${at.render(expression)}.reason._tag !== "BadArgument"`
}

/** `it.scoped` is `it.effect` on Effect 4, and `it.scopedLive` is `it.live`. Properties come from `property.ts`. */
const testers: Rule = (node, at) => {
  if (!ts.isPropertyAccessExpression(node) && !ts.isCallExpression(node)) return undefined
  if (ts.isCallExpression(node)) {
    if (!ts.isPropertyAccessExpression(node.expression) || node.expression.name.text !== "prop") return undefined
    const { expression } = node.expression
    if (!isTester(expression, at)) return undefined
    const isEffects = ts.isPropertyAccessExpression(expression)
    return `${at.useFile("property.ts", "Property")}.${isEffects ? "effect" : "prop"}(${args(node, at).join(", ")})`
  }
  const name = own({ scoped: "effect", scopedLive: "live" }, node.name.text)
  return name !== undefined && isTester(node.expression, at) ? `${at.render(node.expression)}.${name}` : undefined
}

/** `Vitest.MethodsNonLive<R, true>`: on Effect 4, the methods do not tell whether the test services are excluded. */
const testerTypes: Rule = (node, at) =>
  ts.isTypeReferenceNode(node) && at.memberOf(node.typeName) === "@effect/vitest#Vitest.MethodsNonLive" &&
    node.typeArguments?.[0] !== undefined
    ? `${at.render(node.typeName)}<${at.render(node.typeArguments[0])}>`
    : undefined

const isTester = (node: ts.Expression, at: File): boolean =>
  ts.isIdentifier(node)
    ? node.text === "it" || at.moduleOf(node) === "@effect/vitest#it"
    : ts.isPropertyAccessExpression(node) && isTester(node.expression, at)

/** `either._tag === "Left"`. */
const eitherTags: Rule = (node, at) => {
  if (!ts.isStringLiteral(node) || node.text !== "Left" && node.text !== "Right") return undefined
  // The left side of a comparison, or the first argument of an assertion.
  const left = ts.isBinaryExpression(node.parent)
    ? node.parent.left
    : ts.isCallExpression(node.parent)
    ? node.parent.arguments[0]
    : undefined
  if (left === undefined) return undefined
  if (!ts.isPropertyAccessExpression(left) || left.name.text !== "_tag") return undefined
  if (lifted(at.checker.getTypeAtLocation(left.expression)) !== "fromResult") return undefined
  return node.text === "Left" ? "\"Failure\"" : "\"Success\""
}

/** `fiber.await` is a function on Effect 4. */
const awaits: Rule = (node, at) =>
  ts.isPropertyAccessExpression(node) && node.name.text === "await" && at.moduleOf(node.expression) === undefined &&
    declaredBy(node.name, at, "/effect/dist/dts/Fiber.d.ts")
    ? `${at.use("effect/Fiber")}.await(${at.render(node.expression)})`
    : undefined

/** On Effect 4, the failure of a request is a `reason` of `HttpClientError`. */
const httpErrors: Rule = (node, at) => {
  if (!ts.isNewExpression(node) || at.memberOf(node.expression) !== "@effect/platform/HttpClientError.RequestError") {
    return undefined
  }
  const [options] = node.arguments ?? []
  if (options === undefined || !ts.isObjectLiteralExpression(options)) return undefined
  const errors = at.use("effect/http/HttpClientError")
  const reason = `new ${errors}.TransportError(${withMembers(options, at, { reason: undefined })})`
  return `new ${errors}.HttpClientError({ reason: ${reason} })`
}

/** Imports by name from modules that have another name. */
const namedImports: Rule = (node, at) => {
  if (!ts.isImportDeclaration(node) || !ts.isStringLiteral(node.moduleSpecifier)) return undefined
  const bindings = node.importClause?.namedBindings
  const target = named[node.moduleSpecifier.text]
  if (target === undefined || bindings === undefined || !ts.isNamedImports(bindings)) return undefined
  return `import ${node.importClause?.isTypeOnly === true ? "type " : ""}${
    bindings.getText(at.source)
  } from "${target}"`
}

export const rules: Rules = {
  modules,
  rules: [
    namedImports,
    imports,
    tags,
    tagTypes,
    runtimes,
    streamTests,
    storedClasses,
    storedNames,
    references,
    referenceTypes,
    schemas,
    schemaTypes,
    nestedTypes,
    removedOptions,
    testers,
    testerTypes,
    eitherTags,
    awaits,
    httpErrors,
    platformErrors,
    yields,
    branches,
    rights,
    eithers,
    pairs,
    methodForms,
    callForms,
    resumes,
    valueForms,
    fiberIds,
    formatters,
    ends,
    emits,
    causes,
    causeParts,
    spanContexts,
    tracers,
    memberNames,
    methodNames,
    ownClocks,
    ownMethods,
    namespaces
  ]
}
