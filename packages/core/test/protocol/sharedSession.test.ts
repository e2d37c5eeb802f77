/** Changes of a shared session by another client. */
import { assert, describe, it } from "@effect/vitest"
import { elsewhere, type Ours, type Stored } from "../../src/internal/protocol/sharedSession.ts"

const ours = (changes: Partial<Ours> = {}): Ours => ({ token: "one", kuid: "ada", stored: true, ...changes })
const stored = (changes: Partial<Stored> = {}): Stored => ({
  token: "two",
  kuid: "ada",
  expiresAt: undefined,
  ...changes
})

describe("a shared session", () => {
  it("A1: if a known token is no longer stored, another client has logged out", () => {
    assert.strictEqual(elsewhere(ours(), undefined, 0), "LoggedOut")
    assert.strictEqual(elsewhere(ours({ stored: false }), undefined, 0), "Nothing")
    assert.strictEqual(elsewhere(undefined, undefined, 0), "Nothing")
  })

  it("A2: another token of the same user is a renewal, and a token of another user is a login", () => {
    assert.strictEqual(elsewhere(ours(), stored({ token: "one" }), 0), "Nothing")
    assert.strictEqual(elsewhere(ours(), stored(), 0), "Renewed")
    assert.strictEqual(elsewhere(ours(), stored({ kuid: "bob" }), 0), "LoggedIn")
    assert.strictEqual(elsewhere(undefined, stored(), 0), "LoggedIn")
  })

  it("a token that has expired is not taken over", () => {
    assert.strictEqual(elsewhere(ours(), stored({ expiresAt: 5 }), 4), "Renewed")
    assert.strictEqual(elsewhere(ours(), stored({ expiresAt: 5 }), 5), "Nothing")
  })

  it("a token that was set by hand is not shared", () => {
    const byHand = ours({ kuid: undefined, stored: false })
    assert.strictEqual(elsewhere(byHand, stored(), 0), "Nothing")
    assert.strictEqual(elsewhere(byHand, undefined, 0), "Nothing")
  })
})
