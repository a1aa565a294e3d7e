// LIST: parameters that go together, pages of one consistent state, selectors.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Cluster } from '../../../src/cluster/cluster.ts'
import { type WireClient, wireClient } from './wire-client.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const everywhere = '/api/v1/configmaps'
let cluster: Cluster
let wire: WireClient

beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
  wire = wireClient(cluster)
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    await wire.send('POST', maps, { body: { metadata: { name, labels: { vowel: String('aeiou'.includes(name)) } } } })
})
afterAll(() => cluster.stop())

const list = async (target: string) => (await wire.send('GET', target)).json
const names = (answer: any): string[] => answer.items.map(({ metadata }: any) => metadata.name)
const token = (content: unknown) => Buffer.from(JSON.stringify(content)).toString('base64url')
const text = (content: string) => Buffer.from(content).toString('base64url')

describe('pages', () => {
  test('are of one state, whatever changes meanwhile', async () => {
    const first = await list(`${maps}?limit=2`)
    expect(names(first)).toEqual(['a', 'b'])
    expect(first.metadata.remainingItemCount).toBe(3)
    const { resourceVersion, continue: next } = first.metadata
    expect(JSON.parse(Buffer.from(next, 'base64url').toString())).toEqual({
      v: 'meta.k8s.io/v1',
      rv: Number(resourceVersion),
      start: 'b\u0000',
    })
    await wire.send('DELETE', `${maps}/d`)
    const second = await list(`${maps}?limit=2&continue=${next}`)
    expect([names(second), second.metadata.remainingItemCount]).toEqual([['c', 'd'], 1])
    expect(second.metadata.resourceVersion).toBe(resourceVersion)
    const last = await list(`${maps}?limit=2&continue=${second.metadata.continue}`)
    expect([names(last), last.metadata]).toEqual([['e'], { resourceVersion }])
    await wire.send('POST', maps, { body: { metadata: { name: 'd', labels: { vowel: 'false' } } } })
  })

  test('of a selection don’t say how many remain', async () => {
    const first = await list(`${maps}?limit=2&labelSelector=vowel=false`)
    expect([names(first), first.metadata.remainingItemCount]).toEqual([['b', 'c'], undefined])
    const rest = await list(`${maps}?limit=2&labelSelector=vowel=false&continue=${first.metadata.continue}`)
    expect([names(rest)[0], rest.metadata.continue === undefined || rest.items.length === 2]).toEqual(['d', true])
  })

  test('end where the objects do', async () => {
    expect((await list(`${maps}?limit=5`)).metadata.continue).toBeUndefined()
    expect((await list(`${maps}?limit=9`)).metadata.continue).toBeUndefined()
  })

  test('are not made of any state that will do', async () => {
    expect(names(await list(`${maps}?limit=2&resourceVersion=0`))).toHaveLength(5)
  })

  test('of an exact state begin at it', async () => {
    const before = (await list(`${maps}?limit=1`)).metadata.resourceVersion
    await wire.send('DELETE', `${maps}/a`)
    expect(names(await list(`${maps}?resourceVersion=${before}&resourceVersionMatch=Exact`))[0]).toBe('a')
    // A limit with a revision means the same, as it did before there was a match.
    expect(names(await list(`${maps}?resourceVersion=${before}&limit=1`))).toEqual(['a'])
    expect(names(await list(`${maps}?resourceVersion=${before}&resourceVersionMatch=NotOlderThan`))[0]).toBe('b')
    expect(names(await list(`${maps}?resourceVersion=${before}`))[0]).toBe('b')
    await wire.send('POST', maps, { body: { metadata: { name: 'a', labels: { vowel: 'true' } } } })
  })
})

describe('what is refused', () => {
  const options = (message: string) => `ListOptions.meta.k8s.io "" is invalid: ${message}`
  test.each<[string, number, string]>([
    ['limit=x', 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['limit=', 400, 'strconv.ParseInt: parsing "": invalid syntax'],
    ['limit=99999999999999999999', 400, 'strconv.ParseInt: parsing "99999999999999999999": value out of range'],
    ['timeoutSeconds=1.5', 400, 'strconv.ParseInt: parsing "1.5": invalid syntax'],
    [
      'resourceVersion=x',
      400,
      'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
    ],
    [
      'resourceVersionMatch=Exact',
      422,
      options('resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided'),
    ],
    [
      'resourceVersionMatch=Exact&resourceVersion=0',
      422,
      options('resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
    ],
    [
      'resourceVersionMatch=Near&continue=x',
      422,
      options(
        '[resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided, resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided, resourceVersionMatch: Unsupported value: "Near": supported values: "Exact", "NotOlderThan", ""]',
      ),
    ],
    ['sendInitialEvents=true', 422, options('sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list')],
    ['continue=%21', 400, 'invalid continue token: continue key is not valid: illegal base64 data at input byte 0'],
    [`continue=${text('{')}`, 400, 'invalid continue token: continue key is not valid: unexpected end of JSON input'],
    [
      `continue=${token({ v: 'v2', rv: 1, start: 'a' })}`,
      400,
      'invalid continue token: continue key is not valid: server does not recognize this encoded version v2',
    ],
    [
      `continue=${token({ v: 'meta.k8s.io/v1', rv: 0, start: 'a' })}`,
      400,
      'invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
    ],
    [
      `continue=${token({ v: 'meta.k8s.io/v1', rv: 1 })}`,
      400,
      'invalid continue token: continue key is not valid: encoded start key empty (version meta.k8s.io/v1)',
    ],
    [
      `continue=${token({ v: 'meta.k8s.io/v1', rv: 1, start: '../secrets/x' })}`,
      400,
      'invalid continue token: continue key is not valid: ../secrets/x',
    ],
    [
      `continue=${token({ v: 'meta.k8s.io/v1', rv: 1, start: 'a' })}&resourceVersion=5`,
      400,
      'specifying resource version is not allowed when using continue',
    ],
    ['labelSelector=a in b', 400, `unable to parse requirement: found 'b' expected: '('`],
    ['labelSelector=a!', 400, "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"],
    ['fieldSelector=a', 400, "invalid selector: 'a'; can't understand 'a'"],
    [
      'fieldSelector=data.a=b',
      400,
      '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ],
  ])('%s', async (query, status, message) => {
    const answer = await wire.send('GET', `${maps}?${query}`)
    expect([answer.status, answer.json.message]).toEqual([status, message])
  })

  test.each([
    ['/api/v1/pods', 'field label not supported: spec.x'],
    ['/api/v1/nodes', 'field label not supported: spec.x'],
    ['/apis/batch/v1/jobs', 'field label "spec.x" not supported for Job'],
    [
      '/apis/resource.k8s.io/v1/resourceslices',
      'field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: spec.x',
    ],
    ['/apis/apps/v1/replicasets', '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"'],
    ['/apis/apps/v1/deployments', '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"'],
  ])('an unknown field of %s', async (target, message) => {
    const answer = await wire.send('GET', `${target}?fieldSelector=spec.x=1`)
    expect([answer.status, answer.json.message]).toEqual([400, message])
  })

  test('a state that has not come yet', async () => {
    for (const target of [`${maps}?resourceVersion=99999`, `${maps}/a?resourceVersion=99999`]) {
      const { status, headers, json } = await wire.send('GET', target)
      expect([status, headers['retry-after']]).toEqual([504, '1'])
      expect(json).toMatchObject({
        reason: 'Timeout',
        message: expect.stringMatching(/^Timeout: Too large resource version: 99999, current: \d+$/),
        details: {
          causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
          retryAfterSeconds: 1,
        },
      })
    }
  })
})

describe('selectors', () => {
  test.each<[string, string[]]>([
    ['labelSelector=vowel=true', ['a', 'e']],
    ['labelSelector=vowel,vowel!=true', ['b', 'c', 'd']],
    ['labelSelector=!vowel&fieldSelector=metadata.namespace=default', []],
    ['fieldSelector=metadata.name=c', ['c']],
    ['fieldSelector=metadata.name!=c,metadata.namespace=default', ['a', 'b', 'd', 'e']],
    ['fieldSelector=metadata.namespace=other', []],
  ])('%s', async (query, expected) => {
    expect(names(await list(`${everywhere}?${query}`))).toEqual(expected)
  })

  test('of events work in both groups', async () => {
    const event = { metadata: { name: 'e' }, involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' } }
    await wire.send('POST', '/api/v1/namespaces/default/events', { body: event })
    expect(names(await list('/api/v1/events?fieldSelector=involvedObject.kind=Pod'))).toEqual(['e'])
    expect(names(await list('/apis/events.k8s.io/v1/events?fieldSelector=regarding.kind=Pod'))).toEqual(['e'])
    expect(names(await list('/apis/events.k8s.io/v1/events?fieldSelector=regarding.kind=Node'))).toEqual([])
  })
})

test('what is compacted away cannot be read: a new token leads on from the newest state', async () => {
  const first = (await list(`${maps}?limit=2`)).metadata
  for (let round = 0; round < 3; round++) {
    await wire.send('PUT', `${maps}/e`, { body: { metadata: { name: 'e' }, data: { round: String(round) } } })
    await cluster.clock.advance('5m')
  }
  const old = await wire.send('GET', `${maps}?limit=2&continue=${first.continue}`)
  expect([old.status, old.json]).toMatchObject([
    410,
    {
      reason: 'Expired',
      message:
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    },
  ])
  expect(JSON.parse(Buffer.from(old.json.metadata.continue, 'base64url').toString())).toEqual({
    v: 'meta.k8s.io/v1',
    rv: -1,
    start: 'b\u0000',
  })
  expect(names(await list(`${maps}?continue=${old.json.metadata.continue}`))).toEqual(['c', 'd', 'e'])
  const exact = await wire.send('GET', `${maps}?resourceVersion=${first.resourceVersion}&resourceVersionMatch=Exact`)
  expect([exact.status, exact.json.message]).toEqual([410, 'The resourceVersion for the provided list is too old.'])
})

test('the items of a list don’t say their type, since the list does', async () => {
  const answer = await list(maps)
  expect(Object.keys(answer)).toEqual(['kind', 'apiVersion', 'metadata', 'items'])
  for (const item of answer.items) expect(Object.keys(item)[0]).toBe('metadata')
})
