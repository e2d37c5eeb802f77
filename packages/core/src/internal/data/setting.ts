/** Checks single values of settings. An error says what is wrong and what was expected. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { InvalidSettingError } from "../../KuzzleError.ts"

/** Why a value is invalid. */
export interface Wrong {
  /** The value as a message shows it. Left out if it may be a secret. */
  readonly value?: string
  /** What was expected. */
  readonly issue: string
}

export type Checked<A> = Either.Either<A, Wrong>

export const wrong = (issue: string, value?: unknown): Either.Either<never, Wrong> =>
  Either.left(value === undefined ? { issue } : { value: written(value), issue })

/** A value as messages show it: text in quotes, any other value as it is. */
export const written = (value: unknown): string => typeof value === "string" ? JSON.stringify(value) : String(value)

export const aDuration = `expected a duration such as "10 seconds", or milliseconds`

/** A duration, zero and infinity included. */
export const span = (input: unknown): Checked<Duration.Duration> =>
  Either.fromOption(Duration.decodeUnknown(input), () => ({ value: written(input), issue: aDuration }))

/** A duration longer than zero. */
export const duration = (input: unknown): Checked<Duration.Duration> => {
  const checked = span(input)
  return Either.isRight(checked) && Duration.toMillis(checked.right) > 0
    ? checked
    : wrong(`${aDuration}, longer than zero`, input)
}

export const integer = (minimum: number, maximum = Number.MAX_SAFE_INTEGER) => (value: unknown): Checked<number> =>
  typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum
    ? Either.right(value)
    : wrong(`expected a whole number from ${minimum} to ${maximum}`, value)

/** The value, or an error that names the setting. */
export const checked = <A>(setting: string, checked: Checked<A>): Either.Either<A, InvalidSettingError> =>
  Either.mapLeft(checked, (wrong) => new InvalidSettingError({ setting, ...wrong }))

/** Like `checked`, for the checks of `attempt`: throws the error. */
export const valid = <A>(setting: string, value: Checked<A>): A =>
  Either.getOrThrowWith(checked(setting, value), (error) => error)

/**
 * Runs checks that throw an `InvalidSettingError`. They are plain functions, because an `Either.gen` for each group of
 * settings takes 5 % of the CPU of opening a client.
 */
export const attempt = <A>(checks: () => A): Either.Either<A, InvalidSettingError> => {
  try {
    return Either.right(checks())
  } catch (error) {
    if (error instanceof InvalidSettingError) return Either.left(error)
    throw error
  }
}

/**
 * The milliseconds of a duration argument. A plain function has no other way to report an error, so this throws the
 * error that a layer would fail with.
 */
export const millis = (setting: string, input: unknown): number => Duration.toMillis(valid(setting, span(input)))
