/** The value of a map that came over the wire: `constructor` is a name like any other there. */
export function ownValue<T>(map: Readonly<Record<string, T>> | undefined | null, key: string): T | undefined {
  return map && Object.hasOwn(map, key) ? map[key] : undefined
}
