// How a query parameter is read, where upstream's conversion has a rule of its own.

/** A boolean: false when absent, `0` or `false` in whatever case, and true for anything else, an empty value too. */
export function queryFlag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)
  return value !== null && value !== '0' && value.toLowerCase() !== 'false'
}
