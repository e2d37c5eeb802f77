/**
 * In Redis, text is bytes. Here it is a string with one character for each byte, so that order, length and equality are
 * those of the bytes.
 */

export type Bytes = string

const ascii = /^[\0-\x7f]*$/

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder("utf-8", { ignoreBOM: true }) }

export const encode = (text: string): Bytes => {
  if (ascii.test(text)) return text
  let bytes = ""
  for (const byte of utf8.encoder.encode(text)) bytes += String.fromCharCode(byte)
  return bytes
}

/** Invalid UTF-8 becomes the replacement character, as in the real server. */
export const decode = (bytes: Bytes): string =>
  ascii.test(bytes) ? bytes : utf8.decoder.decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)))

export const compare = (a: Bytes, b: Bytes): number => (a === b ? 0 : a < b ? -1 : 1)
