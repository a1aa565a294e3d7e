import { expect, test } from 'vitest'
import { v2ToV3 } from './openapi-v2-to-v3.ts'

test('a v2 document in the words of v3', () => {
  const document = {
    swagger: '2.0',
    info: { title: 'Old' },
    parameters: { pretty: { name: 'pretty', in: 'query', type: 'string', uniqueItems: true, description: 'spaces' } },
    paths: {
      '/apis/old/v1/things': {
        post: {
          operationId: 'createThing',
          consumes: ['*/*'],
          produces: ['application/json', 'application/yaml'],
          schemes: ['https'],
          parameters: [{ name: 'body', in: 'body', required: true, schema: { $ref: '#/definitions/Thing' } }],
          responses: {
            '200': { description: 'OK', schema: { $ref: '#/definitions/Thing' } },
            '401': { description: 'no' },
          },
          'x-kubernetes-action': 'post',
        },
        parameters: [{ $ref: '#/parameters/pretty' }, { name: 'limit', in: 'query', type: 'integer', required: true }],
      },
    },
    definitions: {
      Thing: {
        type: 'object',
        properties: {
          spec: { description: 'what', $ref: '#/definitions/Spec' },
          all: { type: 'array', items: { $ref: '#/definitions/Spec' } },
        },
      },
      Spec: { type: 'object' },
      Port: { type: 'string', format: 'int-or-string' },
    },
  }
  const thing = { schema: { $ref: '#/components/schemas/Thing' } }
  expect(v2ToV3(document)).toEqual({
    openapi: '3.0.0',
    info: { title: 'Old' },
    paths: {
      '/apis/old/v1/things': {
        post: {
          operationId: 'createThing',
          requestBody: { content: { '*/*': thing }, required: true },
          responses: {
            '200': { description: 'OK', content: { 'application/json': thing, 'application/yaml': thing } },
            '401': { description: 'no' },
          },
          'x-kubernetes-action': 'post',
        },
        parameters: [
          { name: 'pretty', in: 'query', description: 'spaces', schema: { uniqueItems: true, type: 'string' } },
          { name: 'limit', in: 'query', required: true, schema: { type: 'integer' } },
        ],
      },
    },
    components: {
      schemas: {
        Thing: {
          type: 'object',
          properties: {
            spec: { description: 'what', allOf: [{ $ref: '#/components/schemas/Spec' }] },
            all: { type: 'array', items: { $ref: '#/components/schemas/Spec' } },
          },
        },
        Spec: { type: 'object' },
        Port: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
      },
    },
  })
})
