// Numbers and texts keep every digit and byte on their way through the server: in, through patches and the store, and out
// in each form.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Cluster } from '../../src/cluster/cluster.ts'
import { connectTo, type HttpClient } from './http-client.ts'

let cluster: Cluster
let http: HttpClient

const number = (type: string) => ({ type, format: type === 'integer' ? 'int64' : 'double' })
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'counters.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'counters', kind: 'Counter' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        additionalPrinterColumns: [{ name: 'Big', type: 'integer', jsonPath: '.spec.big' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  big: { ...number('integer'), 'x-kubernetes-validations': [{ rule: 'self != 9007199254740995' }] },
                  even: { type: 'integer', multipleOf: 2 },
                  ratio: number('number'),
                  // Of type int64 as well.
                  text: { type: 'string', maxLength: 'MOST', 'x-kubernetes-validations': [{ rule: "self != 'x'" }] },
                  set: { type: 'array', items: number('integer'), 'x-kubernetes-list-type': 'set' },
                  any: { 'x-kubernetes-preserve-unknown-fields': true },
                },
              },
            },
          },
        },
      },
    ],
  },
}

const counters = '/apis/example.com/v1/namespaces/default/counters'
const json = 'application/json'
const mergePatch = 'application/merge-patch+json'
const jsonPatch = 'application/json-patch+json'
const applyPatch = 'application/apply-patch+yaml'

beforeAll(async () => {
  cluster = await Cluster.start({
    nodes: 0,
    withoutScheduler: true,
    listen: { address: '127.0.0.1', port: 0 },
    staticTokens: [['secret', { name: 'admin', groups: ['system:masters'] }]],
  })
  http = connectTo(cluster)
  await send(
    'POST',
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    JSON.stringify(definition).replace('"MOST"', '9223372036854775807'),
  )
  await cluster.until(async () => (await send('GET', counters)).status === 200, '10s')
})
afterAll(() => cluster.stop())

const send = (method: string, path: string, body?: string, type = json, accept = json) =>
  http.send(method, path, body, { 'content-type': type, accept })

const counter = (name: string, spec: string) =>
  `{"apiVersion":"example.com/v1","kind":"Counter","metadata":{"name":"${name}"},"spec":${spec}}`

/** The spec as it is written. */
const specOf = (text: string) => /"spec":(\{[^{}]*\})/.exec(text)?.[1]

const messageOf = async (...of: Parameters<typeof send>) => {
  const { status, text } = await send(...of)
  return `${status} ${JSON.parse(text).message}`
}

describe('a whole number beyond 2^53', () => {
  const spec = '{"big":9007199254740993,"set":[-9223372036854775808,9223372036854775807]}'

  test('is kept from creation to reading, in every form', async () => {
    const created = await send('POST', counters, counter('kept', spec))
    expect(specOf(created.text)).toBe(spec)
    expect(created.text).toContain('"v:-9223372036854775808":{},"v:9223372036854775807":{}')
    expect(specOf((await send('GET', `${counters}/kept`)).text)).toBe(spec)
    expect((await send('GET', `${counters}/kept?pretty=true`)).text).toContain('"big": 9007199254740993')
    expect((await send('GET', `${counters}/kept`, undefined, json, 'application/yaml')).text).toContain(
      'big: 9007199254740993',
    )
    const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    expect((await send('GET', `${counters}/kept`, undefined, json, table)).text).toContain('"kept",9007199254740993]')
  })

  test('is kept by those in the same process, too', async () => {
    await send('POST', counters, counter('direct', spec))
    const resource = cluster.client.resource({
      group: 'example.com',
      version: 'v1',
      resource: 'counters',
      namespaced: true,
    } as never)
    const found: any = await resource.namespace('default').get('direct')
    expect(found.spec.big).toBe(9007199254740993n)
    await resource.namespace('default').update({ ...found, spec: { ...found.spec, big: 9007199254740997n } } as never)
    expect((await send('GET', `${counters}/direct`)).text).toContain('"big":9007199254740997')
  })

  test.each([
    [mergePatch, '{"spec":{"big":9007199254740999}}'],
    [
      jsonPatch,
      '[{"op":"test","path":"/spec/big","value":9007199254740993},{"op":"replace","path":"/spec/big","value":9007199254740999}]',
    ],
    [applyPatch, counter('patched', '{"big":9007199254740999}')],
    [
      applyPatch,
      'apiVersion: example.com/v1\nkind: Counter\nmetadata: {name: patched}\nspec: {big: 9007199254740999}\n',
    ],
  ])('is kept by patches: %s', async (type, body) => {
    await send('DELETE', `${counters}/patched`)
    await send('POST', counters, counter('patched', spec))
    await send('PATCH', `${counters}/patched?fieldManager=test${type === applyPatch ? '&force=true' : ''}`, body, type)
    expect((await send('GET', `${counters}/patched`)).text).toContain('"big":9007199254740999')
  })

  test('is told from its neighbour by a JSON patch, an apply, a rule and a multiple', async () => {
    await send('POST', counters, counter('told', '{"big":9007199254740993}'))
    const wrong = '[{"op":"test","path":"/spec/big","value":9007199254740992}]'
    expect((await send('PATCH', `${counters}/told`, wrong, jsonPatch)).status).toBe(422)
    const apply = (manager: string, big: string) =>
      send('PATCH', `${counters}/told?fieldManager=${manager}`, counter('told', `{"big":${big}}`), applyPatch)
    expect((await apply('one', '9007199254740993')).status).toBe(200)
    expect((await apply('two', '9007199254740992')).status).toBe(409)
    expect(await messageOf('POST', counters, counter('x', '{"big":9007199254740995}'))).toBe(
      '422 Counter.example.com "x" is invalid: spec.big: Invalid value: 9007199254740995: failed rule: self != 9007199254740995',
    )
    expect(await messageOf('POST', counters, counter('x', '{"even":9007199254740993}'))).toBe(
      '422 Counter.example.com "x" is invalid: spec.even: Invalid value: 9007199254740993: spec.even in body should be a multiple of 2',
    )
  })

  test('in a field of a built-in kind', async () => {
    const pods = '/api/v1/namespaces/default/pods'
    const pod = (seconds: string) =>
      `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"long"},"spec":{"terminationGracePeriodSeconds":${seconds},"containers":[{"name":"a","image":"a"}]}}`
    await send('POST', pods, pod('9223372036854775807'))
    expect((await send('GET', `${pods}/long`)).text).toContain('"terminationGracePeriodSeconds":9223372036854775807')
    expect(await messageOf('POST', pods, pod('9223372036854775808'))).toBe(
      '400 Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number 9223372036854775808 into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64',
    )
  })
})

describe('a float', () => {
  const deployments = '/apis/apps/v1/namespaces/default/deployments'
  const deployment = (replicas: string) =>
    `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":${replicas},"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"a","image":"a"}]}}}}`

  test.each(['1.0', '1e1', '1.5', '1e400', '9223372036854775808'])(
    '%s is no integer of a built-in kind',
    async text => {
      expect(await messageOf('POST', deployments, deployment(text))).toBe(
        `400 Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number ${text} into Go struct field DeploymentSpec.spec.replicas of type int32`,
      )
    },
  )

  test('loses its high bits where an object is made of a map', async () => {
    await send('POST', deployments, deployment('1'))
    const patched = async (replicas: string) => {
      const body = `{"spec":{"replicas":${replicas}}}`
      const { text } = await send(
        'PATCH',
        `${deployments}/d?dryRun=All`,
        body,
        'application/strategic-merge-patch+json',
      )
      return /"replicas":(\d+)/.exec(text)?.[1]
    }
    expect(await patched('2.0')).toBe('2')
    expect(await patched('9007199254740995')).toBe('3')
    expect(await patched('9223372036854775808')).toBe('0')
    expect(
      await messageOf('PATCH', `${deployments}/e?fieldManager=x`, deployment('1.5').replace('"d"', '"e"'), applyPatch),
    ).toBe(
      '500 failed to convert new object (/e; apps/v1, Kind=Deployment) to proper version: unable to convert unstructured object to apps/v1, Kind=Deployment: cannot convert float64 to int32',
    )
  })

  test.each([
    ['{"big":1.0,"ratio":1e3,"any":[1.50,1e-7,1e21,0.1]}', '{"big":1,"ratio":1000,"any":[1.5,1e-7,1e+21,0.1]}'],
    ['{"ratio":9223372036854775808}', '{"ratio":9223372036854776000}'],
  ])('%s of a custom resource is written as %s', async (spec, written) => {
    expect(specOf((await send('POST', `${counters}?dryRun=All`, counter('x', spec))).text)).toBe(written)
  })

  test('that is too large is no number', async () => {
    expect(await messageOf('POST', counters, counter('x', '{"any":[1e400]}'))).toBe(
      '400 Counter in version "v1" cannot be handled as a Counter: json: cannot unmarshal number 1e400 into Go value of type float64',
    )
    await send('POST', counters, counter('large', '{}'))
    expect(await messageOf('PATCH', `${counters}/large`, '{"spec":{"ratio":1E400}}', mergePatch)).toBe(
      '400 error decoding patch: json: cannot unmarshal number 1E400 into Go value of type float64',
    )
    expect(await messageOf('POST', counters, counter('x', '{"big":1e30}'))).toBe(
      '422 Counter.example.com "x" is invalid: [spec.big: Invalid value: "float64": spec.big in body must be of type int64: "float64", <nil>: Invalid value: "": Checked value must be of type integer with format int64 in spec.big, <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation]',
    )
  })
})

test('JSON is escaped as Go escapes it, in every answer', async () => {
  const maps = '/api/v1/namespaces/default/configmaps'
  const body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"html"},"data":{"a":"<b>&\u2028"}}'
  const escaped = '"a":"\\u003cb\\u003e\\u0026\\u2028"'
  expect((await send('POST', maps, body)).text).toContain(escaped)
  expect((await send('GET', `${maps}/html`)).text).toContain(escaped)
  expect((await send('GET', maps)).text).toContain(escaped)
  expect((await send('GET', `${maps}/%3Cx%3E`)).text).toContain('configmaps \\"\\u003cx\\u003e\\" not found')
})
