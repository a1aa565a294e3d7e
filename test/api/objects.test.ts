// The life of an object at the API server: create, read, change, delete; what is refused, and in which words.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { configMaps } from '../../src/api/core/v1/configmap.ts'
import { namespaces } from '../../src/api/core/v1/namespace.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { serviceAccounts } from '../../src/api/core/v1/serviceaccount.ts'
import { Cluster } from '../../src/cluster/cluster.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
  await cluster.client
    .resource(serviceAccounts)
    .namespace('default')
    .create({ metadata: { name: 'default' } })
})
afterAll(() => cluster.stop())

const maps = () => cluster.client.resource(configMaps).namespace('default')

describe('an object', () => {
  test('is created with what the server gives it', async () => {
    const created = await maps().create({ metadata: { name: 'one', labels: { a: 'b' } }, data: { key: 'value' } })
    expect(created).toMatchObject({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'one', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
      data: { key: 'value' },
    })
    expect(created.metadata!.uid).toMatch(/^[0-9a-f-]{36}$/)
    expect(Number(created.metadata!.resourceVersion)).toBeGreaterThan(1)
    expect(await maps().get('one')).toEqual(created)
  })

  test('has one name only', async () => {
    await expect(maps().create({ metadata: { name: 'one' } })).rejects.toThrow('configmaps "one" already exists')
  })

  test('may have its name made for it', async () => {
    const created = await maps().create({ metadata: { generateName: 'made-' } })
    expect(created.metadata!.name).toMatch(/^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  })

  test.each([
    [
      'has a version already',
      { name: 'new', resourceVersion: '5' },
      500,
      'resourceVersion should not be set on objects to be created',
    ],
    ['is wrong besides', { name: 'NEW', resourceVersion: '5' }, 422, 'ConfigMap "NEW" is invalid'],
    ['has something else for a version', { name: 'new-text', resourceVersion: 'abc' }, undefined, ''],
    ['has the version of nothing', { name: 'new-zero', resourceVersion: '0' }, undefined, ''],
  ])('that %s', async (_, metadata, code, message) => {
    const refusal = await maps()
      .create({ metadata })
      .then(
        () => undefined,
        error => error,
      )
    expect(refusal?.code).toBe(code)
    expect(refusal?.message ?? '').toContain(message)
  })

  test('is changed only from the version the client saw', async () => {
    const seen = await maps().get('one')
    await maps().update({ ...seen, data: { key: 'newer' } })
    await expect(maps().update({ ...seen, data: { key: 'older' } })).rejects.toThrow(
      'Operation cannot be fulfilled on configmaps "one": the object has been modified; please apply your changes to the latest version and try again',
    )
  })

  test('is patched in three ways', async () => {
    await maps().patch('one', 'application/merge-patch+json', { data: { merge: 'yes' } })
    await maps().patch('one', 'application/json-patch+json', [{ op: 'add', path: '/data/json', value: 'yes' }])
    const patched = await maps().patch('one', 'application/strategic-merge-patch+json', { data: { key: null } })
    expect(patched.data).toEqual({ merge: 'yes', json: 'yes' })
  })

  test('is deleted, and then gone', async () => {
    await maps().delete('one')
    await expect(maps().get('one')).rejects.toThrow('configmaps "one" not found')
  })

  test('needs a valid name', async () => {
    await expect(maps().create({ metadata: { name: 'Not_Valid' } })).rejects.toThrow(
      /^ConfigMap "Not_Valid" is invalid: metadata.name: Invalid value: "Not_Valid": a lowercase RFC 1123 subdomain must consist of/,
    )
  })

  test('is not stored by a dry run', async () => {
    await maps().create({ metadata: { name: 'dry' } }, { dryRun: true })
    await expect(maps().get('dry')).rejects.toThrow('configmaps "dry" not found')
  })
})

describe('a watch', () => {
  test('tells what is and what changes', async () => {
    const seen: string[] = []
    const { stop } = await maps().watch(
      {},
      {
        event: ({ type, object }) => void seen.push(`${type} ${object.metadata!.name}`),
        end() {},
      },
    )
    await maps().create({ metadata: { name: 'watched' } })
    await maps().patch('watched', 'application/merge-patch+json', { data: { a: 'b' } })
    await maps().delete('watched')
    await cluster.clock.advance(0)
    stop()
    expect(seen.filter(line => line.endsWith(' watched'))).toEqual([
      'ADDED watched',
      'MODIFIED watched',
      'DELETED watched',
    ])
  })
})

describe('a pod', () => {
  test('is born pending, with defaults and its service account', async () => {
    const pod = await cluster.client
      .resource(pods)
      .namespace('default')
      .create({ metadata: { name: 'web' }, spec: { containers: [{ name: 'web', image: 'nginx' }] } } as never)
    expect(pod).toMatchObject({
      spec: {
        restartPolicy: 'Always',
        serviceAccountName: 'default',
        containers: [{ imagePullPolicy: 'Always', terminationMessagePath: '/dev/termination-log' }],
      },
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    })
  })
})

describe('a namespace', () => {
  test('must exist', async () => {
    await expect(
      cluster.client
        .resource(configMaps)
        .namespace('nowhere')
        .create({ metadata: { name: 'x' } }),
    ).rejects.toThrow('namespaces "nowhere" not found')
  })

  test('is only marked by a deletion', async () => {
    const all = cluster.client.resource(namespaces)
    await all.create({ metadata: { name: 'passing' } })
    await all.delete('passing')
    expect((await all.get('passing')).status?.phase).toBe('Terminating')
  })
})
