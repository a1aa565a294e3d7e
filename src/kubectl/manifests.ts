// What -f names: files, folders (their YAML and JSON, not what is below), or - for standard input.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { KubeObject } from '../api/resource.ts'
import { goJson } from '../machinery/json/write.ts'
import { parseYamlDocuments, YamlSyntaxError } from '../machinery/yaml/parse.ts'
import { KubectlError } from './kubectl.ts'

export type Manifest = KubeObject & { readonly apiVersion: string; readonly kind: string }

/** The objects in them, those in a List one by one. `stdin` is read for -. */
export function readManifests(names: readonly string[], stdin: () => string): Manifest[] {
  if (names.length === 0) throw new KubectlError('must specify one of -f and -k')
  return names.flatMap(name =>
    filesOf(name).flatMap(file => objectsIn(file === '-' ? stdin() : readFileSync(file, 'utf8'), file)),
  )
}

function filesOf(name: string): string[] {
  if (name === '-') return [name]
  let isFolder: boolean
  try {
    isFolder = statSync(name).isDirectory()
  } catch {
    throw new KubectlError(`the path "${name}" does not exist`)
  }
  if (!isFolder) return [name]
  return readdirSync(name)
    .filter(file => /\.(json|ya?ml)$/.test(file))
    .sort()
    .map(file => join(name, file))
}

function objectsIn(text: string, file: string): Manifest[] {
  let documents: any[]
  try {
    documents = parseYamlDocuments(text)
  } catch (error) {
    if (!(error instanceof YamlSyntaxError)) throw error
    throw new KubectlError(`error parsing ${file}: error converting YAML to JSON: ${error.message}`)
  }
  return documents
    .flatMap(document => (document?.kind === 'List' && Array.isArray(document.items) ? document.items : [document]))
    .map(object => {
      const missing = !object?.kind ? "'Kind'" : !object.apiVersion ? "'apiVersion'" : undefined
      if (missing)
        throw new KubectlError(`error validating "${file}": Object ${missing} is missing in '${goJson(object)}'`)
      return object as Manifest
    })
}
