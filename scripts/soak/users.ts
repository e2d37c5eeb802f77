/** The users of the soak's server. Its clients log in as them. */
export const users = ["ada", "grace"] as const
export const password = "lovelace"
