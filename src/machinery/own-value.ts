/** The value of a map that came over the wire: `constructor` is a name like any other there. */
export function ownValue<T>(map: Readonly<Record<string, T>> | undefined | null, key: string): T | undefined {
  return map && Object.hasOwn(map, key) ? map[key] : undefined
}

/** Assigns any key safely: `__proto__` is a name like any other in an object that came over the wire. */
export function setKey(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
  else target[key] = value
}
