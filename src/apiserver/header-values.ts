// The values of a header that may come several times, one by one. Node joins them by commas; but a group may have a comma
// in its name.

export interface Headers {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Names and values in turn, as they came over the wire; callers in the same process need none. */
  readonly rawHeaders?: readonly string[] | undefined
}

/** `name` in lower case. */
export function headerValues({ headers, rawHeaders }: Headers, name: string): readonly string[] {
  const value = headers[name]
  if (value === undefined) return []
  if (!rawHeaders || (typeof value === 'string' && !value.includes(',')))
    return typeof value === 'string' ? [value] : value
  const values: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2)
    if (rawHeaders[index]!.toLowerCase() === name) values.push(rawHeaders[index + 1]!)
  return values
}
