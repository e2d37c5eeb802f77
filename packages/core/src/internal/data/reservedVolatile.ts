/**
 * The members of the volatile data that the client reserves. The server refuses an outdated `sdkName`, and every
 * request with `sdkVersion` (spec 1.2). `sdkInstanceId` identifies the client that caused a notification (spec 3.6).
 */
export const reservedVolatile = (volatile: Readonly<Record<string, unknown>>): string | undefined => {
  if ("sdkVersion" in volatile) return "Kuzzle 2 refuses sdkVersion: use another name"
  if ("sdkName" in volatile) return "sdkName is a setting of its own: use that"
  return "sdkInstanceId" in volatile ? "the client sets sdkInstanceId: use another name" : undefined
}
