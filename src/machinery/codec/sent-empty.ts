// Lists and maps that a client sends with nothing in them. The normal form has no place for them, as nothing that is stored
// has; but until it is stored upstream tells them from what was not sent: who manages them, what is said of them.
//
// `decode.ts` notes them in the object that they are missing from, where JSON does not see it and copies keep it.

const fields = Symbol('sent empty')

interface Noted {
  [fields]?: readonly string[]
}

export function noteSentEmpty(object: object, names: readonly string[]): void {
  ;(object as Noted)[fields] = names
}

/** In an object that is changed. */
export function forgetSentEmpty(object: object, name: string): void {
  const noted = (object as Noted)[fields]
  if (noted)
    noteSentEmpty(
      object,
      noted.filter(field => field !== name),
    )
}

export function wasSentEmpty(object: object | null | undefined, name: string): boolean {
  return (object as Noted | null | undefined)?.[fields]?.includes(name) ?? false
}
