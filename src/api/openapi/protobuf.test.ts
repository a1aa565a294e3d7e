import { expect, test } from 'vitest'
import { decodeMessage } from '../../machinery/proto/wire.ts'
import { openapiV2 } from './openapi.ts'
import { Document, openapiV2Protobuf } from './protobuf.ts'

const document: any = openapiV2()
const decoded: any = decodeMessage(Document, openapiV2Protobuf(document))

test('has every path and definition', () => {
  const names = (of: { name: string }[]) => of.map(({ name }) => name)
  expect(names(decoded.paths.path)).toEqual(Object.keys(document.paths))
  expect(names(decoded.definitions.additionalProperties)).toEqual(Object.keys(document.definitions))
})

test('keeps extensions as YAML', () => {
  const path = decoded.paths.path.find(({ name }: any) => name === '/api/v1/namespaces/{namespace}/pods/{name}')
  expect(path.value.get.vendorExtension).toEqual([
    { name: 'x-kubernetes-action', value: { yaml: 'get\n' } },
    {
      name: 'x-kubernetes-group-version-kind',
      value: { yaml: 'group: ""\nversion: v1\nkind: Pod\n' },
    },
  ])
})

test('tells body, path and query parameters apart', () => {
  const { post, parameters } = decoded.paths.path.find(
    ({ name }: any) => name === '/api/v1/namespaces/{namespace}/pods',
  ).value
  expect(post.parameters[0].parameter.body).toMatchObject({ name: 'body', in: 'body', required: true })
  expect(parameters.map(({ parameter }: any) => Object.keys(parameter.nonBody))).toEqual([['path'], ['query']])
})
