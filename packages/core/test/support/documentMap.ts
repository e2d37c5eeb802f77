/** The arrays inside a map of documents. With them, a test can see which arrays two maps share. */
export const arraysOf = (map: ReadonlyMap<string, unknown>): ReadonlyArray<ReadonlyArray<unknown>> => {
  // The test reads a private member to compare the arrays of two maps.
  const { chunks } = map as unknown as { readonly chunks: ReadonlyArray<ReadonlyArray<unknown>> }
  return [chunks, ...chunks]
}
