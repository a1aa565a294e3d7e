// Every function an expression may call in this release, by name.

import type { Overload } from '../overload.ts'
import { overload } from '../overload.ts'
import { authorizationFunctions } from './authorization.ts'
import { formatFunctions } from './formats.ts'
import { listFunctions } from './lists.ts'
import { networkFunctions } from './networks.ts'
import { optionalFunctions } from './optionals.ts'
import { quantityFunctions } from './quantities.ts'
import { regexFunctions } from './regex.ts'
import { standardFunctions } from './standard.ts'
import { stringFunctions } from './strings.ts'
import { urlFunctions } from './urls.ts'
import { versionFunctions } from './versions.ts'

const byName = (...tables: readonly (readonly Overload[])[]): ReadonlyMap<string, readonly Overload[]> => {
  const functions = new Map<string, Overload[]>()
  for (const each of tables.flat()) {
    const known = functions.get(each.fn)
    if (known) known.push(each)
    else functions.set(each.fn, [each])
  }
  return functions
}

const everywhere = [
  standardFunctions,
  stringFunctions,
  listFunctions,
  optionalFunctions,
  regexFunctions,
  urlFunctions,
  quantityFunctions,
  networkFunctions,
  versionFunctions,
  formatFunctions,
  authorizationFunctions,
]

export const library = byName(...everywhere)

const jsonPatch: readonly Overload[] = [
  overload('string_jsonpatch_escapeKey_string', 'jsonpatch.escapeKey(string): string', (key: string) =>
    key.replaceAll('~', '~0').replaceAll('/', '~1'),
  ),
]

/** What mutations may call besides. */
export const mutationLibrary = byName(...everywhere, jsonPatch)
