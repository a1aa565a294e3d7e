// Work that needs no promise, but where a conversion webhook is in the way: a generator that yields what it waits for. In
// all other cases it is over when the call is.

export type Steps<T> = Generator<Promise<unknown>, T, unknown>

/** The value, waited for if it must be. */
export function* settled<T>(value: T | Promise<T>): Steps<T> {
  return value instanceof Promise ? ((yield value) as T) : value
}

export function walk<T>(steps: Steps<T>): T | Promise<T> {
  return resume(steps, () => steps.next())
}

function resume<T>(steps: Steps<T>, next: () => IteratorResult<Promise<unknown>, T>): T | Promise<T> {
  const { done, value } = next()
  if (done) return value
  return value.then(
    result => resume(steps, () => steps.next(result)),
    error => resume(steps, () => steps.throw(error)),
  )
}
