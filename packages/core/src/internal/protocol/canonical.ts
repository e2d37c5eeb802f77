/**
 * JSON with the members of every object in the order of their names. Equal values give equal texts, so equal
 * subscriptions share one room (promise S5).
 */
export const canonical = (value: unknown): string => JSON.stringify(sorted(value))

const sorted = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value
  if ("toJSON" in value && typeof value.toJSON === "function") return sorted(value.toJSON())
  if (Array.isArray(value)) return value.map(sorted)
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([key, member]) => [key, sorted(member)])
  )
}
