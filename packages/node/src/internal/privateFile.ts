/** Writes files that only their owner can read, independent of the umask. */
import { open, rename, rm } from "node:fs/promises"

/** The modes of files and of the folder: only the owner may read and write. */
export const fileMode = 0o600
export const folderMode = 0o700

/**
 * Writes the whole file and syncs it to the disk. If this fails, the old file remains. `unfinished` is the path of the
 * temporary file: a new one each time, in the same folder. The rename is durable once the folder is synced, too.
 */
export const write = async (file: string, unfinished: string, content: string | Uint8Array): Promise<void> => {
  try {
    // The file must not exist, so that a link of another user is not followed.
    const handle = await open(unfinished, "wx", fileMode)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(unfinished, file)
  } catch (cause) {
    await rm(unfinished, { force: true })
    throw cause
  }
}
