// Every kind that is served, by every command of kubectl that works on objects: one call for all of them where kubectl
// can. What `explain` says of each is compared in explain.e2e.ts.

import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { validObjects } from '../api/wire/valid-objects.ts'
import {
  apiVersionOf,
  has,
  type Kind,
  kindOf,
  labelled,
  resourceOf,
  type Served,
  widgetDefinition,
} from './environment/every-kind.ts'
import { K8ts } from './environment/k8ts.ts'
import type { Kubectl } from './environment/kubectl.ts'
import { describe as described, eventually, type Result } from './environment/process.ts'

/** For one command on all kinds, on a machine that has other things to do. */
const patience = 240_000
vi.setConfig({ testTimeout: 2 * patience })

let k8ts: K8ts
let kubectl: Kubectl
let served: readonly Served[] = []
let kinds: readonly Kind[] = []
/** In one file, those of kinds that stay. */
let all = ''
/** The same with another label. */
let changed = ''
const widget = () => kinds.find(({ custom }) => custom)!

async function file(name: string, items: readonly object[]): Promise<string> {
  const path = join(k8ts.directory, name)
  await writeFile(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  return path
}

beforeAll(async () => {
  k8ts = await K8ts.start({ nodes: 0 })
  kubectl = k8ts.kubectl()
  await kubectl.apply(JSON.stringify(widgetDefinition))
  await kubectl.output('wait', 'crd/widgets.example.com', '--for=condition=Established')
  const discovery = await eventually(async () => {
    const list = JSON.parse(await kubectl.output('api-resources', '-o', 'json', '--cached=false'))
    expect(list.resources.map(resourceOf)).toContain('widgets.example.com')
    return list
  })
  served = discovery.resources
  kinds = served.filter(has('create')).filter(has('get')).map(kindOf)
  all = await file(
    'all.json',
    kinds.map(kind => kind.manifest),
  )
  changed = await file(
    'changed.json',
    kinds.map(kind => labelled(kind, 'other')),
  )
})

afterAll(() => k8ts?.stop())

/** kubectl on all of them, or on those of another file. */
const run = (command: string, ...args: string[]) =>
  kubectl.run([...command.split(' '), '-f', all, ...args], { timeout: patience })

/** It printed this of each, and had nothing to complain of. */
function expectEach(result: Result, what: string, some: readonly Kind[] = kinds): void {
  expect(result.code, described(result)).toBe(0)
  expect(result.stdout.trimEnd().split('\n').sort()).toEqual(some.map(({ printed }) => `${printed} ${what}`).sort())
  expect(complaints(result)).toEqual([])
}

/** What it said besides warnings (Endpoints are deprecated) and remarks (it waits when it has asked much). */
const complaints = ({ stderr }: Result) => stderr.split('\n').filter(line => !/^($|Warning: |I\d{4} )/.test(line))

const names = () => kinds.map(({ printed }) => printed).sort()
const labels = async () =>
  new Set((await kubectl.get<any>('-f', all)).items.map((item: any) => item.metadata.labels.every))

describe('objects of every kind', () => {
  test('are as many as are served', () => {
    expect(served.filter(has('create')).map(resourceOf)).toEqual(expect.arrayContaining(Object.keys(validObjects)))
    expect(kinds.length).toBeGreaterThan(55)
  })

  test('create', async () => {
    expectEach(await run('create'), 'created')
    const again = await run('create')
    expect(again.code).toBe(1)
    // The node port of the Service is taken before its name is.
    expect(again.stderr.match(/^Error from server .* already (exists|allocated)$/gm)).toHaveLength(kinds.length)
  })

  test('get, describe, and back again', async () => {
    expect((await run('get', '-o', 'name')).stdout.trimEnd().split('\n').sort()).toEqual(names())
    for (const args of [['-o', 'wide'], ['--show-labels'], ['-o', 'yaml', '--show-managed-fields']]) {
      const shown = await run('get', ...args)
      expect([shown.code, complaints(shown)], args.join(' ')).toEqual([0, []])
    }
    const words = await run('describe')
    expect([words.code, complaints(words)]).toEqual([0, []])
    expect(words.stdout.match(/^Name: /gm)).toHaveLength(kinds.length)
  })

  test('diff and apply', async () => {
    const adopted = await run('apply')
    expectEach(adopted, 'configured')
    expect(adopted.stderr.match(/is missing the kubectl.kubernetes.io\/last-applied-configuration/g)).toHaveLength(
      kinds.length,
    )
    expect((await run('apply')).stderr).not.toContain('is missing')
    expect(await run('diff')).toMatchObject({ code: 0, stdout: '' })
    const different = await kubectl.run(['diff', '-f', changed], { timeout: patience })
    expect(different.code).toBe(1)
    expect(different.stdout.match(/^-\s+every: kind\n\+\s+every: other$/gm)).toHaveLength(kinds.length)
  })

  test('replace', async () => {
    // Only with what the server has filled in: much of it is there to stay.
    const { items } = await kubectl.get<any>('-f', all)
    for (const { metadata } of items) metadata.labels.every = 'replaced'
    const replaced = await kubectl.run(['replace', '-f', await file('replaced.json', items)], { timeout: patience })
    expectEach(replaced, 'replaced')
    expect(await labels()).toEqual(new Set(['replaced']))
  })

  test('patch', async () => {
    expectEach(await run('patch', '--type=merge', '-p', '{"metadata":{"labels":{"every":"merged"}}}'), 'patched')
    expect(await labels()).toEqual(new Set(['merged']))
    const operation = { op: 'replace', path: '/metadata/labels/every', value: 'json' }
    expectEach(await run('patch', '--type=json', '-p', JSON.stringify([operation])), 'patched')
    expect(await labels()).toEqual(new Set(['json']))
    const strategic = await run('patch', '-p', '{"metadata":{"labels":{"every":"strategic"}}}')
    expect(complaints(strategic)).toEqual([
      expect.stringMatching(
        /^error: application\/strategic-merge-patch\+json is not supported by example.com\/v1, Kind=Widget: the body of the request was in an unknown format/,
      ),
    ])
    const builtIn = kinds.filter(({ custom }) => !custom)
    expectEach({ ...strategic, code: 0, stderr: '' }, 'patched', builtIn)
    expect((await kubectl.get<any>('widgets', widget().manifest.metadata.name)).metadata.labels.every).toBe('json')
  })

  test('edit', async () => {
    const editor = join(k8ts.directory, 'editor.sh')
    await writeFile(editor, `#!/bin/sh\nsed -i 's/every: [a-z]*$/every: edited/' "$1"\n`)
    await chmod(editor, 0o755)
    const edited = await kubectl.run(['edit', '-f', all], { env: { EDITOR: editor }, timeout: patience })
    expectEach(edited, 'edited')
    expect(await labels()).toEqual(new Set(['edited']))
  })

  test('label and annotate', async () => {
    expectEach(await run('label', 'more=yes', '--overwrite'), 'labeled')
    expectEach(await run('annotate', 'example.com/note=some text'), 'annotated')
    const found = (await kubectl.get<any>('-f', all)).items.filter(
      ({ metadata }: any) => metadata.labels.more === 'yes' && metadata.annotations['example.com/note'] === 'some text',
    )
    expect(found).toHaveLength(kinds.length)
  })

  test('apply --server-side', async () => {
    const refused = await run('apply', '--server-side')
    expect(refused.code).toBe(1)
    expect(refused.stderr.match(/conflict with "kubectl-edit"/g), described(refused)).toHaveLength(kinds.length)
    expectEach(await run('apply', '--server-side', '--force-conflicts'), 'serverside-applied')
    const versions = async () =>
      (await kubectl.get<any>('-f', all)).items
        .filter(({ status }: any) => status === undefined)
        .map(({ metadata }: any) => metadata.resourceVersion)
    const before = await versions()
    expectEach(await run('apply', '--server-side'), 'serverside-applied')
    expect(await versions()).toEqual(before)
    expect(await run('diff', '--server-side')).toMatchObject({ code: 0, stdout: '' })
  })

  test('get -w tells of a change', async () => {
    const some = 20
    for (let from = 0; from < kinds.length; from += some) {
      const part = kinds.slice(from, from + some)
      const watchers = part.map(({ resource, manifest }) =>
        kubectl.start('get', resource, manifest.metadata.name, '-w', '-o', 'jsonpath={.metadata.labels.watched};'),
      )
      await Promise.all(watchers.map(watcher => watcher.says(/^;/)))
      const path = await file(
        'part.json',
        part.map(kind => kind.manifest),
      )
      await kubectl.output('label', '-f', path, 'watched=seen')
      await Promise.all(watchers.map(watcher => watcher.says(/^;.*seen;/)))
      await Promise.all(watchers.map(watcher => watcher.stop('SIGTERM')))
    }
  })

  test('wait', async () => {
    expectEach(await run('wait', '--for=jsonpath={.metadata.labels.watched}=seen', '--timeout=60s'), 'condition met')
    expectEach(await run('wait', '--for=create'), 'condition met')
    expect((await run('wait', '--for=jsonpath={.metadata.labels.watched}=no', '--timeout=0')).code).toBe(1)
  })

  test('auth can-i', async () => {
    const rules = kinds.map(({ manifest, resource }) => ({
      apiGroups: [manifest.apiVersion.includes('/') ? manifest.apiVersion.split('/')[0] : ''],
      resources: [resource.split('.')[0]],
      resourceNames: [manifest.metadata.name],
      verbs: ['get'],
    }))
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'reader' },
      rules,
    }
    await kubectl.apply(JSON.stringify(role))
    await kubectl.output('create', 'clusterrolebinding', 'reader', '--clusterrole=reader', '--user=reader')
    const answers: string[][] = []
    // A few at a time: each is a program of its own. What one may is asked of some kinds, and what not of the others.
    const left = kinds.map((kind, index) => ({ ...kind, verb: index % 2 === 0 ? 'get' : 'delete' }))
    const wanted = left.map(({ resource, verb }) => [resource, verb === 'get' ? 'yes\n' : 'no\n'])
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let kind = left.pop(); kind; kind = left.pop()) {
          const which = `${kind.resource}/${kind.manifest.metadata.name}`
          const { stdout } = await kubectl.run(['auth', 'can-i', kind.verb, which, '--as=reader'])
          answers.push([kind.resource, stdout])
        }
      }),
    )
    expect(answers.sort()).toEqual(wanted.sort())
    const list = await kubectl.output('auth', 'can-i', '--list', '--as=reader')
    const rows = list.split('\n').map(row => row.split(/ +/).join(' '))
    expect(rows).toEqual(
      expect.arrayContaining(kinds.map(({ resource, manifest }) => `${resource} [] [${manifest.metadata.name}] [get]`)),
    )
  })

  test('delete', async () => {
    const { code, stdout } = await run('delete', '--wait=false')
    expect(code).toBe(0)
    expect(stdout.trimEnd().split('\n')).toHaveLength(kinds.length)
    // Most are gone before it asks for them.
    const waited = await run('wait', '--for=delete', '--timeout=120s')
    expect([waited.code, complaints(waited)], described(waited)).toEqual([0, []])
    expect(await run('get', '--ignore-not-found')).toMatchObject({ code: 0, stdout: '' })
  })
})

test('reviews and bindings are answered', async () => {
  const passing = served.filter(has('create')).filter(resource => !has('get')(resource))
  const path = await file(
    'passing.json',
    passing.map(resource => ({
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      ...validObjects[resourceOf(resource)],
    })),
  )
  const { stdout, stderr } = await kubectl.run(['create', '-f', path], { timeout: patience })
  // They have no names.
  const reviews = passing.filter(({ name }) => name !== 'bindings')
  expect(stdout.trimEnd().split('\n').sort()).toEqual(
    reviews.map(({ singularName, group }) => `${singularName}.${group}/<unknown> created`).sort(),
  )
  expect(stderr).toMatch(/^Error from server \(NotFound\): .*pods "a" not found\n$/)
})

describe('apply --prune', () => {
  const names = (result: Result) => result.stdout.trimEnd().split('\n').sort()
  const only = (wanted: readonly string[]) => kinds.filter(({ resource }) => wanted.includes(resource))
  const pruned = (some: readonly Kind[]) => some.map(({ printed }) => `${printed} pruned`)
  const ofDefaults = [
    'configmaps',
    'endpoints',
    'persistentvolumeclaims',
    'pods',
    'replicationcontrollers',
    'secrets',
    'services',
    'jobs.batch',
    'cronjobs.batch',
    'ingresses.networking.k8s.io',
    'daemonsets.apps',
    'deployments.apps',
    'replicasets.apps',
    'statefulsets.apps',
    'namespaces',
    'persistentvolumes',
  ]

  test('with a selector prunes the kinds it knows, and of them what was applied and is selected', async () => {
    const map = (name: string, every: string) => ({
      ...labelled(only(['configmaps'])[0]!, every),
      metadata: { name, labels: { every } },
    })
    const known = only(ofDefaults)
    expect(known).toHaveLength(ofDefaults.length)
    const applied = [...known, ...only(['serviceaccounts'])]
    const path = await file('prune.json', [...applied.map(kind => kind.manifest), map('other', 'else')])
    await kubectl.output('apply', '-f', path)
    await kubectl.output('create', 'configmap', 'not-applied')
    await kubectl.output('label', 'configmap', 'not-applied', 'every=kind')
    const rest = await file('rest.json', [map('every-configmaps', 'kind')])
    const result = await kubectl.run(['apply', '--prune', '-l', 'every=kind', '-f', rest], { timeout: patience })
    expect(names(result)).toEqual(
      [
        'configmap/every-configmaps unchanged',
        ...pruned(known.filter(({ resource }) => resource !== 'configmaps')),
      ].sort(),
    )
    await kubectl.output('get', 'configmap/not-applied', 'configmap/other', 'serviceaccount/every-serviceaccounts')
  })

  test('with an allowlist prunes those kinds', async () => {
    const some = only(['secrets', 'configmaps', 'serviceaccounts'])
    const path = await file(
      'prune.json',
      some.map(kind => kind.manifest),
    )
    await kubectl.output('apply', '-f', path)
    const rest = await file(
      'rest.json',
      only(['configmaps']).map(kind => kind.manifest),
    )
    const prune = async (...types: string[]) => {
      const allowed = types.map(type => `--prune-allowlist=${type}`)
      return names(await kubectl.run(['apply', '--prune', '-l', 'every=kind', ...allowed, '-f', rest]))
    }
    expect(await prune('core/v1/ServiceAccount')).toEqual([
      'configmap/every-configmaps unchanged',
      'serviceaccount/every-serviceaccounts pruned',
    ])
    expect(await prune('core/v1/ConfigMap', 'core/v1/Secret')).toEqual([
      'configmap/every-configmaps unchanged',
      'secret/every-secrets pruned',
    ])
    await kubectl.output('delete', 'configmap', 'every-configmaps')
  })

  test('with a set prunes every kind', async () => {
    // Events are in two groups, and Services' labels on what is made of them: kubectl would prune those twice, and complain.
    const several = ['events', 'events.events.k8s.io', 'services', 'endpoints']
    const members = kinds.filter(({ resource }) => !several.includes(resource))
    const path = await file(
      'set.json',
      members.map(kind => kind.manifest),
    )
    const left = async (...args: string[]) => names(await kubectl.run(['get', '-f', path, '-o', 'name', ...args]))
    const set = (path: string, ...args: string[]) =>
      kubectl.run(['apply', '-n', 'default', '--prune', '--applyset=everything', '-f', path, ...args], {
        env: { KUBECTL_APPLYSET: 'true' },
        timeout: patience,
      })
    expectEach(await set(path), 'created', members)
    const parent = await kubectl.get<any>('secret', 'everything')
    const { annotations } = parent.metadata
    const groupKinds = members.map(({ manifest: { apiVersion, kind } }) =>
      apiVersion.includes('/') ? `${kind}.${apiVersion.split('/')[0]}` : kind,
    )
    expect(annotations['applyset.kubernetes.io/contains-group-kinds'].split(',')).toEqual(groupKinds.sort())
    const part = { 'applyset.kubernetes.io/part-of': parent.metadata.labels['applyset.kubernetes.io/id'] }
    for (const { metadata } of (await kubectl.get<any>('-f', path)).items) expect(metadata.labels).toMatchObject(part)
    const rest = await file('rest.json', [widget().manifest])
    const others = members.filter(({ custom }) => !custom)
    const tried = await set(rest, '--dry-run=server')
    const itself = `${widget().printed} unchanged`
    expect(names(tried)).toEqual([itself, ...pruned(others)].map(line => `${line} (server dry run)`).sort())
    expect(await left()).toHaveLength(members.length)
    const done = await set(rest)
    expect([done.code, complaints(done)], described(done)).toEqual([0, []])
    expect(names(done)).toEqual([itself, ...pruned(others)].sort())
    // It does not wait for finalizers.
    await eventually(async () => expect(await left('--ignore-not-found')).toEqual([widget().printed]))
    expect((await kubectl.get<any>('secret', 'everything')).metadata.annotations).toMatchObject({
      'applyset.kubernetes.io/contains-group-kinds': 'Widget.example.com',
    })
  })
})
