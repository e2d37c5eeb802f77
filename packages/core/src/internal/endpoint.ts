/** An address as it may be shown: user, password and query can be secrets. */
export const shown = (url: string): string => url.replace(/^([a-z]+:\/\/)[^/@]*@/i, "$1").replace(/\?.*$/, "")
