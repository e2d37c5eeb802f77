/**
 * Histories in which a client once broke a promise: they stay. A seed means the same history as long as nothing that draws
 * from it changes; where it had to change, the bug has a test of its own beside the code, and its seed is found again or
 * goes.
 */
export const seeds: ReadonlyArray<{ readonly seed: number; readonly found: string }> = [
  { seed: 4, found: "S1: a token is revoked elsewhere, and what it had subscribed to never comes back" },
  {
    seed: 5,
    found: "R3, R5: the replay goes on during a renewal; what waits to be sent again is said not to have been"
  },
  { seed: 14, found: "A1: subscriptions are asked for with a token that is known to have expired" },
  { seed: 24, found: "C6: a stable connection that is closed on purpose does not reset the pauses" },
  { seed: 73, found: "S4: a gap gives way in a full buffer, and counts as a notification that was lost" },
  { seed: 135, found: "S1: a subscription that is refused with the token of who has logged out ends its stream" },
  { seed: 453, found: "S5: an unsubscribe that is refused with a dead token is taken for done" },
  {
    seed: 1963,
    found: "R5: the client is ready though its session is still being renewed, and what waits for that stays"
  },
  { seed: 5317, found: "O9: a clock that is set back by an hour holds up the outbox for an hour" },
  { seed: 5366, found: "O6: a request that another client has sent meanwhile is withdrawn as unsent" },
  { seed: 8055, found: "S5: a subscribe that is answered late, when it is about to be sent again, is sent again" },
  {
    seed: 8832,
    found:
      "S1: an unsubscribe that was sent twice and takes effect after its deadline ends what has replaced it in silence"
  },
  {
    seed: 11_874,
    found: "S5: a subscribe that was sent twice and is answered after its deadline leaves a room behind"
  },
  { seed: 13_288, found: "S1: a logout that ends with its connection leaves the next one without subscriptions" },
  {
    seed: 113_164_654,
    found: "A1: a request that is made while the connection is opened anew for a user is sent as another"
  },
  { seed: 777_002_297, found: "L1: a fiber that is forked while the client closes goes on" }
]
