/**
 * Planted bugs of the embedded Kuzzle: each makes it differ from the real server. The recorded answers of the real server find
 * them, or the tests of the engine.
 */
import { inFile, type Mutant } from "./mutant.ts"

const engineFolder = "packages/testing/src/internal/engine"

const conformance = ["tests/conformance.test.ts"]
const engineTests = ["packages/testing/test/KuzzleEngine.test.ts"]

export const engine: ReadonlyArray<Mutant> = [
  ...inFile(`${engineFolder}/storage.ts`, [
    {
      name: "a search sees a document as soon as it is written",
      breaks: "near-real-time searches",
      in: "Collection.refreshIfDue",
      find: `this.unrefreshedSince !== undefined && now - this.unrefreshedSince >= this.interval`,
      replace: `this.unrefreshedSince !== undefined`,
      tests: engineTests
    },
    {
      name: "the versions of a deleted document begin again at 1",
      breaks: "document versions",
      in: "Collection.versionOf",
      find: `tombstone !== undefined && tombstone.until > now ? tombstone.version : 0`,
      replace: `tombstone !== undefined && tombstone.until > now ? 0 : 0`,
      tests: engineTests
    },
    {
      name: "a scroll continues after its last page",
      breaks: "scrolls",
      in: "Storage.scroll",
      find: `if (remaining > 0)`,
      replace: ``,
      tests: conformance
    },
    {
      name: "a script that is not stored is accepted",
      breaks: "refused searches",
      in: "checkScripts",
      find: `name !== "id" && name !== "params"`,
      replace: `name === ""`,
      tests: conformance
    }
  ]),
  ...inFile(`${engineFolder}/writes.ts`, [
    {
      name: "mCreate overwrites documents",
      breaks: "creation",
      in: "kinds",
      find: `typeof id === "string" && collection.get(id) !== undefined ? ["document already exists", 400] : undefined`,
      replace: `undefined`,
      tests: conformance
    },
    {
      name: "a client can choose the author of a document",
      breaks: "metadata of documents",
      in: "withCreated",
      find: `_kuzzle_info: created(call), ...withoutMetadata(contentOf(document))`,
      replace: `_kuzzle_info: created(call), ...contentOf(document)`,
      tests: conformance
    }
  ]),
  ...inFile(`${engineFolder}/realtime.ts`, [
    {
      name: "a filter with its keys in another order gets another room",
      breaks: "rooms",
      in: "Realtime.subscribe",
      find: `canonical({ filter, index, collection })`,
      replace: `JSON.stringify({ filter, index, collection })`,
      tests: engineTests
    },
    {
      name: "a document that leaves a room causes no notification",
      breaks: "notifications",
      in: "Realtime.notifyOf",
      find: `this.send(departed, "out", request, change)`,
      replace: `this.send([], "out", request, change)`,
      tests: conformance
    },
    {
      name: "a last write that matches no filter is forgotten if the request wrote the document several times",
      breaks: "notifications",
      in: "Realtime.notify",
      find: `changes[i]?.action === "delete" || notified[i]?.inside.length === 0`,
      replace: `changes[i]?.action === "delete"`,
      tests: conformance
    },
    {
      name: "a channel for entering users only is not notified of them",
      breaks: "presence",
      in: "Realtime.addMember",
      find: `channel.users === "all" || channel.users === "in"`,
      replace: `channel.users === "all"`,
      tests: conformance
    },
    {
      name: "a room without members is kept",
      breaks: "rooms",
      in: "Realtime.unsubscribe",
      find: `if (room.members.size === 0)`,
      replace: `if (room.members.size < 0)`,
      tests: conformance
    }
  ]),
  ...inFile(`${engineFolder}/sessions.ts`, [
    {
      name: "a token can be refreshed twice",
      breaks: "refreshing tokens",
      in: "Sessions.refresh",
      find: `if (old.refreshed) throw error("security.token.invalid")`,
      replace: ``,
      tests: conformance
    },
    {
      name: "a refreshed token is revoked at once",
      breaks: "refreshing tokens",
      in: "Sessions.refresh",
      find: `now + this.options.gracePeriod`,
      replace: `now`,
      tests: conformance
    },
    {
      name: "a connection is notified of the expiry of a token that it has replaced",
      breaks: "expiry of tokens",
      in: "Sessions.link",
      find: `this.detach(current, connectionId)`,
      replace: ``,
      tests: engineTests
    },
    {
      name: "a single-use token can be used again",
      breaks: "single-use tokens",
      in: "Sessions.endIfSingleUse",
      find: `token.singleUse ? this.revoke(token) : []`,
      replace: `[]`,
      tests: conformance
    }
  ]),
  ...inFile(`${engineFolder}/tokens.ts`, [
    {
      name: "two logins of a user within a second give two tokens",
      breaks: "tokens",
      in: "sign",
      find: `Math.floor(now / 1000)`,
      replace: `now / 1000`,
      tests: engineTests
    }
  ]),
  ...inFile(`${engineFolder}/engine.ts`, [
    {
      name: "rights are not checked",
      breaks: "rights",
      in: "Engine.run",
      find: `!this.state.users.isAllowed(user, request)`,
      replace: `user._id === ""`,
      tests: engineTests
    },
    {
      name: "subscriptions outlive the token",
      breaks: "expiry of tokens",
      in: "Engine.notifyExpired",
      find: `this.state.realtime.unsubscribeAll(id, this.now)`,
      replace: ``,
      tests: engineTests
    },
    {
      name: "a message of any size is read",
      breaks: "limits",
      in: "Engine.receive",
      find: `frame.length * 3 > limit && new TextEncoder().encode(frame).length > limit`,
      replace: `frame.length < 0`,
      tests: ["packages/testing/test/KuzzleTestServer.test.ts"]
    }
  ]),
  ...inFile(`${engineFolder}/timeValue.ts`, [
    {
      name: "a duration may be negative",
      breaks: "durations",
      in: "parse",
      find: `Number(amount) < -1`,
      replace: `Number(amount) < -Infinity`,
      tests: conformance
    }
  ]),
  ...inFile(`${engineFolder}/routes.ts`, [
    {
      name: "an empty name at the end of a path is ignored",
      breaks: "routes",
      in: "segments",
      find: `name !== "" || i === length - 1`,
      replace: `name !== "" || i === length`,
      tests: conformance
    }
  ]),
  ...inFile("packages/testing/src/KuzzleTestServer.ts", [
    {
      name: "answers for a client that does not read are buffered without a limit",
      breaks: "limits",
      in: "serve",
      find: `client.bufferedAmount > maxBufferedBytes`,
      replace: `client.bufferedAmount > Infinity`,
      tests: ["packages/testing/test/KuzzleTestServer.test.ts"]
    }
  ]),
  ...inFile(`${engineFolder}/roles.ts`, [
    {
      name: "a role that allows every action also allows one that it denies by name",
      breaks: "rights",
      in: "allows",
      find: `(Object.hasOwn(rights.actions, action) ? rights.actions[action] : rights.actions["*"]) === true`,
      replace: `rights.actions[action] === true || rights.actions["*"] === true`,
      tests: conformance
    }
  ]),
  ...inFile(`${engineFolder}/profiles.ts`, [
    {
      name: "a role that is restricted to one index applies to all",
      breaks: "rights",
      in: "covers",
      find: `if (collections === undefined) return false`,
      replace: `if (collections === undefined) return true`,
      tests: conformance
    }
  ]),
  ...inFile(`${engineFolder}/redis/database.ts`, [
    {
      name: "a key of the memory storage never expires",
      breaks: "memory storage",
      in: "Database.entry",
      find: `entry.expiresAt > this.now`,
      replace: `entry.expiresAt > 0`,
      tests: ["tests/memoryStorage.test.ts"]
    }
  ])
]
