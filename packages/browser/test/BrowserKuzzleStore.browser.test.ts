/** A page without access to its storage: a sandboxed frame has no origin, so it has no storage. */
import { assert, live } from "@effect/vitest"
import { Effect } from "effect"
import { inject } from "vitest"

/** A frame of the page while the scope is open, and its report. */
const frameOf = (script: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const frame = document.createElement("iframe")
      frame.sandbox.add("allow-scripts")
      // The text of a script ends at the first such tag.
      frame.srcdoc = `<script type="module">${script.replaceAll("</script", "<\\/script")}</script>`
      return frame
    }),
    (frame) => Effect.sync(() => frame.remove())
  )

const messageOf = (frame: HTMLIFrameElement) =>
  Effect.async<unknown>((resume) => {
    const listener = ({ data, source }: MessageEvent) => {
      if (source === frame.contentWindow) resume(Effect.succeed(data))
    }
    addEventListener("message", listener)
    return Effect.sync(() => removeEventListener("message", listener))
  })

live(
  "a frame that is denied its storage continues without its token store, and reports it",
  () =>
    Effect.gen(function*() {
      const frame = yield* frameOf(inject("sandboxed"))
      const loaded = yield* Effect.fork(messageOf(frame))
      yield* Effect.yieldNow()
      document.body.append(frame)
      assert.strictEqual(yield* loaded, "loaded")
      const outcome = yield* Effect.fork(messageOf(frame))
      yield* Effect.yieldNow()
      frame.contentWindow?.postMessage(inject("kuzzleEmbedded").url, "*")
      const result = JSON.stringify(yield* outcome)
      assert.include(result, "\"denial\":\"SecurityError\"")
      assert.include(result, "\"now\":\"number\"")
      assert.include(result, "TokenStoreFailed: the token store failed to load")
      assert.include(result, "the browser denies localStorage")
    }).pipe(Effect.scoped)
)
