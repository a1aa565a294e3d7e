// Many like calls, in batches of 1, 2, 4, …: if the first fails, the others most likely would too, and the server is
// spared them.

/** Stops after the batch in which one failed. Answers how many succeeded, and the first failure. */
export async function slowStartBatch(
  count: number,
  call: (index: number) => Promise<unknown>,
): Promise<{ succeeded: number; failed: number; failure?: unknown }> {
  let next = 0
  let succeeded = 0
  for (let size = Math.min(count, 1); size > 0; size = Math.min(2 * size, count - next)) {
    const batch = await Promise.allSettled(Array.from({ length: size }, (_, index) => call(next + index)))
    next += size
    const failed = batch.filter(result => result.status === 'rejected')
    succeeded += size - failed.length
    if (failed.length > 0) return { succeeded, failed: failed.length, failure: failed[0]!.reason }
  }
  return { succeeded, failed: 0 }
}
