/** The users of the soak's client, which its server knows. */
export const users = ["ada", "grace"] as const
export const password = "lovelace"
