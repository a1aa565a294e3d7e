// kubectl apply and create.
//
// What was applied is remembered in an annotation of the object, so that the next apply knows which fields are gone
// from the manifest, and removes those and no others.

import { apiVersionOf } from '../api/resource.ts'
import { resources } from '../api/scheme.ts'
import { inKeyOrder } from '../machinery/go-text.ts'
import { readJson } from '../machinery/json/read.ts'
import { goJson, jsonText } from '../machinery/json/write.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { ask, type Kubectl } from './kubectl.ts'
import type { Manifest } from './manifests.ts'
import { type Located, locate } from './objects.ts'
import { type Json, threeWayPatch } from './three-way-patch.ts'

export interface ApplyOptions {
  readonly dryRun?: boolean
  readonly serverSide?: boolean
  readonly forceConflicts?: boolean
  readonly fieldManager?: string
  readonly validate?: 'Strict' | 'Warn' | 'Ignore'
}

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

export async function apply(to: Kubectl, manifests: readonly Manifest[], options: ApplyOptions): Promise<void> {
  for (const manifest of manifests) {
    const located = await locate(to, manifest)
    const done = options.serverSide ? await applyOnServer(to, located, options) : await applyOne(to, located, options)
    to.stdout(`${located.shown} ${done}${options.dryRun ? ' (server dry run)' : ''}\n`)
  }
}

export async function create(to: Kubectl, manifests: readonly Manifest[], options: ApplyOptions): Promise<void> {
  for (const manifest of manifests) {
    const { object, collection, shown } = await locate(to, manifest)
    const query = writeQuery(options, 'kubectl-create')
    const created = await ask<Manifest>(to, { method: 'POST', path: collection, query, body: object })
    const name = object.metadata.name ? shown : shown.replace(/[^/]*$/, created.metadata.name ?? '')
    to.stdout(`${name} created${options.dryRun ? ' (server dry run)' : ''}\n`)
  }
}

function writeQuery({ dryRun, fieldManager, validate }: ApplyOptions, manager: string) {
  return {
    fieldManager: fieldManager ?? manager,
    fieldValidation: validate ?? 'Strict',
    dryRun: dryRun ? 'All' : undefined,
  }
}

async function applyOnServer(to: Kubectl, { object, path }: Located, options: ApplyOptions): Promise<string> {
  await ask(to, {
    method: 'PATCH',
    path,
    query: { ...writeQuery(options, 'kubectl'), force: String(options.forceConflicts ?? false) },
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: Buffer.from(jsonText(object)),
  })
  return 'serverside-applied'
}

async function applyOne(to: Kubectl, located: Located, options: ApplyOptions): Promise<string> {
  const { object, path, collection, mapping } = located
  const query = writeQuery(options, 'kubectl-client-side-apply')
  const modified = remembering(object)
  let current: Manifest
  try {
    current = await ask<Manifest>(to, { method: 'GET', path })
  } catch (error) {
    if (!isNotFound(error)) throw error
    await ask(to, { method: 'POST', path: collection, query, body: modified })
    return 'created'
  }
  const original = rememberedBy(current)
  if (!original)
    to.stderr(
      `Warning: resource ${mapping.resource}/${object.metadata.name} is missing the ${lastApplied} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n`,
    )
  const schema = resources.find(of => apiVersionOf(of) === object.apiVersion && of.kind === object.kind)?.schema
  const patch = threeWayPatch(original ?? {}, modified as unknown as Json, current as unknown as Json, schema)
  if (Object.keys(patch).length === 0) return 'unchanged'
  const type = schema ? 'strategic-merge-patch' : 'merge-patch'
  const headers = { 'content-type': `application/${type}+json` }
  await ask(to, { method: 'PATCH', path, query, headers, body: Buffer.from(jsonText(patch)) })
  return 'configured'
}

/** The object with itself in its annotation. */
function remembering(object: Manifest): Manifest {
  const { [lastApplied]: _, ...annotations } = object.metadata.annotations ?? {}
  const plain = { ...object, metadata: { ...object.metadata, annotations } }
  const text = `${goJson(inKeyOrder(plain))}\n`
  return { ...plain, metadata: { ...plain.metadata, annotations: { ...annotations, [lastApplied]: text } } }
}

function rememberedBy(object: Manifest): Json | undefined {
  const text = object.metadata.annotations?.[lastApplied]
  if (text === undefined) return undefined
  try {
    return readJson(text) as Json
  } catch {
    return undefined
  }
}
