// What definitions and fields are for, in words. The texts are not in the sources: the build takes them from the type
// comments of the official client package (scripts/descriptions.mjs) into one JSON file beside the bundle.

import { readFileSync } from 'node:fs'

interface Described {
  readonly description?: string
  readonly fields: Readonly<Record<string, string>>
}
export type Descriptions = Readonly<Record<string, Described>>

/** Beside the bundle, or where the build puts it when the sources run as they are. */
const places = ['./descriptions.json', '../../dist/descriptions.json']

let loaded: Descriptions | undefined

function descriptions(): Descriptions {
  if (loaded) return loaded
  for (const place of places) {
    try {
      loaded = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as Descriptions
      return loaded
    } catch {}
  }
  loaded = {}
  return loaded
}

/** The description of a definition, '' if there is none. */
export const definitionDescription = (definition: string): string => descriptions()[definition]?.description ?? ''

/** The description of a definition's field, '' if there is none. */
export const fieldDescription = (definition: string, field: string): string =>
  descriptions()[definition]?.fields[field] ?? ''
