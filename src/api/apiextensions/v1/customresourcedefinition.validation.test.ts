import { describe, expect, test } from 'vitest'
import { fieldErrorMessage } from '../../../machinery/field-error.ts'
import type { CustomResourceDefinition } from './customresourcedefinition.ts'
import {
  validateCustomResourceDefinition,
  validateCustomResourceDefinitionUpdate,
} from './customresourcedefinition.validation.ts'

type Json = Record<string, any>

const schema = (properties: Json = {}): Json => ({
  openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } },
})
const version = (rest: Json = {}): Json => ({ name: 'v1', served: true, storage: true, schema: schema(), ...rest })
const crd = (spec: Json = {}, rest: Json = {}): CustomResourceDefinition =>
  ({
    metadata: { name: 'foos.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'foos', singular: 'foo', kind: 'Foo', listKind: 'FooList', ...spec['names'] },
      versions: [version()],
      conversion: { strategy: 'None' },
      ...Object.fromEntries(Object.entries(spec).filter(([key]) => key !== 'names')),
    },
    status: { conditions: [], acceptedNames: { plural: '', kind: '' }, storedVersions: ['v1'] },
    ...rest,
  }) as unknown as CustomResourceDefinition

const check = (definition: CustomResourceDefinition) =>
  validateCustomResourceDefinition(definition).map(fieldErrorMessage)

const webhook = (clientConfig: Json, conversionReviewVersions: string[] = ['v1']) => ({
  conversion: { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions } },
})

describe('a new definition', () => {
  test.each<[string, Json, string[]]>([
    ['is fine', {}, []],
    [
      'has a group with a dot',
      { group: 'example' },
      ['spec.group: Invalid value: "example": should be a domain with at least one dot'],
    ],
    [
      'has a scope',
      { scope: 'Other' },
      ['spec.scope: Unsupported value: "Other": supported values: "Cluster", "Namespaced"'],
    ],
    [
      'has a kind that is not its list kind',
      { names: { listKind: 'Foo' } },
      ['spec.names.listKind: Invalid value: "Foo": kind and listKind may not be the same'],
    ],
    [
      'has one storage version',
      { versions: [version({ storage: false })] },
      [
        'spec.versions: Invalid value: [{"name":"v1","served":true,"storage":false}]: must have exactly one version marked as storage version',
      ],
    ],
    [
      'has a schema',
      { versions: [version({ schema: undefined })] },
      ['spec.versions[0].schema.openAPIV3Schema: Required value'],
    ],
    [
      'warns of deprecated versions only',
      { versions: [version({ deprecationWarning: 'x' })] },
      ['spec.versions[0].deprecationWarning: Invalid value: "x": can only be set for deprecated versions'],
    ],
    [
      'knows only OpenAPI types',
      { versions: [version({ schema: schema({ a: { type: 'text' } }) })] },
      [
        'spec.validation.openAPIV3Schema.properties[spec].properties[a].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"',
      ],
    ],
    [
      'has schemas of its own for different versions',
      { versions: [version(), version({ name: 'v2', storage: false, schema: schema({ a: {} }) })] },
      [
        'spec.versions[1].schema.openAPIV3Schema.properties[spec].properties[a].type: Required value: must not be empty for specified object fields',
      ],
    ],
    [
      'has no unique items',
      {
        versions: [version({ schema: schema({ a: { type: 'array', items: { type: 'string' }, uniqueItems: true } }) })],
      },
      [
        'spec.validation.openAPIV3Schema.properties[spec].properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ],
    ],
    [
      'has properties or additional ones',
      {
        versions: [
          version({
            schema: schema({
              a: { type: 'object', properties: { b: { type: 'string' } }, additionalProperties: { type: 'string' } },
            }),
          }),
        ],
      },
      [
        'spec.validation.openAPIV3Schema.properties[spec].properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive',
      ],
    ],
    [
      'has maps with keys',
      {
        versions: [
          version({
            schema: schema({
              a: {
                type: 'array',
                'x-kubernetes-list-type': 'map',
                'x-kubernetes-list-map-keys': ['k'],
                items: { type: 'object', properties: { k: { type: 'string' } } },
              },
            }),
          }),
        ],
      },
      [
        'spec.validation.openAPIV3Schema.properties[spec].properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      ],
    ],
    [
      'has sets of what is atomic',
      {
        versions: [
          version({
            schema: schema({
              a: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'object', properties: {} } },
            }),
          }),
        ],
      },
      [
        'spec.validation.openAPIV3Schema.properties[spec].properties[a].items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set',
      ],
    ],
    [
      'has valid defaults',
      { versions: [version({ schema: schema({ a: { type: 'integer', default: 'x' } }) })] },
      [
        'spec.validation.openAPIV3Schema.properties[spec].properties[a].default: Invalid value: "string": spec.validation.openAPIV3Schema.properties[spec].properties[a].default in body must be of type integer: "string"',
      ].map(
        () =>
          'spec.validation.openAPIV3Schema.properties[spec].properties[a].default: Invalid value: "string":  in body must be of type integer: "string"',
      ),
    ],
    [
      'has defaults that its schema knows',
      { versions: [version({ schema: schema({ a: { type: 'object', properties: {}, default: { b: 1 } } }) })] },
      [
        'spec.validation.openAPIV3Schema.properties[spec].properties[a].default: Invalid value: {"b":1}: must not have unknown fields',
      ],
    ],
    [
      'has columns of known types',
      { versions: [version({ additionalPrinterColumns: [{ name: 'A', type: 'text', jsonPath: 'spec' }] })] },
      [
        'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
        'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec": must be a simple json path starting with .',
      ],
    ],
    [
      'scales by paths in spec and status',
      {
        versions: [
          version({ subresources: { scale: { specReplicasPath: '.status.a', statusReplicasPath: '.spec.b' } } }),
        ],
      },
      [
        'spec.subresources.scale.specReplicasPath: Invalid value: ".status.a": should be a json path under .spec',
        'spec.subresources.scale.statusReplicasPath: Invalid value: ".spec.b": should be a json path under .status',
      ],
    ],
    [
      'says little at the root when status is a subresource',
      {
        versions: [
          version({ subresources: { status: {} }, schema: { openAPIV3Schema: { type: 'object', maxProperties: 3 } } }),
        ],
      },
      [
        expect.stringMatching(
          /^spec.validation.openAPIV3Schema: Invalid value: .*: only \[Description Type .* XValidations\] fields are allowed at the root of the schema if the status subresource is enabled$/,
        ) as never,
      ],
    ],
    [
      'selects by scalars that exist',
      {
        versions: [
          version({
            schema: schema({ a: { type: 'string' }, o: { type: 'object' } }),
            selectableFields: [
              { jsonPath: '.spec.a' },
              { jsonPath: '.spec.o' },
              { jsonPath: '.spec.x' },
              { jsonPath: '.spec.a' },
            ],
          }),
        ],
      },
      [
        'spec.selectableFields[1].jsonPath: Invalid value: ".spec.o": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
        'spec.selectableFields[2].jsonPath: Invalid value: ".spec.x": is an invalid path: does not refer to a valid field',
        'spec.selectableFields[3].jsonPath: Duplicate value: ".spec.a"',
      ],
    ],
    [
      'converts by a webhook that is somewhere',
      webhook({}),
      ['spec.conversion.webhookClientConfig: Required value: exactly one of url or service is required'],
    ],
    [
      'converts over HTTPS',
      webhook({ url: 'http://x/y?z=1' }),
      [
        'spec.conversion.webhookClientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
        'spec.conversion.webhookClientConfig.url: Invalid value: "z=1": query parameters are not permitted in the URL',
      ],
    ],
    [
      'converts by reviews that are known',
      webhook({ url: 'https://x' }, ['v9']),
      ['spec.conversion.conversionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1'],
    ],
    [
      'has no webhook without the strategy',
      {
        conversion: {
          strategy: 'None',
          webhook: { clientConfig: { url: 'https://x' }, conversionReviewVersions: ['v1'] },
        },
      },
      [
        'spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook',
        'spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook',
      ],
    ],
    [
      'prunes',
      { preserveUnknownFields: true },
      [
        'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      ],
    ],
  ])('%s', (_, spec, messages) => {
    expect(check(crd(spec))).toEqual(messages)
  })
})

describe('a changed definition', () => {
  const established = { conditions: [{ type: 'Established', status: 'True' }], acceptedNames: { plural: '', kind: '' } }
  test.each<[string, Json, Json, string[]]>([
    [
      'keeps its group and plural',
      { group: 'other.com', names: { plural: 'bars' } },
      {},
      [
        'spec.group: Invalid value: "other.com": field is immutable',
        'spec.names.plural: Invalid value: "bars": field is immutable',
      ],
    ],
    [
      'keeps its scope and kind once it is established',
      { scope: 'Cluster', names: { kind: 'Bar' } },
      { status: { ...established, storedVersions: ['v1'] } },
      [
        'spec.scope: Invalid value: "Cluster": field is immutable',
        'spec.names.kind: Invalid value: "Bar": field is immutable',
      ],
    ],
    [
      'keeps versions that something is stored in',
      { versions: [version({ name: 'v2' })] },
      { status: { ...established, storedVersions: ['v1', 'v2'] } },
      [
        'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions',
      ],
    ],
    [
      'may keep what was wrong before',
      { versions: [version({ schema: schema({ a: { type: 'text' } }) })] },
      { before: { versions: [version({ schema: schema({ a: { type: 'text' } }) })] } },
      [],
    ],
  ])('%s', (_, spec, { before, status }, messages) => {
    const old = crd(before ?? {}, status ? { status } : {})
    const next = crd(spec, status ? { status } : {})
    expect(validateCustomResourceDefinitionUpdate(next, old).map(fieldErrorMessage)).toEqual(messages)
  })
})
