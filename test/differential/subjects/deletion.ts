// How things go: grace periods, finalizers, preconditions, propagation, dry runs, whole collections; namespaces and what is
// in them. What each deletion answers, and what is there afterwards.

import { DeleteOptions } from '../../../src/api/meta/v1/options.ts'
import { encodeObjectEnvelope } from '../../../src/machinery/codec/protobuf.ts'
import type { Answered, Asked } from '../connection.ts'
import { type Case, json, type Step, type Subject } from '../subject.ts'
import { prepareNamespace } from './validation.ts'

const namespace = 'deletion'
const inNamespace = `/api/v1/namespaces/${namespace}`
const merge = { 'content-type': 'application/merge-patch+json' }
const protobuf = { 'content-type': 'application/vnd.kubernetes.protobuf' }
const options = { kind: 'DeleteOptions', apiVersion: 'v1' }

interface Thing {
  readonly collection: string
  readonly object: any
}

const containers = [{ name: 'c', image: 'i' }]
const template = { metadata: { labels: { app: 'web' } }, spec: { containers } }
const finalizers = ['example.com/f']

/** By what is special about their deletion. */
const things: Readonly<Record<string, Thing>> = {
  'a map': { collection: `${inNamespace}/configmaps`, object: { data: { a: '1' } } },
  'a map with a finalizer': { collection: `${inNamespace}/configmaps`, object: { metadata: { finalizers } } },
  'a map that orphans': { collection: `${inNamespace}/configmaps`, object: { metadata: { finalizers: ['orphan'] } } },
  'a map that waits for its own': {
    collection: `${inNamespace}/configmaps`,
    object: { metadata: { finalizers: ['foregroundDeletion', ...finalizers] } },
  },
  'a pod without a node': { collection: `${inNamespace}/pods`, object: { spec: { containers } } },
  'a pod with a node': { collection: `${inNamespace}/pods`, object: { spec: { nodeName: 'n', containers } } },
  'a pod with a grace period': {
    collection: `${inNamespace}/pods`,
    object: { spec: { nodeName: 'n', containers, terminationGracePeriodSeconds: 5 } },
  },
  'a pod without a grace period': {
    collection: `${inNamespace}/pods`,
    object: { spec: { nodeName: 'n', containers, terminationGracePeriodSeconds: 0 } },
  },
  'a pod with a finalizer': {
    collection: `${inNamespace}/pods`,
    object: { metadata: { finalizers }, spec: { nodeName: 'n', containers } },
  },
  'a deployment': {
    collection: `/apis/apps/v1/namespaces/${namespace}/deployments`,
    object: { spec: { selector: { matchLabels: { app: 'web' } }, template } },
  },
  'a job': {
    collection: `/apis/batch/v1/namespaces/${namespace}/jobs`,
    object: { spec: { template: { spec: { restartPolicy: 'Never', containers } } } },
  },
  'a controller': {
    collection: `${inNamespace}/replicationcontrollers`,
    object: { spec: { selector: { app: 'web' }, template } },
  },
  'a service': { collection: `${inNamespace}/services`, object: { spec: { ports: [{ port: 80 }] } } },
  'a claim': {
    collection: `${inNamespace}/persistentvolumeclaims`,
    object: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  },
  'a node': { collection: '/api/v1/nodes', object: {} },
  'an account': { collection: `${inNamespace}/serviceaccounts`, object: {} },
  'an event': {
    collection: `${inNamespace}/events`,
    object: { involvedObject: { namespace, kind: 'Pod', name: 'x' }, reason: 'r', type: 'Normal' },
  },
}

/** What is wanted, in the body or in the query. */
const wants: Readonly<Record<string, Record<string, unknown>>> = {
  nothing: {},
  'at once': { gracePeriodSeconds: 0 },
  'in a second': { gracePeriodSeconds: 1 },
  'in 30 s': { gracePeriodSeconds: 30 },
  'in no time': { gracePeriodSeconds: -5 },
  Background: { propagationPolicy: 'Background' },
  Foreground: { propagationPolicy: 'Foreground' },
  Orphan: { propagationPolicy: 'Orphan' },
  'orphans left': { orphanDependents: true },
  'no orphans': { orphanDependents: false },
  both: { orphanDependents: true, propagationPolicy: 'Orphan' },
  'in 3 s, Foreground': { gracePeriodSeconds: 3, propagationPolicy: 'Foreground' },
  'at once, Orphan': { gracePeriodSeconds: 0, propagationPolicy: 'Orphan' },
  'a dry run': { dryRun: ['All'] },
  'a dry run, at once': { dryRun: ['All'], gracePeriodSeconds: 0 },
  'a dry run, Foreground': { dryRun: ['All'], propagationPolicy: 'Foreground' },
  'broken things, too': { ignoreStoreReadErrorWithClusterBreakingPotential: true },
  'broken things, too, and more': {
    ignoreStoreReadErrorWithClusterBreakingPotential: true,
    gracePeriodSeconds: 0,
    orphanDependents: true,
    propagationPolicy: 'Orphan',
    preconditions: { uid: 'x' },
    dryRun: ['All'],
  },
}

type How = 'query' | 'body' | 'protobuf' | 'YAML'

function remove(path: string, wanted: Record<string, unknown>, how: How): Asked {
  if (how === 'query') {
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(wanted))
      if (name === 'preconditions') for (const [key, text] of Object.entries(value as object)) query.set(key, text)
      else query.append(name, String(value))
    return { method: 'DELETE', path: query.size === 0 ? path : `${path}${path.includes('?') ? '&' : '?'}${query}` }
  }
  if (how === 'protobuf')
    return {
      method: 'DELETE',
      path,
      headers: protobuf,
      body: Buffer.from(encodeObjectEnvelope(DeleteOptions, { ...options, ...wanted })),
    }
  if (how === 'YAML')
    return {
      method: 'DELETE',
      path,
      headers: { 'content-type': 'application/yaml' },
      body: JSON.stringify({ ...options, ...wanted }),
    }
  return { method: 'DELETE', path, body: { ...options, ...wanted } }
}

let made = 0

/** It is made, deleted as is wanted, deleted again, and let go. */
function going({ collection, object }: Thing, wanted: Record<string, unknown>, how: How): readonly (Case | Step)[] {
  const name = `going-${made++}`
  const path = `${collection}/${name}`
  return [
    { name: 'create', method: 'POST', path: collection, body: { ...object, metadata: { ...object.metadata, name } } },
    { name: 'delete', ...remove(path, wanted, how) },
    { name: 'read', path },
    { name: 'delete again', ...remove(path, wanted, how) },
    { name: 'delete sooner', ...remove(path, { gracePeriodSeconds: 2 }, 'body') },
    { name: 'read again', path },
    { name: 'delete in the background', ...remove(path, { propagationPolicy: 'Background' }, 'query') },
    { name: 'label', method: 'PATCH', path, headers: merge, body: { metadata: { labels: { a: 'b' } } } },
    {
      name: 'hold',
      method: 'PATCH',
      path,
      headers: merge,
      body: { metadata: { finalizers: ['example.com/late'] } },
    },
    { name: 'let go', method: 'PATCH', path, headers: merge, body: { metadata: { finalizers: [] } } },
    { name: 'read at last', path },
    { name: 'delete at once', ...remove(path, { gracePeriodSeconds: 0 }, 'body') },
    { name: 'gone', path },
  ]
}

const alone: Subject = {
  name: 'deletion: of one',
  setup: prepareNamespace(namespace),
  apart: true,
  stories: Object.fromEntries(
    Object.entries(things).flatMap(([what, thing]) =>
      Object.entries(wants).flatMap(([wanted, asked]) =>
        (['a map', 'a pod with a node'].includes(what)
          ? (['query', 'body', 'protobuf', 'YAML'] as const)
          : (['body'] as const)
        ).map(how => [`${what}: ${wanted} (${how})`, going(thing, asked, how)] as const),
      ),
    ),
  ),
}

const uidOf = (answers: readonly Answered[]) => json(answers[0]).metadata.uid
const versionOf = (answers: readonly Answered[]) => json(answers[0]).metadata.resourceVersion

const conditions: Readonly<Record<string, (answers: readonly Answered[]) => Record<string, unknown>>> = {
  'its uid': answers => ({ uid: uidOf(answers) }),
  'another uid': () => ({ uid: 'other' }),
  'no uid': () => ({ uid: '' }),
  'its version': answers => ({ resourceVersion: versionOf(answers) }),
  'another version': () => ({ resourceVersion: '1' }),
  'a version that is none': () => ({ resourceVersion: 'abc' }),
  'no version': () => ({ resourceVersion: '' }),
  'its uid and version': answers => ({ uid: uidOf(answers), resourceVersion: versionOf(answers) }),
  'its uid, another version': answers => ({ uid: uidOf(answers), resourceVersion: '1' }),
  'another uid, its version': answers => ({ uid: 'other', resourceVersion: versionOf(answers) }),
  nothing: () => ({}),
}

const conditioned: Subject = {
  name: 'deletion: preconditions',
  apart: true,
  stories: Object.fromEntries(
    [
      ...Object.entries(things).filter(([what]) => /map$|pod|deployment|node|service|finalizer/.test(what)),
      ['a namespace', { collection: '/api/v1/namespaces', object: {} }] as const,
    ].flatMap(([what, { collection, object }]) =>
      Object.entries(conditions).flatMap(([wanted, preconditions]) =>
        (['query', 'body', 'protobuf'] as const).map(how => {
          const name = `held-${made++}`
          const path = `${collection}/${name}`
          const body = { ...object, metadata: { ...object.metadata, name } }
          const steps: readonly (Case | Step)[] = [
            { name: 'create', method: 'POST', path: collection, body },
            ...['a dry run', 'delete'].map(
              (step): Step => ({
                name: step,
                ask: answers =>
                  remove(
                    path,
                    {
                      gracePeriodSeconds: 4,
                      preconditions: preconditions(answers),
                      ...(step === 'a dry run' && { dryRun: ['All'] }),
                    },
                    how,
                  ),
              }),
            ),
            { name: 'read', path },
          ]
          return [`${what}: ${wanted} (${how})`, steps] as const
        }),
      ),
    ),
  ),
}

const collections: Subject = {
  name: 'deletion: of many',
  apart: true,
  stories: Object.fromEntries(
    Object.entries(things)
      .filter(([what]) => what !== 'an event')
      .flatMap(([what, { collection, object }]) =>
        Object.entries(wants).flatMap(([wanted, asked]) =>
          (what === 'a map' ? (['query', 'body', 'protobuf'] as const) : (['body'] as const)).map(how => {
            const several = `of-${made++}`
            const selected = `${collection}?labelSelector=several%3D${several}`
            const create = (name: string): Case => ({
              name: `create ${name}`,
              method: 'POST',
              path: collection,
              body: { ...object, metadata: { ...object.metadata, name: `${several}-${name}`, labels: { several } } },
            })
            const steps: readonly (Case | Step)[] = [
              create('a'),
              create('b'),
              { name: 'delete', ...remove(selected, asked, how) },
              { name: 'list', path: selected },
              { name: 'delete again', ...remove(selected, { gracePeriodSeconds: 0 }, 'body') },
              { name: 'list again', path: selected },
            ]
            return [`${what}: ${wanted} (${how})`, steps] as const
          }),
        ),
      ),
  ),
}

/** A namespace with something in it; what may be said of its finalizers while it stands, while it goes, and once it is empty. */
const finalizeBodies: Readonly<Record<string, (namespace: any) => unknown>> = {
  'no finalizers': found => ({ ...found, spec: { finalizers: [] } }),
  'no spec': ({ spec, ...found }) => found,
  'null finalizers': found => ({ ...found, spec: { finalizers: null } }),
  'its finalizers': found => found,
  'one more': found => ({ ...found, spec: { finalizers: ['kubernetes', 'example.com/x'] } }),
  another: found => ({ ...found, spec: { finalizers: ['example.com/x'] } }),
  'not qualified': found => ({ ...found, spec: { finalizers: ['x'] } }),
  'not valid': found => ({ ...found, spec: { finalizers: ['Not Valid!'] } }),
  'an empty one': found => ({ ...found, spec: { finalizers: [''] } }),
  'with labels': found => ({
    ...found,
    metadata: { ...found.metadata, labels: { ...found.metadata.labels, a: 'b' } },
    spec: { finalizers: [] },
  }),
  'with finalizers of its own': found => ({
    ...found,
    metadata: { ...found.metadata, finalizers: ['example.com/m'] },
    spec: { finalizers: [] },
  }),
  'with a status': found => ({ ...found, status: { phase: 'Active' }, spec: { finalizers: [] } }),
  'without a version': ({ metadata, ...found }) => ({
    ...found,
    metadata: { name: metadata.name },
    spec: { finalizers: [] },
  }),
  'an old version': found => ({
    ...found,
    metadata: { ...found.metadata, resourceVersion: '1' },
    spec: { finalizers: [] },
  }),
  'another name': found => ({ ...found, metadata: { ...found.metadata, name: 'other' } }),
  'another uid': found => ({ ...found, metadata: { ...found.metadata, uid: 'other' } }),
  'no name': found => ({ ...found, metadata: {} }),
  'another kind': found => ({ ...found, kind: 'ConfigMap' }),
  nothing: () => undefined,
  'an empty object': () => ({}),
}

const namespaces = '/api/v1/namespaces'

const namespaceStories: Subject = {
  name: 'deletion: namespaces',
  apart: true,
  stories: Object.fromEntries(
    Object.entries(finalizeBodies).map(([what, body], index): [string, readonly (Case | Step)[]] => {
      const name = `leaving-${index}`
      const path = `${namespaces}/${name}`
      const last = (answers: readonly Answered[]) => {
        for (const answer of answers.toReversed())
          if (answer.status < 300 && json(answer).kind === 'Namespace') return json(answer)
        return {}
      }
      const finalize = (step: string, query = ''): Step => ({
        name: step,
        ask: answers => ({ method: 'PUT', path: `${path}/finalize${query}`, body: body(last(answers)) }),
      })
      const maps = `${path}/configmaps`
      return [
        what,
        [
          { name: 'create', method: 'POST', path: namespaces, body: { metadata: { name } } },
          { name: 'fill', method: 'POST', path: maps, body: { metadata: { name: 'x', finalizers } } },
          finalize('while it stands, a dry run', '?dryRun=All'),
          finalize('while it stands'),
          { name: 'read', path },
          { name: 'delete', method: 'DELETE', path },
          { name: 'read while it goes', path },
          { name: 'fill more', method: 'POST', path: maps, body: { metadata: { name: 'y' } } },
          {
            name: 'fill more by a dry run',
            method: 'POST',
            path: `${maps}?dryRun=All`,
            body: { metadata: { name: 'y' } },
          },
          {
            name: 'fill more by apply',
            method: 'PATCH',
            path: `${maps}/z?fieldManager=m`,
            headers: { 'content-type': 'application/apply-patch+yaml' },
            body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"z"}}',
          },
          {
            name: 'fill more, without a name',
            method: 'POST',
            path: maps,
            body: { metadata: { generateName: 'y-' } },
          },
          {
            name: 'ask for a review',
            method: 'POST',
            path: `/apis/authorization.k8s.io/v1/namespaces/${name}/localsubjectaccessreviews`,
            body: { spec: { user: 'x', resourceAttributes: { namespace: name, verb: 'get', resource: 'pods' } } },
          },
          { name: 'change', method: 'PATCH', path: `${maps}/x`, headers: merge, body: { data: { a: 'b' } } },
          { name: 'label', method: 'PATCH', path, headers: merge, body: { metadata: { labels: { a: 'b' } } } },
          {
            name: 'the status',
            method: 'PATCH',
            path: `${path}/status`,
            headers: merge,
            body: { status: { phase: 'Active', conditions: [{ type: 'NamespaceContentRemaining', status: 'True' }] } },
          },
          { name: 'delete again', method: 'DELETE', path },
          { name: 'delete again, at once', method: 'DELETE', path: `${path}?gracePeriodSeconds=0` },
          { name: 'delete again, for others', method: 'DELETE', path: `${path}?propagationPolicy=Foreground` },
          finalize('while it goes, a dry run', '?dryRun=All'),
          finalize('while it goes'),
          { name: 'read at last', path },
          { name: 'what is left', path: maps },
          { name: 'empty', method: 'DELETE', path: `${maps}/x` },
          {
            name: 'let go',
            method: 'PATCH',
            path: `${maps}/x`,
            headers: merge,
            body: { metadata: { finalizers: null } },
          },
          finalize('again'),
          {
            name: 'patched',
            method: 'PATCH',
            path: `${path}/finalize`,
            headers: merge,
            body: { spec: { finalizers: [] } },
          },
          {
            name: 'finalizers patched away',
            method: 'PATCH',
            path,
            headers: merge,
            body: { spec: { finalizers: [] } },
          },
          { name: 'create again', method: 'POST', path: namespaces, body: { metadata: { name } } },
          { name: 'read after all', path },
        ],
      ]
    }),
  ),
}

const lifecycle: Subject = {
  name: 'deletion: namespaces that stay',
  *cases(): Iterable<Case> {
    for (const name of ['default', 'kube-system', 'kube-public', 'missing', '', 'Not%20Valid!'])
      for (const query of ['', '?dryRun=All', '?gracePeriodSeconds=0', '?propagationPolicy=Orphan'])
        yield { name: `delete ${name}${query}`, method: 'DELETE', path: `${namespaces}/${name}${query}` }
    for (const name of ['missing', 'Not%20Valid!', 'a'.repeat(64), '..'])
      for (const resource of [
        'api/v1/NS/configmaps',
        'api/v1/NS/pods',
        'apis/apps/v1/NS/deployments',
        'api/v1/NS/bindings',
      ])
        for (const [method, suffix] of [
          ['POST', ''],
          ['PUT', '/x'],
          ['PATCH', '/x'],
          ['DELETE', '/x'],
          ['DELETE', ''],
          ['GET', ''],
          ['GET', '/x'],
        ] as const)
          yield {
            name: `${method} ${resource}${suffix} in ${name}`,
            method,
            path: `/${resource.replace('NS', `namespaces/${name}`)}${suffix}`,
            headers: method === 'PATCH' ? merge : undefined,
            body: ['POST', 'PUT'].includes(method)
              ? { metadata: { name: 'x' } }
              : method === 'PATCH'
                ? { metadata: { labels: { a: 'b' } } }
                : undefined,
          }
    yield { name: 'delete all', method: 'DELETE', path: namespaces }
    for (const [name, body] of Object.entries({
      'a name': { metadata: { name: 'Not Valid!' } },
      dots: { metadata: { name: 'a.b' } },
      'a namespace': { metadata: { name: 'x', namespace: 'y' } },
      'its own namespace': { metadata: { name: 'x', namespace: 'x' } },
      finalizers: { metadata: { name: 'x' }, spec: { finalizers: ['x'] } },
      'finalizers that are fine': { metadata: { name: 'x' }, spec: { finalizers: ['example.com/x'] } },
      'the same twice': { metadata: { name: 'x' }, spec: { finalizers: ['kubernetes', 'kubernetes'] } },
      'a label of its name': { metadata: { name: 'x', labels: { 'kubernetes.io/metadata.name': 'y' } } },
      'a phase': { metadata: { name: 'x' }, status: { phase: 'Terminating' } },
      'a name to come': { metadata: { generateName: 'x-' } },
    }))
      yield { name: `create with ${name}`, method: 'POST', path: `${namespaces}?dryRun=All`, body }
  },
}

export const deletion: readonly Subject[] = [alone, conditioned, collections, namespaceStories, lifecycle]
