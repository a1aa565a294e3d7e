// What is asked of every kind in the same way: metadata that is wrong, field validation, deletion, versions of lists,
// field selectors, subresources with methods and bodies that they do not have.

import { resourceFor } from '../../../src/api/scheme.ts'
import type { Asked } from '../connection.ts'
import type { Case, Subject } from '../subject.ts'
import { type ValidObject, validObjects } from '../valid-objects.ts'
import { collectionPath, prepareNamespace } from './validation.ts'

const namespace = 'every-kind'

interface Kind {
  readonly valid: ValidObject
  /** As it is stored. */
  readonly object: any
  readonly collection: string
  readonly path: string
}

/** Their names are fixed, or the rest of the server depends on them. */
const leftAlone = new Set(['customresourcedefinitions', 'apiservices', 'namespaces'])

const isKind = ({ object, resource }: ValidObject, index: number): boolean =>
  !leftAlone.has(resource) &&
  validObjects.findIndex(other => other.resource === resource && other.object.apiVersion === object.apiVersion) ===
    index

const kinds: readonly Kind[] = validObjects.filter(isKind).map(valid => {
  // After those of services in any order: they are chosen by chance.
  const name = valid.resource === 'ipaddresses' ? '10.99.99.99' : `every-${validObjects.indexOf(valid)}`
  const object = JSON.parse(JSON.stringify(valid.object).replaceAll('NAMESPACE', namespace))
  object.metadata = { ...object.metadata, name, labels: { every: 'kind', app: 'web' } }
  const collection = collectionPath(valid, namespace)
  return { valid, object, collection, path: `${collection}/${name}` }
})

const setup: readonly Asked[] = [
  ...prepareNamespace(namespace),
  ...kinds.map(({ collection, object }) => ({ method: 'POST', path: collection, body: object })),
]

const title = ({ object }: Kind) => `${object.kind} ${object.apiVersion}`

/** One change of metadata each. */
const long = 'a'.repeat(300)
const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }
const wrongMetadata: readonly (readonly [name: string, metadata: object])[] = [
  ['generateName: not valid', { generateName: 'Not Valid!' }],
  ['generateName: long', { generateName: long }],
  ['labels: a key', { labels: { 'Not Valid!': 'a' } }],
  ['labels: a value', { labels: { a: 'Not Valid!' } }],
  ['annotations: a key', { annotations: { 'Not Valid!': 'a' } }],
  ['annotations: large', { annotations: { a: 'a'.repeat(262_145) } }],
  ['finalizers: nothing', { finalizers: [''] }],
  ['finalizers: not valid', { finalizers: ['Not Valid!'] }],
  ['finalizers: not qualified', { finalizers: ['mine'] }],
  ['finalizers: both of deletion', { finalizers: ['orphan', 'foregroundDeletion'] }],
  ['finalizers: twice', { finalizers: ['example.com/a', 'example.com/a'] }],
  ['ownerReferences: nothing', { ownerReferences: [{}] }],
  ['ownerReferences: an event', { ownerReferences: [{ ...owner, kind: 'Event' }] }],
  ['ownerReferences: version', { ownerReferences: [{ ...owner, apiVersion: 'a/b/c' }] }],
  ['ownerReferences: twice', { ownerReferences: [owner, owner] }],
  [
    'ownerReferences: two controllers',
    {
      ownerReferences: [
        { ...owner, controller: true },
        { ...owner, uid: 'v', controller: true },
      ],
    },
  ],
  ['generation', { generation: -1 }],
  ['deletionTimestamp', { deletionTimestamp: '2020-01-01T00:00:00Z' }],
  ['deletionGracePeriodSeconds', { deletionGracePeriodSeconds: 5 }],
  ['creationTimestamp', { creationTimestamp: '2020-01-01T00:00:00Z' }],
  ['managedFields', { managedFields: [{ manager: 'm', operation: 'Nothing', apiVersion: 'v1' }] }],
  ['several', { labels: { 'Not Valid!': 'a' }, finalizers: ['mine'], ownerReferences: [{}], generateName: '!' }],
]

const metadata: Subject = {
  name: 'every kind: metadata',
  setup,
  *cases(): Iterable<Case> {
    for (const kind of kinds) {
      const { object, collection, path } = kind
      const create = (name: string, change: object): Case => ({
        name: `${title(kind)}: create: ${name}`,
        method: 'POST',
        path: `${collection}?dryRun=All`,
        body: { ...object, metadata: { ...object.metadata, name: undefined, ...change } },
      })
      for (const name of [
        'Not Valid!',
        'UPPER',
        'a.b',
        'a-',
        '-a',
        '1a',
        'a_b',
        'a/b',
        '..',
        'a%b',
        long,
        'a'.repeat(64),
      ])
        yield create(`name ${name.slice(0, 70)}`, { name })
      // Names are only compared when they are taken: what is generated differs.
      for (const prefix of ['a-', '1', 'a'.repeat(63)]) yield create(`generateName ${prefix}`, { generateName: prefix })
      yield create('no name', {})
      yield create('taken', { name: object.metadata.name })
      yield create('another namespace', { name: 'x', namespace: 'other' })
      for (const [name, change] of wrongMetadata) {
        yield create(name, { name: valueName(kind), ...change })
        yield {
          name: `${title(kind)}: update: ${name}`,
          method: 'PUT',
          path: `${path}?dryRun=All`,
          body: { ...object, metadata: { ...object.metadata, ...change } },
        }
        yield {
          name: `${title(kind)}: patch: ${name}`,
          method: 'PATCH',
          path: `${path}?dryRun=All`,
          headers: { 'content-type': 'application/merge-patch+json' },
          body: { metadata: change },
        }
      }
    }
  },
}

/** A name that is free, and one that the kind may have. */
const valueName = ({ valid }: Kind) => (valid.resource === 'ipaddresses' ? '10.96.99.10' : 'free')

const patchTypes = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

const fieldValidation: Subject = {
  name: 'every kind: field validation',
  *cases(): Iterable<Case> {
    for (const kind of kinds)
      for (const validation of ['Strict', 'Warn', 'Ignore', 'Bogus']) {
        const { object, collection, path } = kind
        const query = `?dryRun=All&fieldManager=m&fieldValidation=${validation}`
        const unknown = { ...object, unknown: 1, metadata: { ...object.metadata, unknown: { a: 1 } } }
        const twice = JSON.stringify(object).replace('"kind":', '"kind":"Twice","kind":')
        const validated = (name: string, asked: Asked): Case => ({
          name: `${title(kind)}: ${name}, ${validation}`,
          ...asked,
        })
        for (const [what, body] of [
          ['unknown', JSON.stringify(unknown)],
          ['twice', twice],
        ] as const) {
          yield validated(`create, ${what}`, {
            method: 'POST',
            path: `${collection}${query}`,
            body: body.replaceAll(object.metadata.name, valueName(kind)),
          })
          yield validated(`update, ${what}`, { method: 'PUT', path: `${path}${query}`, body })
          for (const [type, contentType] of Object.entries(patchTypes))
            yield validated(`${type}, ${what}`, {
              method: 'PATCH',
              path: `${path}${query}${type === 'apply' ? '&force=true' : ''}`,
              headers: { 'content-type': contentType },
              // Of two unknown fields an apply names whichever it meets first in a map of Go.
              body: type === 'apply' && what === 'unknown' ? JSON.stringify({ ...object, unknown: 1 }) : body,
            })
        }
        yield validated('json patch', {
          method: 'PATCH',
          path: `${path}${query}`,
          headers: { 'content-type': 'application/json-patch+json' },
          body: [{ op: 'add', path: '/unknown', value: 1 }],
        })
      }
  },
}

const deletion: Subject = {
  name: 'every kind: deletion',
  *cases(): Iterable<Case> {
    const options = { kind: 'DeleteOptions', apiVersion: 'v1' }
    for (const kind of kinds) {
      const { collection, path } = kind
      for (const query of [
        '',
        '&gracePeriodSeconds=0',
        '&gracePeriodSeconds=-1',
        '&gracePeriodSeconds=7',
        '&propagationPolicy=Foreground',
        '&propagationPolicy=Orphan',
        '&propagationPolicy=Background',
        '&orphanDependents=true',
        '&orphanDependents=false',
        '&propagationPolicy=Bogus',
      ]) {
        yield { name: `${title(kind)}: delete ${query}`, method: 'DELETE', path: `${path}?dryRun=All${query}` }
        yield {
          name: `${title(kind)}: delete collection ${query}`,
          method: 'DELETE',
          path: `${collection}?dryRun=All&labelSelector=every%3Dkind${query}`,
        }
      }
      for (const [name, more] of [
        ['another uid', { preconditions: { uid: 'other' } }],
        ['another version', { preconditions: { resourceVersion: '1' } }],
        ['orphaned', { orphanDependents: true }],
        ['a bad dry run', { dryRun: ['Some'] }],
      ] as const) {
        yield {
          name: `${title(kind)}: delete with ${name}`,
          method: 'DELETE',
          path: `${path}?x=y`,
          body: { dryRun: ['All'], ...options, ...more },
        }
        yield {
          name: `${title(kind)}: delete collection with ${name}`,
          method: 'DELETE',
          path: `${collection}?labelSelector=every%3Dkind`,
          body: { dryRun: ['All'], ...options, ...more },
        }
      }
      yield {
        name: `${title(kind)}: delete collection by name`,
        method: 'DELETE',
        path: `${collection}?dryRun=All&fieldSelector=metadata.name%3D${kind.object.metadata.name}`,
      }
      yield {
        name: `${title(kind)}: delete collection, in pages`,
        method: 'DELETE',
        path: `${collection}?dryRun=All&labelSelector=every%3Dkind&limit=1`,
      }
    }
  },
}

const versions = ['', '0', '1', 'abc']
const matches = ['', 'Exact', 'NotOlderThan', 'Bogus']

const lists: Subject = {
  name: 'every kind: lists',
  *cases(): Iterable<Case> {
    for (const kind of kinds) {
      const { collection } = kind
      const where = '&labelSelector=every%3Dkind'
      for (const version of versions)
        for (const match of matches)
          for (const more of ['', '&limit=1']) {
            // What a server still knows of its first revision is its own affair.
            if (version === '1' && (match === 'Exact' || (match === '' && more !== ''))) continue
            yield {
              name: `${title(kind)}: list ${version} ${match} ${more}`,
              path: `${collection}?resourceVersion=${version}&resourceVersionMatch=${match}${where}${more}`,
            }
          }
      for (const initial of ['', 'true', 'false'])
        for (const match of ['', 'NotOlderThan', 'Exact'])
          for (const version of ['', '0', 'abc'])
            yield {
              name: `${title(kind)}: watch ${version} ${match} ${initial}`,
              path: `${collection}?watch=true&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=${version}&resourceVersionMatch=${match}&sendInitialEvents=${initial}${where}`,
              cutAfter: 500,
            }
    }
  },
}

/** All that any kind has, and some that none has. */
const fields = [
  ...[
    'metadata.name',
    'metadata.namespace',
    'metadata.uid',
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
  ],
  ...['spec.serviceAccountName', 'spec.hostNetwork', 'status.phase', 'status.podIP', 'status.podIPs'],
  ...['status.nominatedNodeName', 'spec.unschedulable', 'type', 'involvedObject.kind', 'involvedObject.namespace'],
  ...['involvedObject.name', 'involvedObject.uid', 'involvedObject.apiVersion', 'involvedObject.resourceVersion'],
  ...['involvedObject.fieldPath', 'reason', 'reportingComponent', 'reportingController', 'source', 'status.successful'],
  ...['spec.clusterIP', 'spec.type', 'status.replicas', 'spec.signerName', 'spec.driver', 'spec.driverName'],
  ...['regarding.kind', 'regarding.name', 'spec.podName', 'spec.nodename', 'name', 'spec', 'status', 'spec.replicas'],
]

const fieldSelectors: Subject = {
  name: 'every kind: field selectors',
  *cases(): Iterable<Case> {
    for (const kind of kinds)
      for (const field of fields)
        for (const [operator, value] of [
          ['=', 'x'],
          ['!=', 'x'],
          ['==', ''],
        ]) {
          const selector = encodeURIComponent(`${field}${operator}${value}`)
          yield {
            name: `${title(kind)}: ${field}${operator}${value}`,
            path: `${kind.collection}?labelSelector=every%3Dkind&fieldSelector=${selector}`,
          }
        }
  },
}

const subresources: Subject = {
  name: 'every kind: subresources',
  *cases(): Iterable<Case> {
    for (const kind of kinds) {
      const { object, path, valid } = kind
      const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion]
      const names = resourceFor(group, version, valid.resource)!.subresources.map(({ name }) => name)
      for (const name of [...names, 'bogus']) {
        // These reach for a kubelet, or for what is behind a Service.
        if (['proxy', 'exec', 'attach', 'portforward', 'log'].includes(name)) continue
        for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
          for (const [what, body] of [
            ['nothing', ''],
            ['nonsense', 'nonsense'],
            ['a list', '[]'],
            ['an empty object', {}],
            ['another kind', { apiVersion: 'v1', kind: 'Status' }],
            ['no name', { ...object, metadata: {} }],
            ['another name', { ...object, metadata: { name: 'other' } }],
            ['the object', object],
          ] as const) {
            if (!['POST', 'PUT', 'PATCH'].includes(method) && what !== 'nothing') continue
            if (method !== 'PATCH')
              yield {
                name: `${title(kind)}/${name}: ${method} ${what}`,
                method,
                path: `${path}/${name}?dryRun=All`,
                body: body === '' ? undefined : body,
              }
            else
              for (const [type, contentType] of Object.entries(patchTypes))
                yield {
                  name: `${title(kind)}/${name}: ${type} ${what}`,
                  method,
                  path: `${path}/${name}?dryRun=All${type === 'apply' ? '&fieldManager=m' : ''}`,
                  headers: { 'content-type': contentType },
                  body: body === '' ? undefined : body,
                }
          }
      }
    }
  },
}

export const everyKind: readonly Subject[] = [metadata, fieldValidation, deletion, lists, fieldSelectors, subresources]
