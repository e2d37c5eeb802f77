/** The folders of the published packages, in the order in which they are built: a package needs only those before it. */
export const packages: ReadonlyArray<string> = ["core", "node", "browser", "testing"]
