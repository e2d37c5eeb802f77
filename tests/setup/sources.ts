/** In tests, the packages resolve to their sources, so no build is necessary. */
const packages = new URL("../../packages/", import.meta.url).pathname

export const sources = [
  { find: /^@effect-kuzzle\/(\w+)$/, replacement: `${packages}$1/src/index.ts` },
  { find: /^@effect-kuzzle\/(\w+)\/(.*)$/, replacement: `${packages}$1/src/$2.ts` }
]
