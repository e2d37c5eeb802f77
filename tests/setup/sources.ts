/** The packages resolve to their sources in tests, so that no build step stands between a change and its test. */
export const sources = ["core", "node", "browser", "testing"].flatMap((name) => [
  {
    find: new RegExp(`^@effect-kuzzle/${name}$`),
    replacement: new URL(`../../packages/${name}/src/index.ts`, import.meta.url).pathname
  },
  {
    find: new RegExp(`^@effect-kuzzle/${name}/(.*)$`),
    replacement: new URL(`../../packages/${name}/src/$1.ts`, import.meta.url).pathname
  }
])
