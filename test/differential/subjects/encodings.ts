// Every kind in every encoding and every form: objects, lists, and the events of a watch as something comes, changes and goes.

import { type Case, json, type Question, type Step, type Subject } from '../subject.ts'
import { type ValidObject, validObjects } from '../valid-objects.ts'
import { collectionPath, prepareNamespace } from './validation.ts'

const namespace = 'encodings'

/** Their names are fixed, or the rest of the server depends on them. */
const leftAlone = new Set(['customresourcedefinitions', 'apiservices', 'namespaces'])

/** Asked until a controller of the server has written the object's status, where one does. */
const settled = ({ resource }: ValidObject, path: string): Question[] =>
  resource === 'flowschemas' ? [{ path, until: answer => json(answer).status?.conditions?.length > 0 }] : []

interface Kind {
  readonly title: string
  readonly valid: ValidObject
  readonly object: any
  readonly collection: string
}

const kinds: readonly Kind[] = validObjects.flatMap((valid, index) => {
  if (leftAlone.has(valid.resource)) return []
  const object = JSON.parse(JSON.stringify(valid.object).replaceAll('NAMESPACE', namespace))
  const name = valid.resource === 'ipaddresses' ? `10.99.98.${index}` : `encoded-${index}`
  object.metadata = { ...object.metadata, name, labels: { encoded: `as-${index}` }, annotations: { of: 'it' } }
  return [
    {
      title: `${object.kind} ${object.apiVersion} ${index}`,
      valid,
      object,
      collection: collectionPath(valid, namespace),
    },
  ]
})

const form = (encoding: string, as: string) => `application/${encoding};as=${as};v=v1;g=meta.k8s.io`
const protobuf = 'vnd.kubernetes.protobuf'

const accepts = (one: 'PartialObjectMetadata' | 'PartialObjectMetadataList'): Readonly<Record<string, string>> => ({
  JSON: 'application/json',
  protobuf: `application/${protobuf}`,
  CBOR: 'application/cbor',
  'a sequence of CBOR': 'application/cbor-seq',
  'CBOR or JSON': 'application/cbor,application/json',
  YAML: 'application/yaml',
  'a table': form('json', 'Table'),
  'a table in protobuf': form(protobuf, 'Table'),
  'a table in YAML': form('yaml', 'Table'),
  'a table in CBOR': form('cbor', 'Table'),
  metadata: form('json', one),
  'metadata in protobuf': form(protobuf, one),
  'metadata in YAML': form('yaml', one),
  'metadata of the beta': form('json', one).replace('v=v1', 'v=v1beta1'),
})

const labelled = ({ object }: Kind) => `labelSelector=encoded%3D${object.metadata.labels.encoded}`

const stored: Subject = {
  name: 'encodings: objects and lists',
  setup: [
    ...prepareNamespace(namespace),
    ...kinds.flatMap(({ valid, object, collection }): Question[] => [
      { method: 'POST', path: collection, body: object },
      ...(valid.status && valid.resource !== 'persistentvolumeclaims'
        ? [
            {
              method: 'PATCH',
              path: `${collection}/${object.metadata.name}/status`,
              body: { status: valid.status },
              headers: { 'content-type': 'application/merge-patch+json' },
            },
          ]
        : []),
      ...settled(valid, `${collection}/${object.metadata.name}`),
    ]),
  ],
  *cases(): Iterable<Case> {
    for (const kind of kinds) {
      const { title, object, collection } = kind
      const path = `${collection}/${object.metadata.name}`
      for (const [name, accept] of Object.entries(accepts('PartialObjectMetadata'))) {
        const headers = { accept }
        yield { name: `${title} as ${name}`, path, headers }
        yield {
          name: `${title}: changed, as ${name}`,
          method: 'PATCH',
          path: `${path}?dryRun=All`,
          body: { metadata: { annotations: { changed: 'yes' } } },
          headers: { ...headers, 'content-type': 'application/merge-patch+json' },
        }
        yield { name: `${title}: deleted, as ${name}`, method: 'DELETE', path: `${path}?dryRun=All`, headers }
        yield {
          name: `${title}: watched from the start, as ${name}`,
          path: `${collection}?watch=true&resourceVersion=0&timeoutSeconds=1&${labelled(kind)}`,
          headers,
          cutAfter: 500,
        }
      }
      for (const [name, accept] of Object.entries(accepts('PartialObjectMetadataList'))) {
        const headers = { accept }
        yield { name: `${title}: list as ${name}`, path: `${collection}?${labelled(kind)}`, headers }
        yield {
          name: `${title}: collection deleted, as ${name}`,
          method: 'DELETE',
          path: `${collection}?dryRun=All&${labelled(kind)}`,
          headers,
        }
      }
    }
  },
}

const watched: Subject = {
  name: 'encodings: events',
  apart: true,
  stories: Object.fromEntries(
    kinds.map((kind): [string, readonly (Case | Step)[]] => {
      const { title, valid, collection } = kind
      const name = valid.resource === 'ipaddresses' ? kind.object.metadata.name.replace('.98.', '.97.') : 'passing'
      const object = {
        ...kind.object,
        metadata: {
          ...kind.object.metadata,
          name: name === 'passing' ? `${name}-${validObjects.indexOf(valid)}` : name,
        },
      }
      const path = `${collection}/${object.metadata.name}`
      const patch = (name: string, metadata: object): Case => ({
        name,
        method: 'PATCH',
        path,
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { metadata },
      })
      const create: Case = { name: 'create', method: 'POST', path: collection, body: object }
      const settling = settled(valid, path).map(question => ({ ...question, name: 'settled' }))
      const before = settling.length > 0 ? [create, ...settling] : []
      const watch = (name: string, accept: string, query = ''): Step => ({
        name: `watched as ${name}`,
        ask: answers => ({
          path: `${collection}?watch=true&timeoutSeconds=1&resourceVersion=${json(answers[before.length]).metadata.resourceVersion}&${labelled(kind)}${query}`,
          headers: { accept },
          cutAfter: 300,
        }),
      })
      return [
        title,
        [
          ...before,
          { name: 'where it stands', path: `${collection}?limit=1&labelSelector=none` },
          ...(before.length > 0 ? [] : [create]),
          patch('note', { annotations: { note: 'a' } }),
          patch('out of the selection', { labels: { encoded: 'not' } }),
          patch('into it again', { labels: { encoded: kind.object.metadata.labels.encoded } }),
          { name: 'delete', method: 'DELETE', path: `${path}?gracePeriodSeconds=0` },
          patch('let go', { finalizers: null }),
          ...Object.entries(accepts('PartialObjectMetadata')).map(([name, accept]) => watch(name, accept)),
          watch('a table of names', form('json', 'Table'), '&includeObject=None'),
          watch('a table of objects', form('json', 'Table'), '&includeObject=Object'),
          watch('a list of metadata', form('json', 'PartialObjectMetadataList')),
          watch('JSON with bookmarks', 'application/json', '&allowWatchBookmarks=true'),
          watch('pretty JSON', 'application/json', '&pretty=true'),
        ],
      ]
    }),
  ),
}

export const encodings: readonly Subject[] = [stored, watched]
