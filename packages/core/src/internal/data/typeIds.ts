/** The names of the type ids among an object's own members: `Option` for a symbol such as `effect/Option`. */
export const typeIdsOf = (value: object): ReadonlyArray<string> =>
  Object.getOwnPropertySymbols(value).flatMap(({ description = "" }) => {
    const [, name] = /^@?effect\/(.+)$/.exec(description) ?? []
    return name === undefined ? [] : [name]
  })
