/**
 * Copies the version of core from its `package.json`, where `changeset version` writes it, into its sources. The client sends
 * it to the server.
 */
import * as Fs from "node:fs"
import { fileURLToPath } from "node:url"

const path = (relative: string): string => fileURLToPath(new URL(`../packages/core/${relative}`, import.meta.url))

const { version } = JSON.parse(Fs.readFileSync(path("package.json"), "utf8"))
const file = path("src/internal/data/version.ts")
const before = Fs.readFileSync(file, "utf8")
const after = before.replace(/(export const version = )"[^"]*"/, `$1${JSON.stringify(version)}`)
if (!after.includes(`export const version = ${JSON.stringify(version)}`)) throw new Error(`${file} exports no version`)
Fs.writeFileSync(file, after)
