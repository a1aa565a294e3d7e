// What `kubectl get` shows: Tables made by the server.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { horizontalPodAutoscalers } from '../../src/api/autoscaling/v2/horizontalpodautoscaler.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { serviceAccounts } from '../../src/api/core/v1/serviceaccount.ts'
import { apiVersionOf } from '../../src/api/resource.ts'
import { resources } from '../../src/api/scheme.ts'
import type { Transport } from '../../src/client/transport.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import { adminTransport } from './admin-transport.ts'

let cluster: Cluster
let transport: Transport
const inDefault = (of: any) => cluster.client.resource<any>(of).namespace('default')
const podsPath = '/api/v1/namespaces/default/pods'

async function makePod(name: string, phase: string) {
  const pod = await inDefault(pods).create({ metadata: { name }, spec: { containers: [{ name: 'a', image: 'x' }] } })
  await inDefault(pods).updateStatus({ ...pod, status: { ...pod.status, phase } })
}

beforeAll(async () => {
  const listen = { address: '127.0.0.1', port: 0 }
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true, listen })
  transport = adminTransport(cluster)
  await inDefault(serviceAccounts).create({ metadata: { name: 'default' } })
  await makePod('done', 'Succeeded')
  await makePod('runs', 'Running')
  const spec = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 3 }
  await inDefault(horizontalPodAutoscalers).create({ metadata: { name: 'h' }, spec })
})
afterAll(async () => {
  transport.close()
  await cluster.stop()
})

const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' }

async function table(path: string, query: Record<string, string> = {}): Promise<any> {
  const { status, body } = await transport.request({ method: 'GET', path, query, headers })
  expect(status).toBe(200)
  expect(body).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' })
  return body
}

describe('a Table', () => {
  test('has columns and rows, and says of pods that are done that they are', async () => {
    const { columnDefinitions, rows } = await table(podsPath)
    expect(columnDefinitions.slice(0, 4).map((column: any) => column.name)).toEqual([
      'Name',
      'Ready',
      'Status',
      'Restarts',
    ])
    expect(rows).toMatchObject([
      {
        cells: ['done', '0/1', 'Succeeded', '0', '0s', '<none>', '<none>', '<none>', '<none>'],
        conditions: [{ type: 'Completed', status: 'True', reason: 'Succeeded' }],
        object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'done' } },
      },
      { cells: ['runs', '0/1', 'Running', '0', '0s', '<none>', '<none>', '<none>', '<none>'] },
    ])
    expect(Object.keys(rows[1])).toEqual(['cells', 'object'])
  })

  test('of one object has one row', async () => {
    expect((await table(`${podsPath}/runs`)).rows).toMatchObject(
      [{ cells: ['runs', '0/1', 'Running', '0', '0s'] }].map(({ cells }) => ({ cells: expect.arrayContaining(cells) })),
    )
  })

  test.each([
    ['None', null],
    ['Object', expect.objectContaining({ kind: 'Pod', apiVersion: 'v1', spec: expect.anything() })],
  ])('has of each object what is asked for: %s', async (includeObject, object) => {
    expect((await table(`${podsPath}/runs`, { includeObject })).rows[0].object).toEqual(object)
  })

  test('is the same in every version of a kind; the objects with it are not', async () => {
    for (const version of ['v1', 'v2']) {
      const path = `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`
      const { rows } = await table(path, { includeObject: 'Object' })
      expect(rows[0].cells).toEqual(['h', 'Deployment/d', 'cpu: <unknown>/80%', '1', 3, 0, '0s'])
      expect(rows[0].object.apiVersion).toBe(`autoscaling/${version}`)
    }
  })

  test('of flow schemas is in the order in which they are tried', async () => {
    const { rows } = await table('/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas')
    const precedences = rows.map((row: any) => row.cells[2])
    expect(precedences).toEqual(precedences.toSorted((a: number, b: number) => a - b))
    expect(rows[0].cells[0]).toBe('exempt')
  })

  // The state of components is not stored.
  const listable = resources.filter(({ verbs, kind }) => verbs.includes('list') && kind !== 'ComponentStatus')
  test.each(listable.map(each => [apiVersionOf(each), each.resource] as const))(
    '%s %s',
    async (apiVersion, resource) => {
      const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
      const { columnDefinitions, rows } = await table(`${root}/${resource}`)
      for (const { cells } of rows) expect(cells.length).toBeGreaterThanOrEqual(columnDefinitions.length)
    },
  )

  test('says its columns once in a watch', async () => {
    const abort = new AbortController()
    let text = ''
    const lines = () =>
      text
        .split('\n')
        .slice(0, -1)
        .map(line => JSON.parse(line))
    const following = transport
      .stream({ method: 'GET', path: podsPath, query: { watch: 'true' }, headers, signal: abort.signal }, bytes => {
        text += Buffer.from(bytes)
      })
      .catch(() => {})
    await cluster.until(() => lines().length === 2)
    await makePod('later', 'Running')
    await cluster.until(() => lines().length === 4)
    abort.abort()
    await following
    expect(
      lines().map(({ type, object }) => [type, object.rows[0].cells[0], object.columnDefinitions?.length]),
    ).toEqual([
      ['ADDED', 'done', 9],
      ['ADDED', 'runs', undefined],
      ['ADDED', 'later', undefined],
      ['MODIFIED', 'later', undefined],
    ])
  })

  test('says them with the first change, when a watch begins without a state', async () => {
    const abort = new AbortController()
    const { metadata } = await table(podsPath)
    let text = ''
    const lines = () =>
      text
        .split('\n')
        .slice(0, -1)
        .map(line => JSON.parse(line))
    const query = { watch: 'true', resourceVersion: metadata.resourceVersion }
    const following = transport
      .stream({ method: 'GET', path: podsPath, query, headers, signal: abort.signal }, bytes => {
        text += Buffer.from(bytes)
      })
      .catch(() => {})
    await makePod('latest', 'Failed')
    await cluster.until(() => lines().length === 2)
    abort.abort()
    await following
    expect(lines().map(({ object }) => object.columnDefinitions?.length)).toEqual([9, undefined])
  })
})
