// WATCH: where it begins, what is told, how it ends.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Cluster } from '../../../src/cluster/cluster.ts'
import { type Stream, type WireClient, wireClient } from './wire-client.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const watching = `${maps}?watch=true`
let cluster: Cluster
let wire: WireClient
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
  wire = wireClient(cluster)
  await put('a', { app: 'x' })
  await put('b', { app: 'y' })
})
afterAll(() => cluster.stop())

async function put(name: string, labels: Record<string, string>): Promise<string> {
  const body = { metadata: { name, labels } }
  const answer = await wire.send('PUT', `${maps}/${name}`, { body })
  const { json } = answer.status === 404 ? await wire.send('POST', maps, { body }) : answer
  return json.metadata.resourceVersion
}
const revision = async (): Promise<string> => (await wire.send('GET', maps)).json.metadata.resourceVersion
const short = (stream: Stream) =>
  stream
    .lines()
    .map(({ type, object }) =>
      `${type} ${object.metadata?.name ?? object.metadata?.annotations?.['k8s.io/initial-events-end'] ?? ''}`.trim(),
    )

describe('where a watch begins', () => {
  test.each<[string, string, string[]]>([
    ['nothing said', '', ['ADDED a', 'ADDED b', 'ADDED new']],
    ['any state', '&resourceVersion=0', ['ADDED a', 'ADDED b', 'ADDED new']],
    [
      'any state, with bookmarks',
      '&resourceVersion=0&allowWatchBookmarks=true',
      ['ADDED a', 'ADDED b', 'BOOKMARK true', 'ADDED new'],
    ],
    ['now', '&resourceVersion=NOW', ['ADDED new']],
    ['now, without the state', '&sendInitialEvents=false&resourceVersionMatch=NotOlderThan', ['ADDED new']],
    [
      'a list in the stream',
      '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1',
      ['ADDED a', 'ADDED b', 'BOOKMARK true', 'ADDED new'],
    ],
    [
      'a list in the stream without bookmarks',
      '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan',
      ['ADDED a', 'ADDED b', 'ADDED new'],
    ],
    [
      'a list not older than now',
      '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1&resourceVersion=NOW',
      ['ADDED a', 'ADDED b', 'BOOKMARK true', 'ADDED new'],
    ],
  ])('%s', async (_what, query, expected) => {
    const stream = await wire.follow(watching + query.replace('NOW', await revision()))
    await put('new', {})
    expect(short(stream)).toEqual(expected)
    stream.close()
    await wire.send('DELETE', `${maps}/new`)
  })

  test.each([
    ['watch', true],
    ['watch=1', true],
    ['watch=True', true],
    ['watch=yes', true],
    ['watch=false', false],
    ['watch=FALSE', false],
    ['watch=0', false],
  ])('%s', async (query, watches) => {
    if (watches) (await wire.follow(`${maps}?${query}`)).close()
    else expect((await wire.send('GET', `${maps}?${query}`)).json.kind).toBe('ConfigMapList')
  })

  test('the older paths', async () => {
    const all = await wire.follow('/api/v1/watch/namespaces/default/configmaps')
    const one = await wire.follow('/api/v1/watch/namespaces/default/configmaps/b')
    const everywhere = await wire.follow('/api/v1/watch/configmaps?labelSelector=app=x')
    expect([short(all), short(one), short(everywhere)]).toEqual([['ADDED a', 'ADDED b'], ['ADDED b'], ['ADDED a']])
    for (const stream of [all, one, everywhere]) stream.close()
    const refused = await wire.send(
      'GET',
      '/api/v1/watch/namespaces/default/configmaps/b?fieldSelector=metadata.name=a',
    )
    expect([refused.status, refused.json.message]).toEqual([
      400,
      "fieldSelector metadata.name doesn't match requested name",
    ])
  })

  test('of one object by its path is no watch', async () => {
    expect((await wire.send('GET', `${maps}/a?watch=true`)).json.kind).toBe('ConfigMap')
  })
})

describe('what is refused', () => {
  const options = (message: string) => `ListOptions.meta.k8s.io "" is invalid: ${message}`
  const needs =
    'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'
  test.each<[string, number, string]>([
    ['sendInitialEvents=true', 422, options(needs)],
    [
      'sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=1',
      422,
      options(`[${needs}, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]`),
    ],
    [
      'resourceVersionMatch=NotOlderThan',
      422,
      options(
        'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      ),
    ],
    [
      'sendInitialEvents=1&resourceVersionMatch=NotOlderThan&continue=x',
      422,
      options('resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided'),
    ],
    ['resourceVersion=x', 500, 'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax'],
    ['timeoutSeconds=x', 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['labelSelector=a=b=c', 400, "found '=', expected: ',' or 'end of string'"],
  ])('%s', async (query, status, message) => {
    const answer = await wire.send('GET', `${watching}&${query}`)
    expect([answer.status, answer.json.message]).toEqual([status, message])
  })
})

test('an object enters and leaves a selection', async () => {
  const stream = await wire.follow(`${watching}&labelSelector=app=x&resourceVersion=${await revision()}`)
  await put('s', { app: 'y' })
  await put('s', { app: 'x', n: '1' })
  await put('s', { app: 'x', n: '2' })
  const left = await put('s', { app: 'y', n: '3' })
  await put('s', { app: 'x', n: '4' })
  await wire.send('DELETE', `${maps}/s`)
  const events = stream.lines()
  expect(events.map(({ type, object }) => [type, object.metadata.labels.n])).toEqual([
    ['ADDED', '1'],
    ['MODIFIED', '2'],
    ['DELETED', '2'],
    ['ADDED', '4'],
    ['DELETED', '4'],
  ])
  // It is what it was in the selection, at the revision at which it left.
  expect(events[2].object.metadata.resourceVersion).toBe(left)
  stream.close()
})

test('bookmarks come about every minute, and one just before the end', async () => {
  const stream = await wire.follow(
    `${watching}&resourceVersion=${await revision()}&allowWatchBookmarks=true&timeoutSeconds=90`,
  )
  await cluster.clock.advance('61s')
  expect(short(stream)).toEqual(['BOOKMARK'])
  const { object } = stream.lines()[0]
  expect(object).toEqual({
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { resourceVersion: object.metadata.resourceVersion },
  })
  await cluster.clock.advance('26s')
  expect([short(stream), stream.ended]).toEqual([['BOOKMARK'], false])
  await cluster.clock.advance('2s')
  expect([short(stream), stream.ended]).toEqual([['BOOKMARK', 'BOOKMARK'], false])
  await cluster.clock.advance('2s')
  expect(stream.ended).toBe(true)
})

test.each([
  ['events', { involvedObject: {}, source: {}, eventTime: null, firstTimestamp: null, reportingComponent: '' }],
  ['pods', { spec: { containers: null }, status: {} }],
])('a bookmark of %s has what every object of the kind has', async (resource, fields) => {
  const path = `/api/v1/namespaces/default/${resource}?watch=true&allowWatchBookmarks=true&resourceVersion=0`
  const stream = await wire.follow(path)
  expect(stream.lines().at(-1)).toMatchObject({ type: 'BOOKMARK', object: fields })
  stream.close()
})

test('a state that has not come yet is an error of a list in the stream, and waited for otherwise', async () => {
  const now = Number(await revision())
  const listing = await wire.follow(
    `${watching}&resourceVersion=${now + 100}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1`,
  )
  expect([listing.status, listing.ended]).toEqual([200, true])
  expect(listing.lines()).toMatchObject([
    { type: 'ERROR', object: { kind: 'Status', code: 504, reason: 'Timeout', details: { retryAfterSeconds: 1 } } },
  ])
  const waiting = await wire.follow(`${watching}&resourceVersion=${now + 1}`)
  await put('later', { n: '1' })
  await put('later', { n: '2' })
  expect(short(waiting)).toEqual(['MODIFIED later'])
  waiting.close()
  await wire.send('DELETE', `${maps}/later`)
})

test('metadata only, and Tables', async () => {
  const query = '&fieldSelector=metadata.name=a&allowWatchBookmarks=1'
  const metadata = await wire.follow(watching + query, {
    accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  })
  expect(metadata.lines()).toMatchObject([
    { type: 'ADDED', object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'a' } } },
    { type: 'BOOKMARK', object: { kind: 'PartialObjectMetadata', metadata: { annotations: expect.anything() } } },
  ])
  metadata.close()
  const table = await wire.follow(watching + query, { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' })
  const [first, bookmark] = table.lines()
  expect([first.object.kind, first.object.rows[0].cells[0]]).toEqual(['Table', 'a'])
  expect(bookmark.object.rows[0].object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
  table.close()
})

test('a slow watcher is closed, and others go on', async () => {
  let pending = 0
  const from = await revision()
  const slow = await wire.follow(`${watching}&resourceVersion=${from}`, {}, () => pending)
  const other = await wire.follow(`${watching}&resourceVersion=${from}`)
  pending = 64 * 1024 * 1024
  await put('c', { n: '1' })
  await put('c', { n: '2' })
  expect([slow.ended, other.ended]).toEqual([true, false])
  expect(short(other)).toEqual(['ADDED c', 'MODIFIED c'])
  other.close()
})

test('what is compacted away ends the watch with an error in it', async () => {
  const from = await revision()
  for (let round = 0; round < 2100; round++) await put('d', { n: String(round) })
  for (let round = 0; round < 3; round++) {
    await put('e', { n: String(round) })
    await cluster.clock.advance('5m')
  }
  const stream = await wire.follow(`${watching}&resourceVersion=${from}`)
  await cluster.until(() => stream.ended)
  expect([stream.status, stream.lines()]).toMatchObject([
    200,
    [
      {
        type: 'ERROR',
        object: {
          kind: 'Status',
          apiVersion: 'v1',
          status: 'Failure',
          message: expect.stringMatching(new RegExp(`^too old resource version: ${from} \\(\\d+\\)$`)),
          reason: 'Expired',
          code: 410,
        },
      },
    ],
  ])
})
