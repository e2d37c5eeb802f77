import type { JsonObject } from "./json.ts"

/** An answer without an envelope: over a WebSocket all that is added is its `room` (spec 1.3). */
export class Raw {
  readonly content: JsonObject
  constructor(content: JsonObject) {
    this.content = content
  }
}
