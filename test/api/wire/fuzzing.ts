// Whatever comes in: an answer that says what is wrong, never a crash, a failure of the server's own, or a stall. All from
// one seed, so that what is found is found again. `fuzz.test.ts` asks a share of it, `test/e2e/fuzz.e2e.ts` the rest.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { apiVersionOf, groupResource, type ResourceDeclaration } from '../../../src/api/resource.ts'
import { kinds, resources } from '../../../src/api/scheme.ts'
import { decodeContinue } from '../../../src/apiserver/registry/continue-token.ts'
import type { Method } from '../../../src/client/transport.ts'
import { Cluster } from '../../../src/cluster/cluster.ts'
import { decodeObject } from '../../../src/machinery/codec/decode.ts'
import {
  decodeEnvelope,
  decodeProtobuf,
  encodeEnvelope,
  encodeProtobuf,
  ProtobufError,
} from '../../../src/machinery/codec/protobuf.ts'
import { parseFieldSelector } from '../../../src/machinery/fields.ts'
import { JsonSyntaxError, parseJson } from '../../../src/machinery/json/parse.ts'
import { parseLabelSelector } from '../../../src/machinery/labels.ts'
import { setKey } from '../../../src/machinery/own-value.ts'
import { applyJsonPatch } from '../../../src/machinery/patch/json-patch.ts'
import { applyMergePatch } from '../../../src/machinery/patch/merge-patch.ts'
import { applyStrategicMergePatch } from '../../../src/machinery/patch/strategic-merge.ts'
import type { ObjectSchema, TypeNode } from '../../../src/machinery/schema/schema.ts'
import { StatusError } from '../../../src/machinery/status-error.ts'
import { parseYamlDocuments, YamlSyntaxError } from '../../../src/machinery/yaml/parse.ts'
import { writeYaml } from '../../../src/machinery/yaml/write.ts'
import { jsonDiff, mergeDiff, strategicDiff } from './diffs.ts'
import { mutatedBytes, mutatedText, mutatedValue } from './mutations.ts'
import { below, oneOf, type Random, randomFrom, randomObject, withDistinctKeys } from './random-object.ts'
import { validObjects } from './valid-objects.ts'
import { type WireClient, wireClient } from './wire-client.ts'

export interface Fuzzing {
  readonly seed: number
  /** So many requests to the whole server, and a third as many about custom resources. */
  readonly rounds: number
  /** How long these may take, in milliseconds. */
  readonly patience: number
  /** Whether the readers are tried alone as well. */
  readonly readers: boolean
}

/**
 * Upstream gives a 500 too: to a strategic merge patch that makes no sense (without a reason), to the scale of nothing, and
 * to a Service once every ServiceCIDR is deleted.
 */
const isUpstreams = (bytes: Buffer): boolean =>
  !bytes.includes('InternalError') ||
  bytes.includes('the spec replicas field') ||
  bytes.includes('failed to allocate a serviceIP: ')

/** A refusal is an error made on purpose; anything else is a fault of the program. */
function isRefusal(error: unknown): boolean {
  if (error instanceof StatusError) return error.code < 500 || error.reason === ''
  if (error instanceof ProtobufError || error instanceof YamlSyntaxError || error instanceof JsonSyntaxError)
    return true
  return error instanceof Error && error.constructor === Error
}

function mayRefuse(input: unknown, run: () => unknown): void {
  try {
    run()
  } catch (error) {
    if (isRefusal(error)) return
    throw new Error(`${(error as Error).stack}\n\nfor ${shown(input)}`, { cause: error })
  }
}

const shown = (input: unknown): string =>
  (input instanceof Uint8Array ? Buffer.from(input).toString('hex') : (JSON.stringify(input) ?? 'undefined')).slice(
    0,
    3000,
  )

export function describeFuzzing(fuzzing: Fuzzing): void {
  if (fuzzing.readers) describeReaders(fuzzing)
  describeServer(fuzzing)
}

function describeReaders({ seed }: Fuzzing): void {
  describe('the readers', () => {
    /** So many inputs for each kind, of some objects of it. */
    const perKind = (objects: number, each: (schema: ObjectSchema, object: any, random: Random) => void) => {
      const random = randomFrom(seed)
      for (const { schema } of kinds.filter(({ kind }) => !kind.endsWith('List')))
        for (let count = 0; count < objects; count++) each(schema, randomObject(schema, random), random)
    }

    test('of JSON', () => {
      perKind(4, (schema, object, random) => {
        const text = JSON.stringify(object)
        for (let count = 0; count < 25; count++) {
          const input = random() < 0.3 ? mutatedText(text, random) : JSON.stringify(mutatedValue(object, random))
          mayRefuse(input, () =>
            decodeObject(schema, parseJson(Buffer.from(input ?? ''), { duplicates: true }).value ?? {}, {
              mode: 'Strict',
            }),
          )
        }
      })
    })

    test('of protobuf', () => {
      perKind(4, (schema, object, random) => {
        const bytes = encodeProtobuf(schema, object)
        const envelope = encodeEnvelope({ apiVersion: 'v1', kind: 'X' }, bytes)
        for (let count = 0; count < 25; count++) {
          const input = mutatedBytes(bytes, random)
          mayRefuse(input, () => decodeProtobuf(schema, input))
          const wrapped = mutatedBytes(envelope, random)
          mayRefuse(wrapped, () => decodeProtobuf(schema, decodeEnvelope(wrapped).raw))
        }
      })
    })

    test('of YAML', () => {
      perKind(1, (schema, object, random) => {
        const text = writeYaml(mutatedValue(object, random)).slice(0, 1500)
        for (let count = 0; count < 8; count++) {
          const input = mutatedText(text, random)
          mayRefuse(input, () => {
            for (const value of parseYamlDocuments(input)) decodeObject(schema, value, { mode: 'Warn' })
          })
        }
      })
    })

    test('of patches', () => {
      perKind(3, (schema, object, random) => {
        const node = { type: 'object', of: () => schema } as const
        const from = decodeObject(schema, withDistinctKeys(node, object)).object
        const to = withDistinctKeys(node, randomObject(schema, random))
        const patches = [mergeDiff(from, to), strategicDiff(schema, from, to), jsonDiff(from, to)] as const
        for (let count = 0; count < 10; count++) {
          const [merge, strategic, json] = patches.map(patch => mutatedValue(patch, random))
          mayRefuse({ from, merge }, () => decodeObject(schema, applyMergePatch(from, merge)))
          mayRefuse({ from, strategic }, () => decodeObject(schema, applyStrategicMergePatch(schema, from, strategic)))
          mayRefuse({ from, json }, () => decodeObject(schema, applyJsonPatch(from, json)))
        }
      })
    })

    test('of selectors and continue tokens', () => {
      const random = randomFrom(seed)
      const labels = ['a=b', 'a in (b,c),!d', 'x/y notin (z),e>5', 'a!=b,c==d', 'k,!k']
      const fields = ['metadata.name=a', 'status.phase!=Running,spec.nodeName=x', 'a=b\\,c\\=d']
      const token = JSON.stringify({ v: 'meta.k8s.io/v1', rv: 5, start: 'default/a\u0000' })
      for (let count = 0; count < 10_000; count++) {
        const label = mutatedText(oneOf(random, labels), random)
        mayRefuse(label, () => parseLabelSelector(label).matches({ a: 'b', e: '6' }))
        const field = mutatedText(oneOf(random, fields), random)
        mayRefuse(field, () => parseFieldSelector(field).toString())
        const encoded = Buffer.from(mutatedText(token, random)).toString('base64url')
        const start = random() < 0.5 ? encoded : mutatedText(encoded, random)
        mayRefuse(start, () => expect(decodeContinue(start, '/registry/pods/').start).toMatch(/^\/registry\/pods\//))
      }
    })
  })
}

/** A kind with everything in it that a definition can ask for, nearly. */
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.fuzz.example.com' },
  spec: {
    group: 'fuzz.example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: ['v1', 'v2'].map(name => ({
      name,
      served: true,
      storage: name === 'v1',
      subresources: {
        status: {},
        scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
      },
      additionalPrinterColumns: [{ name: 'Size', type: 'string', jsonPath: '.spec.size' }],
      schema: {
        openAPIV3Schema: {
          type: 'object',
          properties: {
            spec: {
              type: 'object',
              properties: {
                size: { type: 'string', enum: ['big', 'small'], default: 'big' },
                replicas: { type: 'integer', minimum: 0 },
                port: { 'x-kubernetes-int-or-string': true },
                labels: { type: 'object', additionalProperties: { type: 'string' } },
                items: {
                  type: 'array',
                  items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
                  'x-kubernetes-list-type': 'map',
                  'x-kubernetes-list-map-keys': ['name'],
                },
                any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                template: {
                  type: 'object',
                  'x-kubernetes-embedded-resource': true,
                  'x-kubernetes-preserve-unknown-fields': true,
                },
              },
            },
            status: { type: 'object', properties: { replicas: { type: 'integer' } } },
          },
        },
      },
    })),
  },
}

const widget = {
  metadata: { name: 'a', labels: { a: 'b' } },
  spec: {
    size: 'small',
    replicas: 2,
    port: 'http',
    labels: { a: 'b' },
    items: [{ name: 'x' }, { name: 'y' }],
    any: { list: [1, { b: null }] },
  },
}

function describeServer({ seed, rounds, patience }: Fuzzing): void {
  describe('the API server', () => {
    let cluster: Cluster
    let wire: WireClient
    let faults: string[]
    beforeEach(() => {
      faults = []
    })
    beforeAll(async () => {
      cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
      wire = wireClient(cluster)
      await wire.send('POST', '/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'default' } } })
    }, patience)
    afterAll(() => cluster.stop())

    const methods: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']
    const types = [
      'application/json',
      'application/yaml',
      'application/vnd.kubernetes.protobuf',
      'application/merge-patch+json',
      'application/json-patch+json',
      'application/strategic-merge-patch+json',
      'text/plain',
      'application/json; charset=utf-8',
      ';',
    ]
    const accepts = [
      '',
      '*/*',
      'application/json;as=Table;g=meta.k8s.io;v=v1,application/json',
      'application/vnd.kubernetes.protobuf',
      'application/yaml',
      'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
      ',;q=,a/b;q=x',
    ]
    const parameters = [
      'limit=3',
      'continue=abc',
      'resourceVersion=0',
      'resourceVersion=5',
      'resourceVersionMatch=Exact',
      'labelSelector=a=b',
      'fieldSelector=metadata.name=a',
      'dryRun=All',
      'fieldValidation=Strict',
      'fieldManager=a',
      'force=true',
      'gracePeriodSeconds=1',
      'gracePeriodSeconds=9000000000000000000',
      'propagationPolicy=Orphan',
      'orphanDependents=true',
      'timeoutSeconds=1',
      'pretty=1',
      'includeObject=Object',
      'watch=1',
      'sendInitialEvents=true',
      'allowWatchBookmarks=true',
    ]
    const stored = resources.filter(({ verbs }) => verbs.includes('create'))
    /** Those reach for a kubelet, which is not there. */
    const remote = /\/(proxy|exec|attach|portforward|log)(\/|\?|$)/

    function target(declaration: ResourceDeclaration, method: Method, name: string, random: Random): string {
      const { group, resource, namespaced, subresources } = declaration
      const root = `/${group === '' ? 'api' : 'apis'}/${apiVersionOf(declaration)}`
      let path = `${root}${namespaced ? '/namespaces/default' : ''}/${resource}`
      if (method === 'POST' ? random() < 0.1 : random() < 0.9) path += `/${name}`
      if (random() < 0.2 && subresources.length > 0) path += `/${oneOf(random, subresources).name}`
      if (random() < 0.1) path = mutatedText(path, random)
      const query = Array.from({ length: below(random, 4) }, () => oneOf(random, parameters)).join('&')
      return query === '' ? path : `${path}?${random() < 0.2 ? mutatedText(query, random) : query}`
    }

    function bodyOf(declaration: ResourceDeclaration, object: any, type: string, random: Random): Uint8Array {
      if (type.endsWith('protobuf')) {
        const message = encodeProtobuf(declaration.schema, object)
        const bytes = encodeEnvelope({ apiVersion: apiVersionOf(declaration), kind: declaration.kind }, message)
        return random() < 0.5 ? bytes : mutatedBytes(bytes, random)
      }
      const value = random() < 0.4 ? object : mutatedValue(object, random)
      if (type.includes('json-patch')) {
        const path = `/${oneOf(random, ['spec', 'metadata/labels', 'data/a', 'status', ''])}`
        const operation = {
          op: oneOf(random, ['add', 'remove', 'replace', 'test', 'move', 'copy']),
          path,
          from: '/metadata',
          value,
        }
        return Buffer.from(JSON.stringify([operation]))
      }
      const text = type.includes('yaml') ? writeYaml(value) : (JSON.stringify(value) ?? '')
      return Buffer.from(random() < 0.9 ? text : mutatedText(text, random))
    }

    function deletion(random: Random): Uint8Array {
      const options = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 1, preconditions: {}, dryRun: [] }
      if (random() < 0.4) return new Uint8Array()
      return Buffer.from(JSON.stringify(random() < 0.4 ? options : mutatedValue(options, random)) ?? '')
    }

    /** A type that fits the method, mostly. */
    function contentType(method: Method, random: Random): string {
      if (random() < 0.1) return oneOf(random, types)
      if (method === 'PATCH') return `application/${oneOf(random, ['json', 'merge', 'strategic-merge'])}-patch+json`
      return oneOf(random, [
        'application/json',
        'application/json',
        'application/yaml',
        'application/vnd.kubernetes.protobuf',
      ])
    }

    /** How often each method got each status. What must not be answered is in `faults`. */
    async function bombard(declarations: readonly ResourceDeclaration[], count: number): Promise<Map<string, number>> {
      const random = randomFrom(seed)
      const answers = new Map<string, number>()
      for (let round = 0; round < count && faults.length < 12; round++) {
        const declaration = oneOf(random, declarations)
        const object = plausible(declaration, random)
        const name = String(object.metadata?.name ?? 'a')
        const method = oneOf(random, methods)
        const path = target(declaration, method, encodeURIComponent(name), random)
        if (remote.test(path)) continue
        // Pods wait for their account to be made, and the clock stands still here.
        if (method === 'DELETE' && declaration.resource === 'serviceaccounts') continue
        const type = contentType(method, random)
        const headers = { 'content-type': type, ...(random() < 0.3 ? { accept: oneOf(random, accepts) } : {}) }
        const body = method === 'DELETE' ? deletion(random) : bodyOf(declaration, object, type, random)
        const what = () =>
          `${method} ${path} ${JSON.stringify(headers)}\n${shown(type.endsWith('protobuf') ? body : Buffer.from(body).toString())}`
        try {
          const answer = await wire.send(method, path, { headers, body })
          const key = `${method} ${answer.status}`
          answers.set(key, (answers.get(key) ?? 0) + 1)
          const expected = answer.status < 500 || answer.status === 504 || isUpstreams(answer.bytes)
          if (!expected) faults.push(`${answer.status} ${answer.bytes.toString().slice(0, 600)}\n  for ${what()}`)
        } catch (error) {
          faults.push(`${(error as Error).stack}\n  for ${what()}`)
        }
      }
      return answers
    }

    test(
      'answers anything with something',
      async () => {
        const answers = await bombard(stored, rounds)
        expect(faults.join('\n\n')).toBe('')
        // It must get past the door often enough to mean something.
        for (const key of ['POST 201', 'POST 422', 'PUT 200', 'PATCH 200', 'PATCH 422', 'DELETE 200', 'GET 200'])
          expect([key, (answers.get(key) ?? 0) > 5]).toEqual([key, true])
      },
      patience,
    )

    test(
      'answers anything about a custom resource with something',
      async () => {
        const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
        const defined = await wire.send('POST', path, { body: definition })
        expect(defined.json.message).toBeUndefined()
        const { registry } = cluster.plane.apiServer
        for (let tries = 0; !registry.find('fuzz.example.com', 'v1', 'widgets'); tries++) {
          expect(tries).toBeLessThan(1000)
          await new Promise(resolve => setImmediate(resolve))
        }
        const answers = await bombard(
          ['v1', 'v2'].map(version => registry.find('fuzz.example.com', version, 'widgets')!.declaration),
          rounds / 3,
        )
        expect(faults.join('\n\n')).toBe('')
        for (const key of [
          'POST 201',
          'POST 400',
          'POST 422',
          'PUT 422',
          'PATCH 200',
          'DELETE 200',
          'GET 200',
          'GET 406',
        ])
          expect([key, (answers.get(key) ?? 0) > 3]).toEqual([key, true])
      },
      patience,
    )

    test('what every JavaScript object has is a name like any other', async () => {
      for (const declaration of stored) {
        const valid = validObjects[groupResource(declaration)]
        if (!valid) continue
        const places: ((object: any) => any)[] = []
        findMaps({ type: 'object', of: () => declaration.schema }, valid, object => object, places)
        for (const place of places)
          for (const key of ['constructor', '__proto__', 'toString']) {
            const object = {
              apiVersion: apiVersionOf(declaration),
              kind: declaration.kind,
              ...structuredClone(valid),
            } as any
            const map = place(object)
            setKey(map, key, Object.values(map)[0] ?? '1')
            const path = target(declaration, 'POST', '', () => 0.5).split('?')[0]!
            for (const [method, where] of [
              ['POST', path],
              ['PUT', `${path}/${object.metadata?.name}`],
              ['DELETE', `${path}/${object.metadata?.name}`],
            ] as const) {
              const answer = await wire.send(method, where, { body: method === 'DELETE' ? '' : object })
              if (answer.status >= 500 && !isUpstreams(answer.bytes))
                faults.push(`${answer.bytes} for ${method} ${where} ${JSON.stringify(object)}`)
            }
          }
      }
      expect(faults.join('\n\n')).toBe('')
    })

    /** Every map in the object, as a way to it in a copy. */
    function findMaps(node: TypeNode, value: any, find: (object: any) => any, places: ((object: any) => any)[]): void {
      if (value === undefined || value === null) return
      if (node.type === 'map') {
        places.push(find)
        for (const key of Object.keys(value)) findMaps(node.value, value[key], object => find(object)[key], places)
      } else if (node.type === 'list')
        for (const index of value.keys()) findMaps(node.item, value[index], object => find(object)[index], places)
      else if (node.type === 'object')
        for (const [name, field] of node.of().fields)
          findMaps(field.node, value[name], object => find(object)[name], places)
    }

    /** An object that has a chance to be taken: a valid one, or one with anything in it. */
    function plausible(declaration: ResourceDeclaration, random: Random): any {
      const valid = declaration.custom ? widget : validObjects[groupResource(declaration)]
      const type = { apiVersion: apiVersionOf(declaration), kind: declaration.kind }
      if (valid && random() < 0.8) return { ...type, ...structuredClone(valid) }
      const object = randomObject(declaration.schema, random)
      const metadata = { ...(random() < 0.3 ? object['metadata'] : {}), name: oneOf(random, ['a', 'b', 'c']) }
      return { ...object, ...type, metadata }
    }
  })
}
