// What definitions and fields are for, in words. The texts are not in the sources: the build takes them from the type
// comments of the official client package (scripts/descriptions.mjs) into one JSON file beside the bundle; the few that
// it lacks are in own-descriptions.ts.

import { readFileSync } from 'node:fs'
import { ownDefinitionDescriptions, ownFieldDescriptions } from './own-descriptions.ts'

interface Described {
  readonly description: string
  readonly fields: Readonly<Record<string, string>>
}

/** By the client package's model names: V1Pod, CoreV1Event. */
type Descriptions = Readonly<Record<string, Described>>

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

/** A name that several groups have is prefixed with the group. */
function described(definition: string): Described | undefined {
  const [kind = '', version = '', group = ''] = definition.split('.').reverse()
  if (version === 'version') return descriptions()['VersionInfo']
  const model = capitalized(version) + kind
  return descriptions()[capitalized(group) + model] ?? descriptions()[model]
}

const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** The description of a definition, '' if there is none. */
export const definitionDescription = (definition: string): string =>
  described(definition)?.description || (ownDefinitionDescriptions[definition] ?? '')

/** The description of a definition's field, '' if there is none. */
export const fieldDescription = (definition: string, field: string): string =>
  described(definition)?.fields[field] ?? ownFieldDescriptions[`${definition}.${field}`] ?? ''

/** The description of a query parameter, '' if there is none. */
export const parameterDescription = (name: string): string => descriptions()['parameters']?.fields[name] ?? ''
