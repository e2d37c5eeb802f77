/** The changes of a file that other processes replace. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import * as Path from "node:path"

/** How often the file is checked, in milliseconds, because network file systems and some containers send no events. */
const interval = 1000

/** Emits when the file was replaced, created or removed. */
export const changes = (file: string): Stream.Stream<void> =>
  Stream.asyncPush<void>((emit) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        let before = versionOf(file)
        const look = () => {
          const now = versionOf(file)
          if (now === before) return
          before = now
          emit.single()
        }
        const timer = setInterval(look, interval).unref()
        const watcher = watch(Path.dirname(file), look)
        return () => {
          clearInterval(timer)
          watcher?.close()
        }
      }),
      (stop) => Effect.sync(stop)
    ), { bufferSize: 1, strategy: "sliding" })

/** Each write creates a new file. */
const versionOf = (file: string): string | undefined => {
  try {
    const stat = Fs.statSync(file, { throwIfNoEntry: false })
    return stat && `${stat.ino} ${stat.mtimeMs} ${stat.size}`
  } catch {
    return undefined // reading it fails, too, and is reported
  }
}

/** Without events of the system (a limit is reached, or there are none), only the timer checks. */
const watch = (folder: string, listener: () => void): Fs.FSWatcher | undefined => {
  try {
    return Fs.watch(folder, { persistent: false }, listener).on("error", () => {})
  } catch {
    return undefined
  }
}
