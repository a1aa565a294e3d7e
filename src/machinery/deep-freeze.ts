/** Freezes a JSON value all the way down, and returns it: for objects that many readers share. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (Array.isArray(value)) for (const item of value) deepFreeze(item)
  else for (const key in value) deepFreeze(value[key])
  return Object.freeze(value)
}

/** A copy that may be changed, all the way down. */
export function deepCopy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(deepCopy) as T
  // Spread first: the copy then has the shape of the original, where one made field by field would become a dictionary.
  const copy = { ...value } as Record<string, unknown>
  for (const key of Object.keys(copy)) {
    const item = copy[key]
    if (typeof item === 'object' && item !== null) copy[key] = deepCopy(item)
  }
  return copy as T
}
