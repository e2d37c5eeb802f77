/** Who the client of the soak logs in as, and its server knows. */
export const users = ["ada", "grace"] as const
export const password = "lovelace"
