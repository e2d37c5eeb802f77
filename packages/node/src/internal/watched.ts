/** The changes of a file that other processes replace. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import * as Path from "node:path"

/** Milliseconds between two checks of the file. Network file systems and some containers send no events. */
const interval = 1000

/** Emits when the file was replaced, created or removed. */
export const changes = (file: string): Stream.Stream<void> =>
  Stream.asyncPush<void>((emit) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        let before = versionOf(file)
        const check = () => {
          const now = versionOf(file)
          if (now === before) return
          before = now
          emit.single()
        }
        const timer = setInterval(check, interval).unref()
        const watcher = watch(Path.dirname(file), check)
        return () => {
          clearInterval(timer)
          watcher?.close()
        }
      }),
      (stop) => Effect.sync(stop)
    ), { bufferSize: 1, strategy: "sliding" })

/** Identifies a version of the file. Each write creates a new file with a new inode. */
const versionOf = (file: string): string | undefined => {
  try {
    const stat = Fs.statSync(file, { throwIfNoEntry: false })
    return stat && `${stat.ino} ${stat.mtimeMs} ${stat.size}`
  } catch {
    return undefined // The next read of the file fails, too, and reports the error.
  }
}

/** If the system sends no events, for example because a limit is reached, only the timer checks the file. */
const watch = (folder: string, listener: () => void): Fs.FSWatcher | undefined => {
  try {
    return Fs.watch(folder, { persistent: false }, listener).on("error", () => {})
  } catch {
    return undefined
  }
}
