/** The address of an error's explanation on the documentation site, as the errors of `@effect-kuzzle/core` have it. */
export const helpOf = ({ _tag }: { readonly _tag: string }): string =>
  `https://effect-kuzzle.github.io/effect-kuzzle/reference/errors#${_tag.toLowerCase()}`
