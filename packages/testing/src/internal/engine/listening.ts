/**
 * The message of a server that cannot listen.
 */

/** The names of the settings, as the reader of the message knows them: options of a function or of the command. */
interface Names {
  readonly host: string
  readonly port: string
}

interface Refused {
  readonly host: string
  readonly port: number
  readonly cause: Error
}

/** What happened, and what to do next. */
export const refusal = ({ cause, host, port }: Refused, names: Names): string =>
  `cannot listen on ${host}:${port}: ${advice(cause, names)}`

const advice = (cause: Error, names: Names): string => {
  switch ("code" in cause ? cause.code : undefined) {
    case "EADDRINUSE":
      return `the port is taken: stop what listens there, or set ${names.port} to another, 0 for any free one`
    case "EACCES":
      return `only root may use this port: set ${names.port} to one from 1024 on, or to 0 for any free one`
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `this machine has no such address: set ${names.host} to one of its own, such as 127.0.0.1`
    default:
      return cause.message
  }
}
