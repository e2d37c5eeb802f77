/** The names of the type ids that an object has itself: `Option` for a member such as `~effect/Option`. */
export const typeIdsOf = (value: object): ReadonlyArray<string> =>
  Object.getOwnPropertyNames(value).flatMap((member) => {
    const [, name] = /^~effect\/(.+)$/.exec(member) ?? []
    return name === undefined ? [] : [name]
  })
