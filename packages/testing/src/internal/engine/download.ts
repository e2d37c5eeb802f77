/** An answer of bytes without an envelope, which the real server calls a stream. */
export class Download {
  readonly fileName: string
  readonly contentType: string
  /** Each iteration produces the bytes again, while they are read. */
  readonly pieces: Iterable<string>
  constructor(fileName: string, contentType: string, pieces: Iterable<string>) {
    this.fileName = fileName
    this.contentType = contentType
    this.pieces = pieces
  }
}
