/** An answer of bytes without an envelope, which the real server calls a stream. */
export class Download {
  readonly fileName: string
  readonly contentType: string
  /** The bytes are made while they are read, anew each time. */
  readonly pieces: Iterable<string>
  constructor(fileName: string, contentType: string, pieces: Iterable<string>) {
    this.fileName = fileName
    this.contentType = contentType
    this.pieces = pieces
  }
}
