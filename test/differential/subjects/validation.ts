// Validation and defaulting of every kind, on create, on update and of the status: variants of valid objects, one change
// each. All are dry runs, so none depends on another.

import { resourceFor } from '../../../src/api/scheme.ts'
import type { ObjectSchema } from '../../../src/machinery/schema/schema.ts'
import type { Asked } from '../connection.ts'
import { type MutationOptions, variants } from '../mutations.ts'
import type { Case, Subject } from '../subject.ts'
import { type ValidObject, validObjects } from '../valid-objects.ts'

const namespace = 'validation'

const withNamespace = (value: any): any => JSON.parse(JSON.stringify(value).replaceAll('NAMESPACE', namespace))

const groupPath = (apiVersion: string) => (apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`)

export function collectionPath({ object, resource, namespaced }: ValidObject, inNamespace = namespace): string {
  return `${groupPath(object.apiVersion)}/${namespaced ? `namespaces/${inNamespace}/` : ''}${resource}`
}

export const prepareNamespace = (name: string): Asked[] => [
  { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name } } },
  { method: 'POST', path: `/api/v1/namespaces/${name}/serviceaccounts`, body: { metadata: { name: 'default' } } },
]

export const titleOf = ({ title, object }: ValidObject) => title ?? `${object.kind} ${object.apiVersion}`

const podSpecs = ['io.k8s.api.core.v1.PodSpec']
const metadata = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

function optionsFor({ object }: ValidObject, more: MutationOptions = {}): MutationOptions {
  const skipped = new Set<string>([
    ...(object.kind === 'Pod' ? [] : podSpecs),
    ...(['ConfigMap', 'Node'].includes(object.kind) ? [] : [metadata]),
    ...(object.kind === 'CustomResourceDefinition'
      ? ['io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps']
      : []),
  ])
  return {
    depth: 2,
    without: ['apiVersion', 'kind', 'metadata.managedFields'],
    skip: (schema: ObjectSchema) => skipped.has(schema.name),
    ...more,
  }
}

function schemaOf({ object, resource }: ValidObject): ObjectSchema {
  const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion]
  const found = resourceFor(group, version, resource)
  if (!found) throw new Error(`no ${resource} in ${object.apiVersion}`)
  return found.schema
}

const subjectName = (verb: string, valid: ValidObject) => `${verb} ${titleOf(valid)}`

function create(valid: ValidObject): Subject {
  return {
    name: subjectName('create', valid),
    *cases(): Iterable<Case> {
      const base = withNamespace(valid.object)
      const path = `${collectionPath(valid)}?dryRun=All`
      yield { name: 'as it is', method: 'POST', path, body: base }
      yield { name: 'all of the status', method: 'POST', path, body: { ...base, status: valid.status } }
      for (const { name, object } of variants(schemaOf(valid), base, optionsFor(valid)))
        yield { name, method: 'POST', path, body: object }
      for (const { name, object } of variants(schemaOf(valid), base, optionsFor(valid, { types: true })))
        yield { name, method: 'POST', path, body: object }
    },
  }
}

function update(valid: ValidObject): Subject {
  const base = withNamespace(valid.object)
  const stored =
    valid.object.kind === 'IPAddress' ? { ...base, metadata: { ...base.metadata, name: '10.96.77.7' } } : base
  return {
    name: subjectName('update', valid),
    setup: [{ method: 'POST', path: collectionPath(valid), body: stored }],
    *cases(): Iterable<Case> {
      const path = `${collectionPath(valid)}/${stored.metadata.name}?dryRun=All`
      yield { name: 'as it is', method: 'PUT', path, body: stored }
      const options = optionsFor(valid, {
        // Pods are large, and little of them may change.
        depth: valid.object.kind === 'Pod' ? 0 : 1,
        without: ['apiVersion', 'kind', 'metadata.managedFields', 'status'],
      })
      for (const { name, object } of variants(schemaOf(valid), stored, options))
        yield { name, method: 'PUT', path, body: object }
    },
  }
}

function status(valid: ValidObject): Subject {
  const base = withNamespace(valid.object)
  return {
    name: subjectName('status of', valid),
    *cases(): Iterable<Case> {
      const path = `${collectionPath(valid)}/${base.metadata.name}/status?dryRun=All`
      const whole = { ...base, status: valid.status }
      yield { name: 'as it is', method: 'PUT', path, body: whole }
      const options = optionsFor(valid, { depth: 1, without: ['apiVersion', 'kind', 'metadata', 'spec', 'webhooks'] })
      for (const { name, object } of variants(schemaOf(valid), whole, options))
        yield { name, method: 'PUT', path, body: object }
    },
  }
}

/** Of each kind the last title is the one that is stored and updated. */
export const validation: readonly Subject[] = [
  { name: 'the namespace of the variants', setup: prepareNamespace(namespace) },
  ...validObjects.map(create),
  ...validObjects.flatMap(valid => {
    const stands = { ...valid, object: renamed(valid) }
    return [update(stands), ...(valid.status ? [status(stands)] : [])]
  }),
]

/** Objects that are stored need names of their own. */
function renamed(valid: ValidObject): any {
  if (['v1.things.example.com', 'things.example.com'].includes(valid.object.metadata.name)) return valid.object
  const same = validObjects.filter(other => other.resource === valid.resource && other !== valid)
  if (same.length === 0) return valid.object
  const name = `web-${validObjects.indexOf(valid)}`
  return { ...valid.object, metadata: { ...valid.object.metadata, name } }
}
