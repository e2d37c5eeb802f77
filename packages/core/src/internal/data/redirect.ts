/** Redirects are never followed, because the request may carry a password, a token or a cookie. */
import { withoutSecrets } from "./endpoint.ts"

/**
 * The statuses of redirects. In browsers, `fetch` with `redirect: "manual"` shows a redirect as status 0, without its
 * target.
 */
const statuses: ReadonlySet<number> = new Set([0, 301, 302, 303, 307, 308])

export const is = (status: number): boolean => statuses.has(status)

/** The target of a redirect, without its secrets. */
export const target = (location: string | ReadonlyArray<string> | undefined): string | undefined =>
  typeof location === "string" && location !== "" ? withoutSecrets(location).slice(0, 200) : undefined

/** Explains a redirect that was not followed, and what to do. */
export const issue = (status: number, location: string | undefined): string =>
  `${status === 0 ? "it is a redirect" : `HTTP status ${status} is a redirect`}${
    location === undefined ? "" : ` to ${location}`
  }. The client does not follow it, because the request may carry credentials: set url to the final address${
    status === 0 ? " (browsers hide it; curl -i shows it)" : ""
  }`
