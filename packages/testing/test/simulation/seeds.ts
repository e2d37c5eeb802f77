/**
 * Histories in which a client once broke a promise: they stay. A seed means the same history as long as nothing that draws
 * from it changes; where it had to change, the bug has a test of its own beside the code, and its seed is found again or
 * goes.
 */
export const seeds: ReadonlyArray<{ readonly seed: number; readonly found: string }> = [
  { seed: 72, found: "S5: an unsubscribe that is refused with a dead token is taken for done" },
  { seed: 583, found: "S5: an unsubscribe that is refused with a dead token is taken for done" }
]
