/** Runs an example as its `start` script does, with an embedded Kuzzle. Resolves with the lines that it printed. */
import { execFile } from "node:child_process"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"

const tsx = createRequire(import.meta.url).resolve("tsx/cli")

export const run = (example: string): Promise<ReadonlyArray<string>> => {
  const { KUZZLE_URL: _, ...env } = process.env
  const cwd = fileURLToPath(new URL(`../../${example}`, import.meta.url))
  return new Promise((resolve, reject) =>
    execFile(
      process.execPath,
      [tsx, "--tsconfig", "../../tsconfig.json", "src/main.ts"],
      { cwd, env, timeout: 50_000 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout.trimEnd().split("\n"))
        else reject(new Error(`${error.message}\n${stdout}${stderr}`))
      }
    )
  )
}
