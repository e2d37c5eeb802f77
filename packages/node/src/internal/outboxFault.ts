/** Explains why the folder of an outbox failed, and says what to do about it. */
import type { OutboxError } from "@effect-kuzzle/core/KuzzleError"
import { NewerVersion } from "./outboxFolder.ts"

export interface Fault {
  readonly reason: OutboxError["reason"]
  readonly issue: string
}

export const issueOf = (folder: string, cause: unknown): Fault => {
  if (cause instanceof NewerVersion) {
    return {
      reason: "Unavailable",
      issue: `a later release has written ${cause.message} into ${folder}: update this one, or choose another folder`
    }
  }
  const { code = "", message, syscall }: Partial<NodeJS.ErrnoException> = cause instanceof Error
    ? cause
    : { message: String(cause) }
  const [reason, issue] = (syscall === "watch" ? watching[code] : undefined) ?? known[code] ??
    (["Failed", "the file system failed"] as const)
  return { reason, issue: `${folder}: ${issue} (${message})` }
}

const known: { readonly [code: string]: readonly [OutboxError["reason"], string] } = {
  ENOSPC: ["Full", "the disk is full: free some space"],
  EDQUOT: ["Full", "the quota of the disk is reached: free some space, or raise it"],
  EROFS: ["Unavailable", "the file system is read-only: choose a folder that can be written"],
  EACCES: ["Unavailable", "access is denied: give this user access to the folder, or choose another one"],
  EPERM: ["Unavailable", "access is denied: give this user access to the folder, or choose another one"],
  ENOTDIR: ["Unavailable", "a part of the path is a file: choose a folder"],
  EEXIST: ["Unavailable", "this is a file: choose a folder"],
  ENOENT: ["Failed", "the folder was removed while it was in use: start the client again"],
  EMFILE: ["Failed", "the process has too many open files: raise its limit (ulimit -n)"],
  ENFILE: ["Failed", "the machine has too many open files: close some, or raise its limit (fs.file-max)"]
}

const limit = "too many folders are watched: raise fs.inotify.max_user_watches and max_user_instances"

const watching: { readonly [code: string]: readonly [OutboxError["reason"], string] } = {
  ENOSPC: ["Unavailable", limit],
  EMFILE: ["Unavailable", limit]
}
