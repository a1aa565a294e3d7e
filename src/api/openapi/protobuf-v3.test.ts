import { expect, test } from 'vitest'
import { decodeMessage } from '../../machinery/proto/wire.ts'
import { openapiV3 } from './openapi.ts'
import { DocumentV3, openapiV3Protobuf } from './protobuf-v3.ts'

const document: any = openapiV3('apis/apps/v1')
const decoded: any = decodeMessage(DocumentV3, openapiV3Protobuf(document))
const named = (list: readonly any[], of: string) => list.find(({ name }) => name === of).value

test('has every path and schema', () => {
  const names = (of: { name: string }[]) => of.map(({ name }) => name)
  expect(names(decoded.paths.path)).toEqual(Object.keys(document.paths))
  expect(names(decoded.components.schemas.additionalProperties)).toEqual(Object.keys(document.components.schemas))
})

test('tells what is there from what is referred to', () => {
  const { own } = named(decoded.components.schemas.additionalProperties, 'io.k8s.api.apps.v1.Deployment')
  const spec = named(own.properties.additionalProperties, 'spec')
  expect(own.type).toBe('object')
  expect(spec.own.allOf).toEqual([
    { reference: expect.objectContaining({ ref: expect.stringMatching(/DeploymentSpec$/) }) },
  ])
})

test('keeps extensions as YAML, and what is sent and answered', () => {
  const { get, patch } = named(decoded.paths.path, '/apis/apps/v1/namespaces/{namespace}/deployments/{name}')
  expect(get.specificationExtension).toEqual([
    { name: 'x-kubernetes-action', value: { yaml: 'get\n' } },
    { name: 'x-kubernetes-group-version-kind', value: { yaml: 'group: apps\nversion: v1\nkind: Deployment\n' } },
  ])
  const types = patch.requestBody.own.content.additionalProperties.map(({ name }: any) => name)
  expect(types).toContain('application/strategic-merge-patch+json')
  expect(get.responses.responseOrReference.map(({ name }: any) => name)).toEqual(['200', '401'])
})
