/** A part of a list, so that several machines can share it. */
export interface Part {
  /** From 1 to `count`. */
  readonly number: number
  readonly count: number
}

/** Reads a part such as `1/3`. */
export const parsePart = (text: string): Part | undefined => {
  const [, number = 0, count = 0] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number)
  return number >= 1 && number <= count ? { number, count } : undefined
}

/** Every `count`th element of the list, from the element `number` on. So the parts of one list never overlap. */
export const partOf = <A>({ count, number }: Part, all: ReadonlyArray<A>): ReadonlyArray<A> =>
  all.filter((_, place) => place % count === number - 1)
