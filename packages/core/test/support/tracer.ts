/** A tracer like that of an exporter. It records its spans. */
import { type Exit, Tracer } from "effect"

export interface Recorded extends Tracer.Span {
  readonly options: Tracer.SpanOptions | undefined
  readonly events: Array<{ readonly name: string; readonly attributes: Record<string, unknown> | undefined }>
}

export const recordingTracer = (sampled = true) => {
  const spans: Array<Recorded> = []
  const hex = (length: number) => (spans.length + 1).toString(16).padStart(length, "0")
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind, options) => {
      const attributes = new Map<string, unknown>()
      const events: Recorded["events"] = []
      const own = [...links]
      const span = {
        _tag: "Span" as const,
        name,
        spanId: hex(16),
        traceId: parent._tag === "Some" ? parent.value.traceId : hex(32),
        parent,
        context,
        status: { _tag: "Started", startTime } as Tracer.SpanStatus, // `end` changes it
        attributes,
        links: own,
        sampled,
        kind,
        options,
        events,
        attribute: (key: string, value: unknown) => void attributes.set(key, value),
        event: (name: string, _at: bigint, attributes?: Record<string, unknown>) =>
          void events.push({ name, attributes }),
        addLinks: (links: ReadonlyArray<Tracer.SpanLink>) => void own.push(...links),
        end: (endTime: bigint, exit: Exit.Exit<unknown, unknown>) => {
          span.status = { _tag: "Ended", startTime, endTime, exit }
        }
      }
      spans.push(span)
      return span
    },
    context: (run) => run()
  })
  const named = (name: string) => spans.filter((span) => span.name === name)
  return {
    tracer,
    spans,
    named,
    /** The last span with this name. */
    last: (name: string): Recorded => {
      const span = named(name).at(-1)
      if (span === undefined) throw new Error(`no span ${name} among ${spans.map(({ name }) => name).join(", ")}`)
      return span
    }
  }
}

export const attributesOf = (span: Tracer.Span): Record<string, unknown> => Object.fromEntries(span.attributes)
