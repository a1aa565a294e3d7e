// The declared API against upstream's own data: every definition, field, operation, discovery entry, table column and
// protobuf number, and an example of every kind. Runs where that data lies beside the project.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { aggregatedDiscovery } from '../../src/api/discovery.ts'
import { openapiV2, openapiV3, openapiV3Index } from '../../src/api/openapi/openapi.ts'
import { apiVersionOf } from '../../src/api/resource.ts'
import { kinds, resources } from '../../src/api/scheme.ts'
import { decodeObject } from '../../src/machinery/codec/decode.ts'
import { decodeEnvelope, decodeProtobuf, encodeEnvelope, encodeProtobuf } from '../../src/machinery/codec/protobuf.ts'
import type { FieldSchema, ObjectSchema, TypeNode } from '../../src/machinery/schema/schema.ts'

const folder = fileURLToPath(new URL('../../../shared/kubernetes-v1.36/', import.meta.url))
const text = (path: string) => readFileSync(folder + path, 'utf8')
const json = (path: string) => JSON.parse(text(path))

// ---- comparing -----------------------------------------------------------------------------------------------------

type Json = any

/** Descriptions are not ours to keep; see the test of columns. A $ref that stands alone says the same without allOf. */
function comparable(value: Json): Json {
  if (Array.isArray(value)) return value.map(comparable)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries<Json>(value).filter(([key, of]) => key !== 'description' || typeof of !== 'string')
  const result = Object.fromEntries(entries.map(([key, of]) => [key, comparable(of)]))
  return result['allOf']?.length === 1 && Object.keys(result).length === 1 ? result['allOf'][0] : result
}

/** One line per difference. */
function differences(ours: Json, theirs: Json, path = ''): string[] {
  if (ours === theirs) return []
  const both = typeof ours === 'object' && typeof theirs === 'object' && ours && theirs
  if (!both || Array.isArray(ours) !== Array.isArray(theirs))
    return [`${path}: ${JSON.stringify(ours)}, upstream ${JSON.stringify(theirs)}`]
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap(key =>
    differences(ours[key], theirs[key], `${path}.${key}`),
  )
}

// ---- what is compared ----------------------------------------------------------------------------------------------

function parity(): void {
  beforeAll(() => {
    execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/descriptions.mjs', import.meta.url))])
  })

  describe('OpenAPI', () => {
    test('v2: every definition, path, operation and parameter', () => {
      const { parameters, ...theirs } = json('served/openapi-v2.json')
      // Upstream shares parameters under hashed names, which saves bytes and says nothing more.
      const inlined = (value: Json): Json => {
        if (Array.isArray(value)) return value.map(inlined)
        if (typeof value !== 'object' || value === null) return value
        const shared = typeof value.$ref === 'string' && /^#\/parameters\/(.*)$/.exec(value.$ref)
        if (shared) return parameters[shared[1]!]
        return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, inlined(of)]))
      }
      expect(Object.keys(theirs.definitions)).toHaveLength(584)
      expect(differences(comparable(openapiV2()), comparable(inlined(theirs)))).toEqual([])
    })

    const index = json('served/openapi-v3/index.json')
    test('v3: the index', () => {
      expect(Object.keys(openapiV3Index().paths)).toEqual(Object.keys(index.paths))
    })
    test.each(Object.keys(index.paths))('v3: %s', path => {
      const theirs = json(`served/openapi-v3/${path.replaceAll('/', '__')}.json`)
      expect(differences(comparable(openapiV3(path)), comparable(theirs))).toEqual([])
    })
  })

  test('OpenAPI: every definition and field that upstream has words for has words', () => {
    const without = new Set<string>()
    for (const path of Object.keys(openapiV3Index().paths)) {
      const theirs = json(`served/openapi-v3/${path.replaceAll('/', '__')}.json`).components.schemas ?? {}
      const ours = (openapiV3(path) as Json).components.schemas
      for (const [name, { description, properties = {} }] of Object.entries<Json>(theirs)) {
        if (description && !ours[name].description) without.add(name)
        for (const [field, property] of Object.entries<Json>(properties))
          if (property.description && !ours[name].properties[field].description) without.add(`${name}.${field}`)
      }
    }
    expect([...without]).toEqual([])
  })

  test('discovery: every group, version, resource and subresource', () => {
    expect(aggregatedDiscovery(resources, '/api')).toEqual(json('served/discovery-api.json'))
    expect(aggregatedDiscovery(resources, '/apis')).toEqual(json('served/discovery-apis.json'))
  })

  describe('table columns', () => {
    const theirs: Record<string, Json[]> = json('served/table-columns.json')
    const ours = Object.fromEntries(
      resources.map(resource => [`${resource.group}/${resource.version}/${resource.resource}`, resource.columns]),
    )
    test.each(Object.keys(theirs))('%s', key => {
      const bare = ({ name, type, format, priority }: Json) => ({ name, type, format, priority })
      expect(ours[key]?.map(bare)).toEqual(theirs[key]!.map(bare))
    })

    // The client package keeps no comment at fields of object type, and runs paragraphs together.
    test('descriptions', () => {
      const words = (description: string) => description.replaceAll(/\s+/g, ' ').trim()
      const without: string[] = []
      for (const [key, columns] of Object.entries(theirs))
        for (const [i, { name, description }] of columns.entries()) {
          const found = words(ours[key]![i]!.description)
          if (found === '' && description !== '') without.push(`${key} ${name}`)
          else expect(found, `${key} ${name}`).toBe(words(description))
        }
      expect(without).toEqual(columnsWithoutWords)
    })
  })

  describe('protobuf', () => {
    const { messages }: { messages: Record<string, [number, string, string, string?][]> } = json('protobuf/api.json')
    /** Go's named slices, which are messages of one repeated field. */
    const wrappers = new Set(
      Object.entries(messages).flatMap(([name, [first, second]]) =>
        first?.[1] === 'items' && first[2] === 'string' && !second ? [name.replace(/.*\./, '')] : [],
      ),
    )
    const bare = (type: string) =>
      type.replaceAll(/[\w.]*\.(\w+)/g, '$1').replace(/\w+(?=>?$)/, name => (wrappers.has(name) ? 'list' : name))
    const all = new Map<string, ObjectSchema>()
    const visit = (node: TypeNode): void => {
      if (node.type === 'list') visit(node.item)
      else if (node.type === 'map') visit(node.value)
      else if (node.type === 'object' || node.type === 'either') collect(node.of())
    }
    const collect = (schema: ObjectSchema): void => {
      if (all.has(schema.name)) return
      all.set(schema.name, schema)
      for (const field of schema.message) visit(field.node)
    }
    for (const { schema } of kinds) collect(schema)

    test.each([...all])('%s', (name, schema) => {
      const message = messages[name.replace(/^io\.k8s\./, 'k8s.io.').replaceAll('-', '_')]
      if (!message) return expect(withoutProtobuf).toContain(name)
      expect(
        schema.message.map(field => [field.number, field.protobufName ?? field.name, ...protobufType(field)]),
      ).toEqual(message.map(([number, name, type, ...rest]) => [number, name, bare(type), ...rest]))
    })
  })

  describe('examples', () => {
    const found = kinds
      .map(({ group, version, kind, schema }) => ({
        name: `${group || 'core'}.${version}.${kind}`,
        apiVersion: apiVersionOf({ group, version }),
        kind,
        schema,
      }))
      .filter(({ name }) => existsSync(`${folder}examples/${name}.pb`))

    test('there is one of every kind that is served', () => {
      const names = new Set(found.map(({ name }) => name))
      const served = resources.map(({ group, version, kind }) => `${group || 'core'}.${version}.${kind}`)
      expect(served.filter(name => !names.has(name)).sort()).toEqual(withoutExample)
    })

    test.each(found)('$name', ({ name, apiVersion, kind, schema }) => {
      const inJson = text(`examples/${name}.json`)
      const inProtobuf = new Uint8Array(readFileSync(`${folder}examples/${name}.pb`))
      const { raw } = decodeEnvelope(inProtobuf)
      // All but WatchEvent say their type in JSON, too.
      const type = schema.fields.has('kind') ? { apiVersion, kind } : {}
      const fromProtobuf = decodeProtobuf(schema, raw, type)
      const { object: fromJson, unknownFields } = decodeObject(schema, JSON.parse(inJson), { mode: 'Strict' })
      expect(unknownFields).toEqual([])
      expect(asGoWrites(fromProtobuf)).toBe(inJson)
      expect(asGoWrites(fromJson)).toBe(inJson)
      expect(Buffer.from(encodeEnvelope(type, encodeProtobuf(schema, fromJson)))).toEqual(Buffer.from(inProtobuf))
    })
  })
}

/** Two spaces, in the order of the fields, with the characters escaped that Go's encoder escapes. */
function asGoWrites(object: Json): string {
  return `${JSON.stringify(object, null, 2).replaceAll(/[<>&\u2028\u2029]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}`
}

function protobufType({ node }: FieldSchema): string[] {
  if (node.type === 'list' && !node.wrapped) return [messageName(node.item), 'repeated']
  if (node.type === 'map') return [`map<string,${messageName(node.value)}>`]
  return [messageName(node)]
}

function messageName(node: TypeNode): string {
  switch (node.type) {
    case 'object':
      return node.of().name.replace(/.*\./, '')
    case 'either':
    case 'any':
      return node.definition?.replace(/.*\./, '') ?? 'any'
    case 'quantity':
      return 'Quantity'
    case 'intOrString':
      return 'IntOrString'
    case 'time':
      return 'Time'
    case 'microTime':
      return 'MicroTime'
    case 'duration':
      return 'Duration'
    case 'boolean':
      return 'bool'
    case 'list':
      return 'list'
    default:
      return node.type
  }
}

// ---- the differences that there are, by reason ---------------------------------------------------------------------

/** Columns described by a field of object type: the client package has no words for those. */
const columnsWithoutWords: readonly string[] = [
  '/v1/events Object',
  '/v1/events Source',
  '/v1/persistentvolumes Claim',
  'apps/v1/daemonsets Selector',
  'apps/v1/deployments Selector',
  'apps/v1/replicasets Selector',
  'events.k8s.io/v1/events Object',
  'events.k8s.io/v1/events Source',
  'autoscaling/v2/horizontalpodautoscalers Reference',
  'autoscaling/v1/horizontalpodautoscalers Reference',
  'batch/v1/cronjobs Selector',
  'batch/v1/jobs Selector',
  'networking.k8s.io/v1/ipaddresses ParentRef',
  'networking.k8s.io/v1/networkpolicies Pod-Selector',
  'flowcontrol.apiserver.k8s.io/v1/flowschemas DistinguisherMethod',
]

/** Kinds that upstream serves in JSON only. */
const withoutProtobuf: readonly string[] = [
  ...['Table', 'TableColumnDefinition', 'TableRow', 'TableRowCondition'].map(
    name => `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`,
  ),
  'io.k8s.apimachinery.pkg.version.Info',
]

/** Upstream keeps no example of the kinds that its extension servers serve. */
const withoutExample = ['apiextensions.k8s.io.v1.CustomResourceDefinition', 'apiregistration.k8s.io.v1.APIService']

if (existsSync(folder)) parity()
else
  test("upstream's data does not lie beside the project: nothing to compare with", () => {
    expect(existsSync(folder)).toBe(false)
  })
