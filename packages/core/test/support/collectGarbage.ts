/** Runs the garbage collector of V8, for tests that measure the heap. */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose_gc")

// Safe: the flag makes `gc` available.
export const collectGarbage = runInNewContext("gc") as () => void
