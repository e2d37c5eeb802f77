import { it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import type { Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import { Neighbours } from "../src/internal/neighbours.ts"

it("a process with too many open files, which cannot accept probes, continues", async () => {
  const folder = mkdtempSync(join(tmpdir(), "neighbours-"))
  const neighbours = new Neighbours(folder, "me", () => {})
  onTestFinished(() => {
    neighbours.close()
    rmSync(folder, { recursive: true, force: true })
  })
  await neighbours.listen()
  // Node emits an error for each connection that it cannot accept. Without a listener, the process ends.
  const { server } = neighbours as unknown as { readonly server: Server } // the server is private
  for (let i = 0; i < 3; i++) server.emit("error", new Error("accept EMFILE"))
})
