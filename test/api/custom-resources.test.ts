// Custom resources from definition to deletion, through the front door.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiResponse, Transport } from '../../src/client/transport.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import { adminTransport } from './admin-transport.ts'

let cluster: Cluster
let transport: Transport

beforeAll(async () => {
  const listen = { address: '127.0.0.1', port: 0 }
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true, listen })
  transport = adminTransport(cluster)
})
afterAll(async () => {
  transport.close()
  await cluster.stop()
})

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

type Json = Record<string, any>

async function call(
  method: string,
  path: string,
  body?: object,
  query: Record<string, string> = {},
  contentType = 'application/json',
): Promise<ApiResponse & { body: any }> {
  const bytes = body && Buffer.from(JSON.stringify(body))
  return (await transport.request({
    method: method as 'GET',
    path,
    query,
    body: bytes,
    headers: { 'content-type': contentType },
  })) as ApiResponse & { body: any }
}

const ok = async (...of: Parameters<typeof call>): Promise<any> => {
  const { status, body } = await call(...of)
  if (status >= 300) throw new Error(`${status}: ${(body as Json)?.['message']}`)
  return body
}

const refused = async (...of: Parameters<typeof call>): Promise<string> => {
  const { status, body } = await call(...of)
  return `${status} ${(body as Json)?.['message']}`
}

function definition(kind: string, spec: Json = {}, version: Json = {}): Json {
  const plural = `${kind.toLowerCase()}s`
  const group = spec['group'] ?? 'example.com'
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind, ...spec['names'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: {
                    replicas: { type: 'integer', minimum: 0, default: 1 },
                    size: { type: 'string', enum: ['small', 'large'] },
                    port: { 'x-kubernetes-int-or-string': true },
                    tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
                    any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  },
                },
                status: { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' } } },
              },
            },
          },
          subresources: { status: {} },
          ...version,
        },
      ],
      ...Object.fromEntries(Object.entries(spec).filter(([key]) => key !== 'names')),
    },
  }
}

async function established(name: string): Promise<Json> {
  let crd: Json = {}
  await cluster.until(async () => {
    crd = await ok('GET', `${definitions}/${name}`)
    return crd['status'].conditions?.some((each: Json) => each['type'] === 'Established' && each['status'] === 'True')
  }, '10s')
  return crd
}

async function define(kind: string, spec: Json = {}, version: Json = {}): Promise<string> {
  const crd = definition(kind, spec, version)
  await ok('POST', definitions, crd)
  await established(crd['metadata'].name)
  const { group } = crd['spec']
  return `/apis/${group}/v1/namespaces/default/${crd['spec'].names.plural}`
}

const object = (kind: string, name: string, rest: Json = {}): Json => ({
  apiVersion: 'example.com/v1',
  kind,
  metadata: { name },
  ...rest,
})

describe('a definition', () => {
  test('gets its names and is established', async () => {
    await define('Alpha', { names: { shortNames: ['al'], categories: ['all'] } })
    const crd = await ok('GET', `${definitions}/alphas.example.com`)
    expect(crd.spec.names).toEqual({
      plural: 'alphas',
      singular: 'alpha',
      shortNames: ['al'],
      kind: 'Alpha',
      listKind: 'AlphaList',
      categories: ['all'],
    })
    expect(crd.spec.conversion).toEqual({ strategy: 'None' })
    expect(crd.metadata.generation).toBe(1)
    expect(crd.status.acceptedNames).toEqual(crd.spec.names)
    expect(crd.status.storedVersions).toEqual(['v1'])
    expect(crd.status.conditions).toMatchObject([
      { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
      {
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      },
    ])
  })

  test('does not get names that another one has, until that one is gone', async () => {
    await define('Owner', { names: { shortNames: ['own'] } })
    const late = definition('Late', { names: { shortNames: ['own'] } })
    await ok('POST', definitions, late)
    await cluster.until(async () => (await ok('GET', `${definitions}/lates.example.com`)).status.conditions?.length > 0)
    const { status } = await ok('GET', `${definitions}/lates.example.com`)
    expect(status.conditions).toMatchObject([
      { type: 'NamesAccepted', status: 'False', reason: 'ShortNamesConflict', message: '"own" is already in use' },
      { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
    ])
    expect(status.acceptedNames).toMatchObject({ plural: 'lates', kind: 'Late' })
    expect((await call('GET', '/apis/example.com/v1/lates')).status).toBe(404)
    await ok('DELETE', `${definitions}/owners.example.com`)
    await established('lates.example.com')
  })

  test.each<[string, Json, string]>([
    [
      'a name of its own',
      { ...definition('Bad'), metadata: { name: 'other' } },
      'CustomResourceDefinition.apiextensions.k8s.io "other" is invalid: metadata.name: Invalid value: "other": must be spec.names.plural+"."+spec.group',
    ],
    [
      'a protected group',
      definition('Bad', { group: 'bad.k8s.io' }),
      'CustomResourceDefinition.apiextensions.k8s.io "bads.bad.k8s.io" is invalid: metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    ],
  ])('is refused with %s', async (_, crd, message) => {
    expect(await refused('POST', definitions, crd)).toBe(`422 ${message}`)
  })
})

describe('an object', () => {
  let path: string
  beforeAll(async () => {
    path = await define(
      'Beta',
      {},
      {
        subresources: {
          status: {},
          scale: {
            specReplicasPath: '.spec.replicas',
            statusReplicasPath: '.status.replicas',
            labelSelectorPath: '.status.selector',
          },
        },
        selectableFields: [{ jsonPath: '.spec.size' }],
        additionalPrinterColumns: [
          { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
          { name: 'Size', type: 'string', jsonPath: '.spec.size', priority: 1, description: 'How large' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
      },
    )
  })

  test('is created, with defaults and without unknown fields', async () => {
    const created = await ok('POST', path, object('Beta', 'one', { spec: { foo: 1, any: { bar: { baz: [1] } } } }))
    expect(created.spec).toEqual({ any: { bar: { baz: [1] } }, replicas: 1 })
    expect(created.metadata).toMatchObject({ name: 'one', namespace: 'default', generation: 1 })
    expect(await ok('GET', `${path}/one`)).toEqual(created)
  })

  test.each<[string, Json, string]>([
    [
      'a wrong type',
      { spec: { tags: 'x' } },
      'Beta.example.com "bad" is invalid: spec.tags: Invalid value: "string": spec.tags in body must be of type array: "string"',
    ],
    [
      'a value that is not allowed',
      { spec: { size: 'huge' } },
      'Beta.example.com "bad" is invalid: spec.size: Unsupported value: "huge": supported values: "small", "large"',
    ],
    [
      'too little',
      { spec: { replicas: -1 } },
      'Beta.example.com "bad" is invalid: [spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0, .spec.replicas: Invalid value: -1: should be a non-negative integer]',
    ],
    [
      'a duplicate',
      { spec: { tags: ['a', 'b', 'a'] } },
      'Beta.example.com "bad" is invalid: spec.tags[2]: Duplicate value: "a"',
    ],
    [
      'neither a number nor text',
      { spec: { port: true } },
      'Beta.example.com "bad" is invalid: spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
    ],
  ])('is refused with %s', async (_, rest, message) => {
    expect(await refused('POST', path, object('Beta', 'bad', rest))).toBe(`422 ${message}`)
  })

  test('tells of unknown and duplicate fields as it is asked to', async () => {
    const strange = object('Beta', 'strict', { spec: { foo: 1 } })
    expect(await refused('POST', path, strange, { fieldValidation: 'Strict' })).toBe(
      '400 Beta in version "v1" cannot be handled as a Beta: strict decoding error: unknown field "spec.foo"',
    )
    const warned = await call('POST', path, strange, { dryRun: 'All' })
    expect(warned.headers['warning']).toBe('299 - "unknown field \\"spec.foo\\""')
    expect((await call('POST', path, strange, { dryRun: 'All', fieldValidation: 'Ignore' })).headers['warning']).toBe(
      undefined,
    )
  })

  test('is patched, but not strategically', async () => {
    await ok('POST', path, object('Beta', 'patched', { spec: { size: 'small' } }))
    const merged = await ok('PATCH', `${path}/patched`, { spec: { replicas: 3 } }, {}, 'application/merge-patch+json')
    expect(merged).toMatchObject({ spec: { size: 'small', replicas: 3 }, metadata: { generation: 2 } })
    expect(await refused('PATCH', `${path}/patched`, { spec: {} }, {}, 'application/strategic-merge-patch+json')).toBe(
      '415 the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    )
  })

  test('has a status and a scale', async () => {
    await ok('POST', path, object('Beta', 'scaled', { spec: {}, status: { replicas: 9 } }))
    const before = await ok('GET', `${path}/scaled`)
    expect(before.status).toBe(undefined)
    const status = { replicas: 2, selector: 'a=b' }
    const after = await ok('PUT', `${path}/scaled/status`, { ...before, spec: { replicas: 7 }, status })
    expect(after).toMatchObject({ spec: { replicas: 1 }, status, metadata: { generation: 1 } })
    expect(await ok('GET', `${path}/scaled/scale`)).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 1 },
      status: { replicas: 2, selector: 'a=b' },
    })
    const scale = await ok(
      'PATCH',
      `${path}/scaled/scale`,
      { spec: { replicas: 5 } },
      {},
      'application/merge-patch+json',
    )
    expect(scale.spec).toEqual({ replicas: 5 })
    expect((await ok('GET', `${path}/scaled`)).metadata.generation).toBe(2)
  })

  test('is found by its fields and labels', async () => {
    await ok('POST', path, object('Beta', 'large', { spec: { size: 'large' } }))
    const { items } = await ok('GET', path, undefined, { fieldSelector: 'spec.size=large' })
    expect(items.map((item: Json) => item['metadata'].name)).toEqual(['large'])
    expect(await refused('GET', path, undefined, { fieldSelector: 'spec.foo=1' })).toBe(
      '400 field label not supported: spec.foo',
    )
  })

  test('prints its columns', async () => {
    const { body } = await transport.request({
      method: 'GET',
      path: `${path}/large`,
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    })
    const { columnDefinitions, rows } = body as Json
    expect(columnDefinitions).toMatchObject([
      { name: 'Name', type: 'string', format: 'name', priority: 0 },
      {
        name: 'Replicas',
        type: 'integer',
        description: 'Custom resource definition column (in JSONPath format): .spec.replicas',
      },
      { name: 'Size', type: 'string', description: 'How large', priority: 1 },
      { name: 'Age', type: 'date' },
    ])
    expect(rows[0].cells).toEqual(['large', 1, 'large', '0s'])
  })

  test('must be of the kind and version of the path', async () => {
    expect(await refused('POST', path, { ...object('Beta', 'x'), kind: 'Other' })).toBe(
      '422 Other.example.com "x" is invalid: kind: Invalid value: "Other": must be Beta',
    )
    expect(await refused('POST', path, { ...object('Beta', 'x'), apiVersion: 'example.com/v2' })).toBe(
      '400 the API version in the data (example.com/v2) does not match the expected API version (example.com/v1)',
    )
  })

  test('keeps what was invalid before and has not changed', async () => {
    await ok('POST', path, object('Beta', 'old', { spec: { any: {}, port: 'http' } }))
    const crd = await ok('GET', `${definitions}/betas.example.com`)
    crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.port = {
      'x-kubernetes-int-or-string': true,
      pattern: '^[0-9]+$',
    }
    await ok('PUT', `${definitions}/betas.example.com`, crd)
    await cluster.until(
      async () => (await refused('POST', path, object('Beta', 'new', { spec: { port: 'x' } }))) !== '201 undefined',
    )
    const merge = (spec: Json) => call('PATCH', `${path}/old`, { spec }, {}, 'application/merge-patch+json')
    expect((await merge({ replicas: 4 })).status).toBe(200)
    expect((await merge({ port: 'https' })).body.message).toBe(
      'Beta.example.com "old" is invalid: spec.port: Invalid value: "https": spec.port in body should match \'^[0-9]+$\'',
    )
  })

  test('is in discovery and in OpenAPI while it is defined', async () => {
    const { resources } = await ok('GET', '/apis/example.com/v1')
    expect(resources.filter(({ name }: Json) => String(name).startsWith('betas'))).toMatchObject([
      { name: 'betas', singularName: 'beta', namespaced: true, kind: 'Beta' },
      { name: 'betas/status', kind: 'Beta' },
      { name: 'betas/scale', group: 'autoscaling', version: 'v1', kind: 'Scale' },
    ])
    const { components, paths } = await ok('GET', '/openapi/v3/apis/example.com/v1')
    expect(components.schemas['com.example.v1.Beta'].properties.spec.properties.replicas).toEqual({
      type: 'integer',
      minimum: 0,
      default: 1,
    })
    expect(Object.keys(paths)).toContain('/apis/example.com/v1/namespaces/{namespace}/betas/{name}/scale')
    const v2 = await ok('GET', '/openapi/v2')
    expect(v2.definitions['com.example.v1.Beta']['x-kubernetes-group-version-kind']).toEqual([
      { group: 'example.com', kind: 'Beta', version: 'v1' },
    ])
  })

  test('is described in OpenAPI as upstream’s own builder for custom resources does it', async () => {
    const { info, components, paths } = await ok('GET', '/openapi/v3/apis/example.com/v1')
    expect(info).toEqual({ title: 'Kubernetes CRD Swagger', version: 'v0.1.0' })
    const schemas = { v3: components.schemas, v2: (await ok('GET', '/openapi/v2')).definitions }
    const conventions = 'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md'
    const ofObject = `Standard object's metadata. More info: ${conventions}#metadata`
    const ofList = `Standard list metadata. More info: ${conventions}#types-kinds`
    const metadata = { v3: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.', v2: '' }
    metadata.v2 = metadata.v3.replace('components/schemas', 'definitions')
    expect(schemas.v3['com.example.v1.Beta'].properties.metadata).toEqual({
      allOf: [{ $ref: `${metadata.v3}ObjectMeta` }],
      description: ofObject,
    })
    expect(schemas.v2['com.example.v1.Beta'].properties.metadata).toEqual({
      $ref: `${metadata.v2}ObjectMeta`,
      description: ofObject,
    })
    expect(schemas.v2['com.example.v1.BetaList'].properties.metadata).toEqual({
      $ref: `${metadata.v2}ListMeta`,
      description: ofList,
    })
    // In the words of the built-in kinds, which the build brings.
    for (const definitions of Object.values(schemas))
      for (const name of ['Beta', 'BetaList'])
        expect(definitions[`com.example.v1.${name}`].properties.apiVersion).toEqual({
          type: 'string',
          description: '',
          ...definitions['io.k8s.apimachinery.pkg.apis.meta.v1.Status'].properties.apiVersion,
        })

    const names = (parameters: Json[] = []) => parameters.map(({ name }) => name)
    const all = paths['/apis/example.com/v1/namespaces/{namespace}/betas']
    const one = paths['/apis/example.com/v1/namespaces/{namespace}/betas/{name}']
    expect(all.get.description).toBe('list objects of kind Beta')
    expect(all.delete).not.toHaveProperty('requestBody')
    expect(names(all.delete.parameters)).toEqual(names(all.get.parameters))
    expect(names(one.get.parameters)).toEqual(['resourceVersion'])
    expect(Object.keys(one.patch.responses)).toEqual(['200', '401'])
    const scale = paths['/apis/example.com/v1/namespaces/{namespace}/betas/{name}/scale']
    expect(scale.put['x-kubernetes-group-version-kind']).toEqual({ group: 'example.com', kind: 'Beta', version: 'v1' })
    expect(scale.parameters[0].description).toBe('name of the Beta')
  })
})

describe('deleting a definition', () => {
  test('deletes its objects, waits for their finalizers, and refuses new ones meanwhile', async () => {
    const path = await define('Gone')
    await ok('POST', path, object('Gone', 'free'))
    await ok('POST', path, { ...object('Gone', 'held'), metadata: { name: 'held', finalizers: ['example.com/hold'] } })
    const deleted = await ok('DELETE', `${definitions}/gones.example.com`)
    expect(deleted.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io'])
    await cluster.until(async () => (await ok('GET', path)).items.length === 1)
    expect(await refused('POST', path, object('Gone', 'late'))).toBe(
      '403 gones.example.com "late" is forbidden: create not allowed while custom resource definition is terminating',
    )
    const { status } = await ok('GET', `${definitions}/gones.example.com`)
    expect(status.conditions.at(-1)).toMatchObject({
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionInProgress',
      message: 'CustomResource deletion is in progress',
    })
    await ok('PATCH', `${path}/held`, { metadata: { finalizers: null } }, {}, 'application/merge-patch+json')
    await cluster.until(async () => (await call('GET', `${definitions}/gones.example.com`)).status === 404)
    expect((await call('GET', path)).status).toBe(404)
  })
})

describe('several versions', () => {
  test('are served from one stored version, and warn when they are deprecated', async () => {
    const [first] = definition('Multi')['spec'].versions
    const path = await define('Multi', {
      versions: [
        { ...first, name: 'v1' },
        { ...first, name: 'v1beta1', storage: false, deprecated: true },
      ],
    })
    await ok('POST', path, object('Multi', 'm', { spec: { size: 'small' } }))
    const old = await call('GET', path.replace('/v1/', '/v1beta1/').concat('/m'))
    expect(old.body).toMatchObject({ apiVersion: 'example.com/v1beta1', spec: { size: 'small' } })
    expect(old.headers['warning']).toBe('299 - "example.com/v1beta1 Multi is deprecated; use example.com/v1 Multi"')
    const { versions, preferredVersion } = await ok('GET', '/apis/example.com')
    expect(versions.map(({ version }: Json) => version)).toEqual(['v1', 'v1beta1'])
    expect(preferredVersion.version).toBe('v1')
  })
})

describe('rules', () => {
  const rules = (list: Json[], properties: Json = {}) => ({
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: {
          spec: {
            type: 'object',
            properties: {
              min: { type: 'integer' },
              max: { type: 'integer' },
              name: { type: 'string', maxLength: 20 },
              ...properties,
            },
            'x-kubernetes-validations': list,
          },
        },
      },
    },
  })

  test('hold objects to expressions, on creation and on change', async () => {
    const path = await define(
      'Ruled',
      {},
      rules([
        { rule: 'self.min <= self.max', message: 'min must not exceed max' },
        { rule: 'self.name == oldSelf.name', messageExpression: '"name was " + oldSelf.name', fieldPath: '.name' },
        {
          rule: '!oldSelf.hasValue() || self.max >= oldSelf.value().max',
          optionalOldSelf: true,
          reason: 'FieldValueForbidden',
        },
      ]),
    )
    const ruled = (name: string, spec: Json) => object('Ruled', name, { spec })
    expect(await refused('POST', path, ruled('r', { min: 2, max: 1, name: 'a' }))).toBe(
      '422 Ruled.example.com "r" is invalid: spec: Invalid value: min must not exceed max',
    )
    await ok('POST', path, ruled('r', { min: 1, max: 2, name: 'a' }))
    const change = (spec: Json) => refused('PATCH', `${path}/r`, { spec }, {}, 'application/merge-patch+json')
    expect(await change({ name: 'b' })).toBe(
      '422 Ruled.example.com "r" is invalid: spec.name: Invalid value: name was a',
    )
    expect(await change({ max: 1 })).toBe(
      '422 Ruled.example.com "r" is invalid: spec: Forbidden: failed rule: !oldSelf.hasValue() || self.max >= oldSelf.value().max',
    )
    expect(await refused('POST', path, ruled('t', { min: 'x', max: 1 }))).toBe(
      '422 Ruled.example.com "t" is invalid: [spec.min: Invalid value: "string": spec.min in body must be of type integer: "string", <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation]',
    )
  })

  test.each<[string, Json[], Json, string]>([
    [
      'do not compile',
      [{ rule: 'self.foo > 1' }],
      {},
      'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.foo \\u003e 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: undefined field \'foo\'\n | self.foo > 1\n | ....^',
    ],
    [
      'are no conditions',
      [{ rule: 'self.min' }],
      {},
      'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.min","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool',
    ],
    [
      'may cost too much',
      [{ rule: 'self.list.all(a, self.list.all(b, a == b))' }],
      { list: { type: 'array', items: { type: 'string' } } },
      'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)',
    ],
  ])('are refused when they %s', async (_, list, properties, message) => {
    const answer = await refused('POST', definitions, definition('Unruly', {}, rules(list, properties)))
    expect(answer).toContain(message)
  })
})

describe('server-side apply', () => {
  test('knows lists and maps by their schema', async () => {
    const path = await define(
      'Applied',
      {},
      {
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  replicas: { type: 'integer', default: 1 },
                  port: { 'x-kubernetes-int-or-string': true },
                  free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  ports: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['name'],
                    items: {
                      type: 'object',
                      required: ['name'],
                      properties: { name: { type: 'string' }, port: { type: 'integer' } },
                    },
                  },
                },
              },
            },
          },
        },
      },
    )
    const apply = (spec: Json, fieldManager: string, force = 'false') =>
      call(
        'PATCH',
        `${path}/a`,
        object('Applied', 'a', { spec }),
        { fieldManager, force },
        'application/apply-patch+yaml',
      )
    const first = await apply({ ports: [{ name: 'http', port: 80 }], free: { x: { y: 1 } }, port: '80%' }, 'one')
    expect(first.body).toMatchObject({ spec: { replicas: 1, port: '80%', free: { x: { y: 1 } } } })
    expect(first.status).toBe(201)
    const second = await apply({ ports: [{ name: 'https', port: 443 }] }, 'two')
    expect(second.body.spec.ports).toEqual([
      { name: 'http', port: 80 },
      { name: 'https', port: 443 },
    ])
    const conflict = await apply({ ports: [{ name: 'http', port: 81 }] }, 'two')
    expect(conflict.status).toBe(409)
    expect(conflict.body.message).toBe(
      'Apply failed with 1 conflict: conflict with "one": .spec.ports[name="http"].port',
    )
    const unknown = await apply({ nonsense: 1 }, 'one')
    expect(`${unknown.status} ${unknown.body.message}`).toContain('.spec.nonsense: field not declared in schema')
  })
})
