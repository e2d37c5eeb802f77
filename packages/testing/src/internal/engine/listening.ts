/**
 * The message of a server that cannot listen.
 */

/** The names of the settings in the message: options of a function, or of the command line. */
interface Names {
  readonly host: string
  readonly port: string
}

interface ListenFailure {
  readonly host: string
  readonly port: number
  readonly cause: Error
}

/** The message: what happened, and what to do next. */
export const refusal = ({ cause, host, port }: ListenFailure, names: Names): string =>
  `cannot listen on ${host}:${port}: ${advice(cause, names)}`

const advice = (cause: Error, names: Names): string => {
  switch ("code" in cause ? cause.code : undefined) {
    case "EADDRINUSE":
      return `the port is taken: stop the process that listens there, or set ${names.port} to another port, or to 0 for any free one`
    case "EACCES":
      return `only root may use this port: set ${names.port} to 1024 or above, or to 0 for any free one`
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `this machine has no such address: set ${names.host} to one of its own, such as 127.0.0.1`
    default:
      return cause.message
  }
}
