// Which form of an answer a client gets: Accept with q values and parameters, pretty, gzip, etags; of lists and watches
// which versions may be asked for, and which pages.

import type { Asked } from '../connection.ts'
import { type Case, json, type Step, type Subject } from '../subject.ts'
import { prepareNamespace } from './validation.ts'

const namespace = 'negotiation'
const maps = `/api/v1/namespaces/${namespace}/configmaps`
const large = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`key-${index}`, 'value'.repeat(100)]))

const setup: readonly Asked[] = [
  ...prepareNamespace(namespace),
  { method: 'POST', path: maps, body: { metadata: { name: 'one' }, data: { a: '1' } } },
  { method: 'POST', path: maps, body: { metadata: { name: 'large' }, data: large } },
  ...['b', 'c', 'd', 'e'].map(name => ({ method: 'POST', path: maps, body: { metadata: { name } } })),
]

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
const partial = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'
const partialList = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'

const wishes = [
  'application/json;q=0',
  'application/json;q=0,application/yaml;q=0.1',
  'application/json;q=0.1,application/yaml;q=0.9',
  'application/yaml;q=0.5,application/json;q=0.5',
  'application/json;q=abc,application/yaml',
  'application/json;q=2,application/yaml',
  'application/json;q=-1,application/yaml',
  'application/json; q=0.5 , application/yaml ; q=0.6',
  'text/plain,application/yaml',
  'text/plain;q=1,*/*;q=0.1',
  '*/*;q=0.1,application/yaml',
  '*/*,application/yaml',
  'application/*,application/yaml',
  'text/*',
  '*',
  'json',
  'application/json,',
  ',application/json',
  ',',
  ';',
  'application/json;;',
  'application/json;charset=utf-8',
  'application/json;charset=latin1',
  'application/json;foo=bar',
  'application/json;foo',
  'application/yaml;foo=bar',
  'application/json;pretty=1',
  'application/json;pretty=0',
  'application/json;pretty=true',
  'application/yaml;pretty=1',
  'application/json;export=1',
  'application/json;export=1;exact=1',
  'application/json;stream=watch',
  'application/json;stream=other',
  'application/json;stream=',
  'application/json;sv=v1',
  'application/json;sv=v2',
  'application/vnd.kubernetes.protobuf;q=0.9,application/json;q=0.8',
  'application/vnd.kubernetes.protobuf;stream=watch',
  'application/vnd.kubernetes.protobuf;type=v1.ConfigMap',
  'APPLICATION/JSON',
  'Application/Yaml',
  'application/json;AS=Table;V=v1;G=meta.k8s.io',
  'application/json;as=table;v=v1;g=meta.k8s.io',
  'application/json;as=Table;v=v1',
  'application/json;as=Table;g=meta.k8s.io',
  'application/json;as=Table',
  'application/json;v=v1;g=meta.k8s.io',
  'application/json;v=v1',
  'application/json;g=meta.k8s.io',
  'application/json;as=;v=;g=',
  'application/json;as="Table";v="v1";g="meta.k8s.io"',
  `${table};q=0.1,application/json;q=0.9`,
  `${table},application/json`,
  `${table}`,
  `${table};pretty=1`,
  `${table.replace('v=v1', 'v=v1beta1')}`,
  `${table.replace('v=v1', 'v=v1beta1')},${table}`,
  `${table.replace('json', 'yaml')}`,
  `*/*;as=Table;v=v1;g=meta.k8s.io`,
  partial,
  partialList,
  `${partial},application/json`,
  `${partialList},application/json`,
  `${partialList},${partial},application/json`,
  `${partial};pretty=1`,
  'application/json;as=PartialObjectMetadata;v=v1;g=apps',
  'application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io',
  'application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io,application/json',
  'application/json;as=APIGroupDiscoveryList;v=v3;g=apidiscovery.k8s.io,application/json',
  'application/vnd.kubernetes.protobuf;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io',
  'application/yaml;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io',
  'application/json,application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io',
  'application/yaml;q=0.1,application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io;q=0.01',
  'application/apply-patch+yaml',
  'application/merge-patch+json',
  'application/problem+json',
]

const places = [
  maps,
  `${maps}/one`,
  `${maps}/missing`,
  `${maps}?limit=1`,
  '/api',
  '/apis',
  '/apis/apps',
  '/api/v1',
  '/version',
  '/openapi/v2',
  '/openapi/v3',
  '/openapi/v3/api/v1',
  '/healthz',
  '/nothing',
  '/apis/nothing.example.com/v1/things',
  '/api/v1/namespaces/missing/pods/x/log',
]

const accepts: Subject = {
  name: 'negotiation: accepted forms',
  setup,
  *cases(): Iterable<Case> {
    for (const accept of wishes) {
      for (const path of places) {
        // Whole documents are compared elsewhere.
        const method = path.startsWith('/openapi') ? 'HEAD' : 'GET'
        yield { name: `${accept} of ${path}`, method, path, headers: { accept } }
      }
      yield {
        name: `${accept} of a watch`,
        path: `${maps}?watch=true&resourceVersion=0&timeoutSeconds=1&fieldSelector=metadata.name%3Done`,
        headers: { accept },
        cutAfter: 400,
      }
      yield {
        name: `${accept} of a creation`,
        method: 'POST',
        path: `${maps}?dryRun=All`,
        body: { metadata: { name: 'x' } },
        headers: { accept },
      }
      yield {
        name: `${accept} of what is refused`,
        method: 'POST',
        path: `${maps}?dryRun=All`,
        body: { metadata: { name: 'Not Valid!' } },
        headers: { accept },
      }
      yield { name: `${accept} of a deletion`, method: 'DELETE', path: `${maps}/one?dryRun=All`, headers: { accept } }
      yield { name: `${accept} of many deletions`, method: 'DELETE', path: `${maps}?dryRun=All`, headers: { accept } }
      yield {
        name: `${accept} of a review`,
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        body: { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } },
        headers: { accept },
      }
      yield { name: `${accept} as nobody`, path: `${maps}/one`, token: null, headers: { accept } }
      yield { name: `${accept} with a wrong token`, path: `${maps}/one`, token: 'wrong', headers: { accept } }
    }
  },
}

const encodings = [
  'gzip',
  'GZIP',
  'gzip, deflate',
  'deflate, gzip',
  'gzip;q=0',
  'gzip;q=1.0',
  'deflate',
  'br',
  'identity',
  '*',
  'gzip;q=0.5, identity',
  '',
  'x-gzip',
]

const compressed: Subject = {
  name: 'negotiation: compression and indentation',
  *cases(): Iterable<Case> {
    for (const encoding of encodings)
      for (const path of [maps, `${maps}/large`, `${maps}/one`, '/api/v1', '/version', '/healthz', '/apis'])
        for (const accept of ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'])
          yield {
            name: `${encoding}, ${accept} of ${path}`,
            path,
            headers: { accept, 'accept-encoding': encoding },
          }
    for (const encoding of ['gzip'])
      for (const [name, asked] of Object.entries({
        'a watch': { path: `${maps}?watch=true&resourceVersion=0&timeoutSeconds=1`, cutAfter: 400 },
        'a creation': {
          method: 'POST',
          path: `${maps}?dryRun=All`,
          body: { metadata: { name: 'x' }, data: large },
        },
        'many deletions': { method: 'DELETE', path: `${maps}?dryRun=All` },
        'a table': { path: maps, headers: { accept: table } },
        head: { method: 'HEAD', path: '/openapi/v2' },
      }))
        yield {
          name: `${encoding} of ${name}`,
          ...asked,
          headers: { ...('headers' in asked && asked.headers), 'accept-encoding': encoding },
        }
    for (const pretty of ['', '0', '1', 'true', 'false', 'TRUE', 'yes', 't', 'F', '2'])
      for (const agent of [
        'differential',
        'curl/8',
        'Wget/1',
        'Mozilla/5.0 (X11)',
        'Mozilla/4.0',
        'kubectl/v1.36',
        'curly',
      ])
        for (const [what, asked] of Object.entries({
          object: { path: `${maps}/one` },
          list: { path: `${maps}?limit=1` },
          table: { path: `${maps}/one`, headers: { accept: table } },
          metadata: { path: `${maps}/one`, headers: { accept: partial } },
          missing: { path: `${maps}/missing` },
          'no page': { path: '/nothing' },
          discovery: { path: '/apis/apps/v1' },
          version: { path: '/version' },
          review: {
            method: 'POST',
            path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
            body: { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } },
          },
          'a wrong body': { method: 'POST', path: `${maps}?dryRun=All`, body: 'nonsense' },
        } satisfies Record<string, Asked>)) {
          const { path, ...rest } = asked as Asked
          yield {
            name: `pretty=${pretty} of ${what} by ${agent}`,
            ...rest,
            path: `${path}${path.includes('?') ? '&' : '?'}pretty=${pretty}`,
            headers: { ...('headers' in asked && asked.headers), 'user-agent': agent },
          }
        }
    for (const agent of ['curl/8', 'kubectl/v1.36'])
      for (const path of [`${maps}/one`, '/apis', '/version', '/nothing', `${maps}/missing`])
        yield { name: `${path} by ${agent}`, path, headers: { 'user-agent': agent, accept: '*/*' } }
  },
}

const etagOf = (value: unknown) => String(value)
const documents = ['/openapi/v2', '/openapi/v3', '/openapi/v3/api/v1', '/openapi/v3/apis/apps/v1', '/apis', '/api']
const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

const etags: Subject = {
  name: 'negotiation: etags',
  stories: Object.fromEntries(
    documents.map((path): [string, readonly (Case | Step)[]] => {
      const accept = /^\/apis?$/.test(path) ? aggregated : 'application/json'
      const again = (name: string, header: string, value: (etag: string) => string): Step => ({
        name,
        ask: answers => ({
          method: 'HEAD',
          path,
          headers: { accept, [header]: value(etagOf(answers[0]!.headers['etag'])) },
        }),
      })
      return [
        path,
        [
          { name: 'first', method: 'HEAD', path, headers: { accept } },
          again('the same', 'if-none-match', etag => etag),
          again('without quotes', 'if-none-match', etag => etag.replaceAll('"', '')),
          again('weak', 'if-none-match', etag => `W/${etag}`),
          again('another', 'if-none-match', () => '"other"'),
          again('several', 'if-none-match', etag => `"other", ${etag}`),
          again('any', 'if-none-match', () => '*'),
          again('match', 'if-match', () => '"other"'),
          again('modified', 'if-modified-since', () => 'Fri, 01 Jan 2100 00:00:00 GMT'),
          again('modified of old', 'if-modified-since', () => 'Fri, 01 Jan 2010 00:00:00 GMT'),
        ],
      ]
    }),
  ),
}

/** What a continue token may say. */
const tokens = [
  'abc',
  '!!!',
  '',
  'e30',
  'bnVsbA',
  Buffer.from('{"v":"meta.k8s.io/v1","rv":0,"start":"x"}').toString('base64url'),
  Buffer.from('{"v":"meta.k8s.io/v1","rv":-1,"start":"b"}').toString('base64url'),
  Buffer.from('{"v":"meta.k8s.io/v1","rv":-2,"start":"b"}').toString('base64url'),
  Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":""}').toString('base64url'),
  Buffer.from('{"v":"meta.k8s.io/v1","rv":"1","start":"b"}').toString('base64url'),
  Buffer.from('{"v":"meta.k8s.io/v1","start":"b"}').toString('base64url'),
  Buffer.from('{"v":"meta.k8s.io/v1","rv":99999999,"start":"b"}').toString('base64url'),
  Buffer.from('{"v":"meta.k8s.io/v2","rv":1,"start":"b"}').toString('base64url'),
  Buffer.from('{"v":"meta.k8s.io/v1","rv":-1,"start":"../../secrets/b"}').toString('base64url'),
  Buffer.from('{"v":"meta.k8s.io/v1","rv":-1,"start":"/b"}').toString('base64url'),
  Buffer.from('{"v":"meta.k8s.io/v1","rv":-1,"start":".."}').toString('base64url'),
  Buffer.from('{"v":"meta.k8s.io/v1","rv":-1,"start":"b\\u0000"}').toString('base64url'),
  `${Buffer.from('{"v":"meta.k8s.io/v1","rv":-1,"start":"b"}').toString('base64')}=`,
]

const versions = ['', '0', '1', '-1', 'abc', '1.5', '18446744073709551616', 'VERSION']
const matches = ['', 'Exact', 'NotOlderThan', 'exact', 'Bogus']

/** Each begins with a look at where the namespace stands, whose version is put in. */
const story = (steps: readonly Step[]): readonly (Case | Step)[] => [
  { name: 'where it stands', path: `${maps}?limit=1` },
  ...steps,
]

/** Whether both servers know it: the first revision may be forgotten, and a stock server may wait for the newest. */
const isKnown = (version: string, match: string) =>
  !(
    (['1', 'VERSION'].includes(version) && (match === '' || match === 'NotOlderThan')) ||
    (version === '1' && match === 'Exact')
  )

function lists(version: string): readonly Step[] {
  const steps: Step[] = []
  for (const match of matches) {
    if (!isKnown(version, match)) continue
    for (const more of ['', '&limit=2', '&continue=TOKEN', '&limit=2&continue=TOKEN', '&limit=-1', '&limit=abc']) {
      const deletion = at('', version, match, `${more}&dryRun=All`)
      steps.push(
        at(`list ${match} ${more}`, version, match, more),
        at(`metadata ${match} ${more}`, version, match, more, partialList),
        { name: `delete ${match} ${more}`, ask: answers => ({ method: 'DELETE', ...deletion.ask(answers) }) },
      )
    }
  }
  return steps
}

function watches(version: string, match: string): readonly Step[] {
  return ['', 'true', 'false', 'bogus'].flatMap(initial =>
    ['', '&allowWatchBookmarks=true', '&limit=1', '&continue=TOKEN'].map((more): Step => {
      const { name, ask } = at(
        `sendInitialEvents=${initial} ${more}`,
        version,
        match,
        `${more}&watch=true&timeoutSeconds=1&sendInitialEvents=${initial}`,
      )
      return { name, ask: answers => ({ ...ask(answers), cutAfter: 200 }) }
    }),
  )
}

const versioned: Subject = {
  name: 'negotiation: versions and pages',
  apart: true,
  stories: {
    ...Object.fromEntries(versions.map(version => [`lists at ${version}`, story(lists(version))])),
    ...Object.fromEntries(
      versions.flatMap(version =>
        matches.map(match => [`watches at ${version} ${match}`, story(watches(version, match))] as const),
      ),
    ),
    'lists with initial events': story(
      ['', 'true', 'false'].flatMap(initial =>
        ['', 'NotOlderThan'].map(match => at(`list ${initial} ${match}`, '', match, `&sendInitialEvents=${initial}`)),
      ),
    ),
    tokens: story(
      tokens.flatMap(token => {
        const encoded = encodeURIComponent(token)
        return [
          at(token, '', '', `&limit=2&continue=${encoded}`),
          at(`${token}, with a version`, '0', '', `&continue=${encoded}`),
        ]
      }),
    ),
  },
}

function at(name: string, version: string, match: string, more: string, accept = 'application/json'): Step {
  return {
    name,
    ask: answers => {
      const { metadata } = json(answers[0])
      const said = version === 'VERSION' ? metadata.resourceVersion : version
      const query = more.replace('TOKEN', metadata.continue)
      return {
        path: `${maps}?resourceVersion=${said}&resourceVersionMatch=${match}${query}`,
        headers: { accept },
      }
    },
  }
}

export const negotiation: readonly Subject[] = [accepts, compressed, etags, versioned]
