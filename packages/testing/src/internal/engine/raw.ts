import type { JsonObject } from "./json.ts"

/** A JSON answer without an envelope. Over a WebSocket only its `room` is added (spec 1.3). */
export class Raw {
  readonly content: JsonObject
  constructor(content: JsonObject) {
    this.content = content
  }
}
