/** The names of the type ids among an object's own members: `Option` for a member such as `~effect/Option`. */
export const typeIdsOf = (value: object): ReadonlyArray<string> =>
  Object.getOwnPropertyNames(value).flatMap((member) => {
    const [, name] = /^~effect\/(.+)$/.exec(member) ?? []
    return name === undefined ? [] : [name]
  })
