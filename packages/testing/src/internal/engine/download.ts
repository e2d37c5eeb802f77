/** An answer that is bytes, no envelope: what the real server calls a stream. */
export class Download {
  readonly fileName: string
  readonly contentType: string
  readonly content: string
  constructor(fileName: string, contentType: string, content: string) {
    this.fileName = fileName
    this.contentType = contentType
    this.content = content
  }
}
