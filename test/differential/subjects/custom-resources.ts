// CustomResourceDefinitions and what they define: schemas that are refused, pruning, defaults, CEL, versions, numbers.

import type { Asked } from '../connection.ts'
import { type Case, json, type Step, type Subject } from '../subject.ts'
import { prepareNamespace } from './validation.ts'

const namespace = 'custom'

type Schema = Record<string, unknown>

function definition(plural: string, spec: Schema, more: object = {}, version: object = {}) {
  const kind = `${plural[0]!.toUpperCase()}${plural.slice(1, -1)}`
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.custom.example` },
    spec: {
      group: 'custom.example',
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
            },
          },
          ...version,
        },
      ],
      ...more,
    },
  }
}

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const object = (properties: Schema, more: Schema = {}): Schema => ({ type: 'object', properties, ...more })

/** Schemas, most of them wrong. */
const schemas: Readonly<Record<string, unknown>> = {
  'no type': {},
  'unknown type': { type: 'bogus' },
  'null type': { type: 'null' },
  'properties without a type': { properties: { a: { type: 'string' } } },
  'a property without a type': object({ a: {} }),
  'additionalProperties false': object({}, { additionalProperties: false }),
  'additionalProperties true': object({}, { additionalProperties: true }),
  'additionalProperties with properties': object(
    { a: { type: 'string' } },
    { additionalProperties: { type: 'string' } },
  ),
  'additionalProperties without a type': { type: 'object', additionalProperties: {} },
  'items list': object({ a: { type: 'array', items: [{ type: 'string' }] } }),
  'no items': object({ a: { type: 'array' } }),
  'items without a type': object({ a: { type: 'array', items: {} } }),
  'unique items': object({ a: { type: 'array', items: { type: 'string' }, uniqueItems: true } }),
  $ref: object({ a: { $ref: '#/definitions/x' } }),
  definitions: { type: 'object', definitions: { a: { type: 'string' } } },
  dependencies: { type: 'object', dependencies: { a: ['b'] } },
  patternProperties: { type: 'object', patternProperties: { a: { type: 'string' } } },
  additionalItems: object({ a: { type: 'array', items: { type: 'string' }, additionalItems: { type: 'string' } } }),
  id: object({ a: { type: 'string', id: 'x' } }),
  'nullable without a type': object({ a: { nullable: true } }),
  'bad pattern': object({ a: { type: 'string', pattern: '(' } }),
  lookahead: object({ a: { type: 'string', pattern: '(?=a)' } }),
  'bad format': object({ a: { type: 'string', format: 'bogus' } }),
  enum: object({ a: { type: 'string', enum: ['a', 'b'] } }),
  'enum of wrong type': object({ a: { type: 'string', enum: ['a', 1] } }),
  'empty enum': object({ a: { type: 'string', enum: [] } }),
  'duplicate enum': object({ a: { type: 'string', enum: ['a', 'a'] } }),
  default: object({ a: { type: 'string', default: 'x' } }),
  'default of wrong type': object({ a: { type: 'string', default: 1 } }),
  'default not in enum': object({ a: { type: 'string', enum: ['a'], default: 'x' } }),
  'default with unknown fields': object({ a: object({ b: { type: 'string' } }, { default: { c: 'x' } }) }),
  'default null': object({ a: { type: 'string', default: null } }),
  'default null, nullable': object({ a: { type: 'string', nullable: true, default: null } }),
  'default too short': object({ a: { type: 'string', minLength: 5, default: 'x' } }),
  'allOf with type': object({ a: { type: 'string', allOf: [{ type: 'string' }] } }),
  'anyOf with properties': object({ a: { type: 'string' } }, { anyOf: [{ properties: { b: { minLength: 1 } } }] }),
  'anyOf required': object(
    { a: { type: 'string' }, b: { type: 'string' } },
    { anyOf: [{ required: ['a'] }, { required: ['b'] }] },
  ),
  'not with default': object({ a: { type: 'string' } }, { not: { properties: { a: { default: 'x' } } } }),
  oneOf: object({ a: { type: 'integer', oneOf: [{ minimum: 5 }, { maximum: 3 }] } }),
  'int-or-string': object({ a: { 'x-kubernetes-int-or-string': true } }),
  'int-or-string with type': object({ a: { type: 'string', 'x-kubernetes-int-or-string': true } }),
  'int-or-string anyOf': object({
    a: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
  }),
  'preserve unknown': object({ a: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }),
  'preserve unknown false': object({ a: { type: 'object', 'x-kubernetes-preserve-unknown-fields': false } }),
  embedded: object({
    a: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
  }),
  'embedded without anything': object({ a: { type: 'object', 'x-kubernetes-embedded-resource': true } }),
  'embedded string': object({ a: { type: 'string', 'x-kubernetes-embedded-resource': true } }),
  'list type map': object({
    a: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: object({ k: { type: 'string' } }, { required: ['k'] }),
    },
  }),
  'list type map without keys': object({
    a: { type: 'array', 'x-kubernetes-list-type': 'map', items: object({ k: { type: 'string' } }) },
  }),
  'list type map, key not required': object({
    a: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: object({ k: { type: 'string' } }),
    },
  }),
  'list type map, key missing': object({
    a: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['z'],
      items: object({ k: { type: 'string' } }),
    },
  }),
  'list type map, duplicate keys': object({
    a: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k', 'k'],
      items: object({ k: { type: 'string' } }, { required: ['k'] }),
    },
  }),
  'list type set': object({ a: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } } }),
  'list type set of objects': object({
    a: { type: 'array', 'x-kubernetes-list-type': 'set', items: object({ k: { type: 'string' } }) },
  }),
  'list type bogus': object({ a: { type: 'array', 'x-kubernetes-list-type': 'bogus', items: { type: 'string' } } }),
  'list type of a string': object({ a: { type: 'string', 'x-kubernetes-list-type': 'set' } }),
  'map type': object({ a: object({ b: { type: 'string' } }, { 'x-kubernetes-map-type': 'atomic' }) }),
  'map type bogus': object({ a: object({ b: { type: 'string' } }, { 'x-kubernetes-map-type': 'bogus' }) }),
  metadata: object({ a: { type: 'string' } }),
  minimum: object({ a: { type: 'integer', minimum: 5, maximum: 3 } }),
  'negative minLength': object({ a: { type: 'string', minLength: -1 } }),
  multipleOf: object({ a: { type: 'integer', multipleOf: 0 } }),
  exclusive: object({ a: { type: 'number', minimum: 1, exclusiveMinimum: true } }),
  'a rule': object({ a: { type: 'string', 'x-kubernetes-validations': [{ rule: "self != 'x'", message: 'not x' }] } }),
  'an empty rule': object({ a: { type: 'string', 'x-kubernetes-validations': [{ rule: '' }] } }),
  'a rule that does not parse': object({ a: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self ==' }] } }),
  'a rule of wrong type': object({ a: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self' }] } }),
  'a rule with unknown names': object({ a: { type: 'string', 'x-kubernetes-validations': [{ rule: "foo == 'x'" }] } }),
  'a rule with unknown fields': object(
    { a: { type: 'string' } },
    { 'x-kubernetes-validations': [{ rule: "self.b == 'x'" }] },
  ),
  'a rule with unknown functions': object({
    a: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self.bogus()' }] },
  }),
  'a transition rule': object({ a: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] } }),
  'a transition rule in an atomic list': object({
    a: { type: 'array', items: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] } },
  }),
  optionalOldSelf: object({
    a: {
      type: 'string',
      'x-kubernetes-validations': [{ rule: 'oldSelf.hasValue() || self == "x"', optionalOldSelf: true }],
    },
  }),
  'a bad reason': object({ a: { type: 'string', 'x-kubernetes-validations': [{ rule: 'true', reason: 'Bogus' }] } }),
  'a bad fieldPath': object(
    { a: { type: 'string' } },
    { 'x-kubernetes-validations': [{ rule: 'true', fieldPath: '.b' }] },
  ),
  'a good fieldPath': object(
    { a: { type: 'string' } },
    { 'x-kubernetes-validations': [{ rule: 'true', fieldPath: '.a' }] },
  ),
  'a message with a newline': object({
    a: { type: 'string', 'x-kubernetes-validations': [{ rule: 'true', message: 'a\nb' }] },
  }),
  'an empty message': object({ a: { type: 'string', 'x-kubernetes-validations': [{ rule: 'true', message: ' ' }] } }),
  'a messageExpression of wrong type': object({
    a: { type: 'string', 'x-kubernetes-validations': [{ rule: 'true', messageExpression: '1' }] },
  }),
  'a rule that costs too much': object({
    a: {
      type: 'array',
      items: { type: 'array', items: { type: 'string' } },
      'x-kubernetes-validations': [{ rule: 'self.all(x, x.all(y, self.all(z, z.all(w, w == y))))' }],
    },
  }),
  'a rule that costs too much, bounded': object({
    a: {
      type: 'array',
      maxItems: 10,
      items: { type: 'string', maxLength: 10 },
      'x-kubernetes-validations': [{ rule: 'self.all(x, self.all(y, x == y))' }],
    },
  }),
  'a rule without a type': {
    'x-kubernetes-preserve-unknown-fields': true,
    'x-kubernetes-validations': [{ rule: 'true' }],
  },
  'required twice': object({ a: { type: 'string' } }, { required: ['a', 'a'] }),
  'required unknown': object({ a: { type: 'string' } }, { required: ['z'] }),
  'title and example': object({
    a: { type: 'string', title: 't', example: 'x', description: 'd', externalDocs: { url: 'u' } },
  }),
}

const definitions: Subject = {
  name: 'custom: definitions',
  setup: prepareNamespace(namespace),
  *cases(): Iterable<Case> {
    const create = (body: object): Asked => ({ method: 'POST', path: `${crds}?dryRun=All`, body })
    for (const [name, schema] of Object.entries(schemas))
      yield { name: `schema: ${name}`, ...create(definition('schemas', schema as Schema)) }
    for (const [name, schema] of Object.entries(schemas))
      yield {
        name: `whole schema: ${name}`,
        ...create(definition('schemas', {}, {}, { schema: { openAPIV3Schema: schema } })),
      }
    const good = object({ size: { type: 'integer' }, name: { type: 'string' } })
    const variants: Record<string, [object, object?]> = {
      'no schema': [{}, { schema: undefined }],
      'two storage versions': [
        { versions: [1, 2].map(n => ({ ...definition('x', good).spec.versions[0], name: `v${n}` })) },
      ],
      'bad names': [{ names: { plural: 'Things', kind: 'thing' } }],
      'other plural': [{ names: { plural: 'others', kind: 'Other' } }],
      'short names': [
        { names: { plural: 'variants', kind: 'Variant', shortNames: ['v', 'v', 'Bad'], categories: ['all', 'Bad!'] } },
      ],
      'bad scope': [{ scope: 'Bogus' }],
      'no scope': [{ scope: '' }],
      'a bad group': [{ group: 'Bad Group' }],
      'a group without a dot': [{ group: 'nodot' }],
      preserveUnknownFields: [{ preserveUnknownFields: true }],
      'conversion webhook': [
        {
          conversion: {
            strategy: 'Webhook',
            webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://x.example' } },
          },
        },
      ],
      'conversion webhook, none': [{ conversion: { strategy: 'Webhook' } }],
      'conversion webhook, both': [
        {
          conversion: {
            strategy: 'Webhook',
            webhook: {
              conversionReviewVersions: ['v1'],
              clientConfig: { url: 'https://x.example', service: { name: 'a', namespace: 'b' } },
            },
          },
        },
      ],
      'conversion webhook, http': [
        {
          conversion: {
            strategy: 'Webhook',
            webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'http://x.example' } },
          },
        },
      ],
      'conversion webhook, versions': [
        {
          conversion: {
            strategy: 'Webhook',
            webhook: { conversionReviewVersions: ['v9'], clientConfig: { url: 'https://x.example' } },
          },
        },
      ],
      'conversion webhook, bad ca': [
        {
          conversion: {
            strategy: 'Webhook',
            webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://x.example', caBundle: 'YQ==' } },
          },
        },
      ],
      'conversion bogus': [{ conversion: { strategy: 'Bogus' } }],
      'conversion none with webhook': [
        { conversion: { strategy: 'None', webhook: { conversionReviewVersions: ['v1'] } } },
      ],
      scale: [{}, { subresources: { scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' } } }],
      'scale without paths': [{}, { subresources: { scale: {} } }],
      'scale with bad paths': [
        {},
        {
          subresources: {
            scale: { specReplicasPath: '.status.size', statusReplicasPath: 'spec', labelSelectorPath: '.x' },
          },
        },
      ],
      'scale with indexes': [
        {},
        { subresources: { scale: { specReplicasPath: '.spec.a[0]', statusReplicasPath: '.status.b[*]' } } },
      ],
      columns: [
        {},
        {
          additionalPrinterColumns: [
            { name: 'Size', type: 'integer', jsonPath: '.spec.size', priority: 1, format: 'int32' },
          ],
        },
      ],
      'bad columns': [{}, { additionalPrinterColumns: [{ name: '', type: 'bogus', jsonPath: 'spec', format: 'x' }] }],
      'columns with bad paths': [{}, { additionalPrinterColumns: [{ name: 'a', type: 'string', jsonPath: '.spec[' }] }],
      'columns without paths': [{}, { additionalPrinterColumns: [{ name: 'a', type: 'string', jsonPath: '' }] }],
      selectable: [{}, { selectableFields: [{ jsonPath: '.spec.size' }, { jsonPath: '.spec.name' }] }],
      'bad selectable': [
        {},
        {
          selectableFields: [
            { jsonPath: '.spec' },
            { jsonPath: '.metadata.name' },
            { jsonPath: 'x' },
            { jsonPath: '.spec.missing' },
            { jsonPath: '' },
          ],
        },
      ],
      'selectable twice': [{}, { selectableFields: [{ jsonPath: '.spec.size' }, { jsonPath: '.spec.size' }] }],
      'too many selectable': [{}, { selectableFields: Array.from({ length: 9 }, () => ({ jsonPath: '.spec.size' })) }],
      deprecated: [{}, { deprecated: true, deprecationWarning: 'use another' }],
      'deprecationWarning alone': [{}, { deprecationWarning: 'use another' }],
      'bad deprecationWarning': [{}, { deprecated: true, deprecationWarning: 'a\nb' }],
      'long deprecationWarning': [{}, { deprecated: true, deprecationWarning: 'a'.repeat(300) }],
      'a bad version name': [{}, { name: 'V1!' }],
      'nothing stored': [{}, { storage: false }],
      'nothing served': [{}, { served: false }],
      'unknown fields': [{ foo: 1 }, { bar: 2 }],
      'protected group': [{ group: 'things.k8s.io' }],
    }
    for (const [name, [more, version]] of Object.entries(variants))
      yield { name, ...create(definition('variants', good, more, version)) }
    yield { name: 'bad metadata.name', ...create({ ...definition('variants', good), metadata: { name: 'x' } }) }
    yield {
      name: 'approved',
      ...create({
        ...definition('variants', good, { group: 'things.k8s.io' }),
        metadata: {
          name: 'variants.things.k8s.io',
          annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes/kubernetes/pull/1' },
        },
      }),
    }
    yield {
      name: 'unapproved',
      ...create({
        ...definition('variants', good, { group: 'things.k8s.io' }),
        metadata: {
          name: 'variants.things.k8s.io',
          annotations: { 'api-approved.kubernetes.io': 'unapproved, testing' },
        },
      }),
    }
    yield {
      name: 'badly approved',
      ...create({
        ...definition('variants', good, { group: 'things.k8s.io' }),
        metadata: { name: 'variants.things.k8s.io', annotations: { 'api-approved.kubernetes.io': 'bogus' } },
      }),
    }
  },
}

const widgets = `/apis/custom.example/v1/namespaces/${namespace}/widgets`
const widgetSpec = object(
  {
    text: { type: 'string', minLength: 2, maxLength: 5, pattern: '^[a-z]+$' },
    kind: { type: 'string', enum: ['a', 'b'], default: 'a' },
    size: { type: 'integer', minimum: 1, maximum: 10, multipleOf: 2 },
    big: { type: 'integer', format: 'int64' },
    small: { type: 'integer', format: 'int32' },
    number: { type: 'number', exclusiveMinimum: true, minimum: 0 },
    flag: { type: 'boolean', default: true },
    any: { 'x-kubernetes-preserve-unknown-fields': true },
    port: { 'x-kubernetes-int-or-string': true },
    date: { type: 'string', format: 'date-time' },
    day: { type: 'string', format: 'date' },
    ip: { type: 'string', format: 'ipv4' },
    email: { type: 'string', format: 'email' },
    uuid: { type: 'string', format: 'uuid' },
    bytes: { type: 'string', format: 'byte' },
    duration: { type: 'string', format: 'duration' },
    nullable: { type: 'string', nullable: true },
    defaulted: object({ x: { type: 'string', default: 'y' }, z: { type: 'integer', default: 3 } }, { default: {} }),
    map: { type: 'object', additionalProperties: { type: 'integer' }, maxProperties: 2 },
    list: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 3 },
    set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    items: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: object({ k: { type: 'string' }, v: { type: 'integer', default: 1 } }, { required: ['k'] }),
    },
    embedded: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
    either: {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string' } },
      oneOf: [{ required: ['a'] }, { required: ['b'] }],
    },
    ruled: {
      type: 'integer',
      'x-kubernetes-validations': [
        { rule: 'self < 5', message: 'too big' },
        { rule: 'self != 3', messageExpression: "'not three'", reason: 'FieldValueForbidden' },
      ],
    },
    fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed' }] },
  },
  {
    required: ['text'],
    'x-kubernetes-validations': [
      {
        rule: '!has(self.size) || !has(self.ruled) || self.size > self.ruled',
        fieldPath: '.size',
        reason: 'FieldValueInvalid',
      },
    ],
  },
)

const widgetDefinition = definition(
  'widgets',
  widgetSpec,
  {},
  {
    subresources: {
      status: {},
      scale: {
        specReplicasPath: '.spec.size',
        statusReplicasPath: '.status.size',
        labelSelectorPath: '.status.selector',
      },
    },
    additionalPrinterColumns: [
      { name: 'Text', type: 'string', jsonPath: '.spec.text' },
      { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
      { name: 'Number', type: 'number', jsonPath: '.spec.number' },
      { name: 'Flag', type: 'boolean', jsonPath: '.spec.flag' },
      { name: 'Date', type: 'date', jsonPath: '.spec.date' },
      { name: 'List', type: 'string', jsonPath: '.spec.list[*]' },
      { name: 'First', type: 'string', jsonPath: '.spec.list[0]' },
      { name: 'Map', type: 'string', jsonPath: '.spec.map' },
      { name: 'Named', type: 'string', jsonPath: '.spec.items[?(@.k=="x")].v' },
    ],
    selectableFields: [{ jsonPath: '.spec.text' }, { jsonPath: '.spec.size' }, { jsonPath: '.spec.flag' }],
  },
)

const widget = (name: string, spec: object, more: object = {}) => ({
  apiVersion: 'custom.example/v1',
  kind: 'Widget',
  metadata: { name },
  spec,
  ...more,
})

/** Numbers that JavaScript would write otherwise stand behind a #. */
const values: Readonly<Record<string, readonly unknown[]>> = {
  text: ['', 'a', 'abcdef', 'AB', 5, null, ['ab']],
  kind: ['a', 'c', null, 1],
  size: [0, 1, 2, 11, 12, '2', 2.0, 2.5, null],
  big: ['#9007199254740993', 1e3, '#1.0', 1.5, 'x', '#9223372036854775807', '#1e30'],
  small: [2147483647, 2147483648, -2147483649, 1.0],
  number: [0, 0.5, -1, 1e3, '#1.0', '1', '#1e400'],
  flag: [true, 'true', 1, null],
  any: [1, 'x', null, { a: [1, { b: null }] }, '#9007199254740993'],
  port: [1, 'http', 1.5, true, null, {}],
  date: ['2020-01-02T03:04:05Z', '2020-01-02', 'x', 5],
  day: ['2020-01-02', '2020-13-02', 'x'],
  ip: ['1.2.3.4', '1.2.3', '::1'],
  email: ['a@b.c', 'x'],
  uuid: ['123e4567-e89b-12d3-a456-426614174000', 'x'],
  bytes: ['YQ==', '!!'],
  duration: ['1h', 'x', '1 week'],
  nullable: [null, 'x', 5],
  defaulted: [{}, { x: 'q' }, { x: null }, { u: 1 }, null, 'x'],
  map: [{}, { a: 1 }, { a: 'x' }, { a: 1, b: 2, c: 3 }, { a: null }, []],
  list: [[], ['a'], ['a', 'b', 'c', 'd'], [1], [null], 'a', {}],
  set: [
    ['a', 'a'],
    ['a', 'b'],
  ],
  items: [[{ k: 'x' }], [{ k: 'x' }, { k: 'x' }], [{ v: 1 }], [{ k: 'x', v: 'y' }], [{ k: 'x', u: 1 }], ['x'], [null]],
  embedded: [
    {},
    { apiVersion: 'v1', kind: 'Pod' },
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'Bad Name!', labels: { a: 'b c' } }, x: 1 },
    { apiVersion: 'a/b/c', kind: '' },
    { apiVersion: 'v1', kind: 'Pod', metadata: 'x' },
    { apiVersion: 1, kind: 'Pod' },
  ],
  either: [{}, { a: 'x' }, { a: 'x', b: 'y' }],
  ruled: [1, 3, 5, 7],
  unknown: [1, { a: 1 }],
}

const objects: Subject = {
  name: 'custom: objects',
  setup: [{ method: 'POST', path: crds, body: widgetDefinition }],
  stories: {
    'the definition': [
      { name: 'established', path: `${crds}/widgets.custom.example` },
      // Serving begins a moment after.
      { name: 'served', path: '/apis/custom.example/v1', cutAfter: 3000 },
      { name: 'group', path: '/apis/custom.example' },
    ],
  },
}

/** Asked after the definition is served everywhere. */
const contents: Subject = {
  name: 'custom: contents',
  setup: [
    {
      method: 'POST',
      path: widgets,
      body: widget('one', { text: 'abc', size: 2, fixed: 'x', items: [{ k: 'x' }], list: ['a', 'b'], map: { a: 1 } }),
    },
    {
      method: 'POST',
      path: widgets,
      body: widget('two', { text: 'xyz', number: 2.5, date: '2020-01-02T03:04:05Z', any: { a: [1] } }),
    },
  ],
  *cases(): Iterable<Case> {
    const post = (body: unknown, query = 'dryRun=All'): Asked => ({ method: 'POST', path: `${widgets}?${query}`, body })
    for (const [field, list] of Object.entries(values))
      for (const value of list) {
        const raw = JSON.stringify(value).replace(/"#([^"]*)"/g, '$1')
        const body = `{"apiVersion":"custom.example/v1","kind":"Widget","metadata":{"name":"x"},"spec":{"text":"abc","${field}":${raw}}}`
        yield { name: `${field} = ${raw}`, ...post(body) }
        yield { name: `${field} = ${raw}, strictly`, ...post(body, 'dryRun=All&fieldValidation=Strict') }
        yield {
          name: `update ${field} = ${raw}`,
          method: 'PUT',
          path: `${widgets}/one?dryRun=All`,
          body: body.replace('"name":"x"', '"name":"one"'),
        }
        yield {
          name: `patch ${field} = ${raw}`,
          method: 'PATCH',
          path: `${widgets}/one?dryRun=All`,
          headers: { 'content-type': 'application/merge-patch+json' },
          body: `{"spec":{"${field}":${raw}}}`,
        }
        yield {
          name: `apply ${field} = ${raw}`,
          method: 'PATCH',
          path: `${widgets}/one?dryRun=All&fieldManager=me&force=true`,
          headers: { 'content-type': 'application/apply-patch+yaml' },
          body: body.replace('"name":"x"', '"name":"one"'),
        }
      }
    for (const raw of [
      '9007199254740993',
      '1.0',
      '1e3',
      '-0',
      '0.1',
      '1E400',
      '9223372036854775808',
      '18446744073709551615',
      '1.0e-7',
      '123456789012345678901234567890',
    ])
      for (const field of ['any', 'big', 'number', 'port', 'size']) {
        const body = `{"apiVersion":"custom.example/v1","kind":"Widget","metadata":{"name":"x"},"spec":{"text":"abc","${field}":${raw}}}`
        yield { name: `number ${field} = ${raw}`, ...post(body) }
      }
    const whole: [string, unknown][] = [
      ['no kind', { apiVersion: 'custom.example/v1', metadata: { name: 'x' }, spec: { text: 'abc' } }],
      ['no apiVersion', { kind: 'Widget', metadata: { name: 'x' }, spec: { text: 'abc' } }],
      ['another kind', { apiVersion: 'custom.example/v1', kind: 'Other', metadata: { name: 'x' } }],
      ['another version', { apiVersion: 'custom.example/v2', kind: 'Widget', metadata: { name: 'x' } }],
      ['no metadata', { apiVersion: 'custom.example/v1', kind: 'Widget', spec: { text: 'abc' } }],
      ['bad metadata', { apiVersion: 'custom.example/v1', kind: 'Widget', metadata: 'x', spec: { text: 'abc' } }],
      [
        'unknown metadata',
        { apiVersion: 'custom.example/v1', kind: 'Widget', metadata: { name: 'x', foo: 1 }, spec: { text: 'abc' } },
      ],
      [
        'wrong metadata',
        {
          apiVersion: 'custom.example/v1',
          kind: 'Widget',
          metadata: { name: 'x', labels: { a: 1 } },
          spec: { text: 'abc' },
        },
      ],
      [
        'a bad name',
        { apiVersion: 'custom.example/v1', kind: 'Widget', metadata: { name: 'Bad Name' }, spec: { text: 'abc' } },
      ],
      ['no spec', { apiVersion: 'custom.example/v1', kind: 'Widget', metadata: { name: 'x' } }],
      ['spec null', { apiVersion: 'custom.example/v1', kind: 'Widget', metadata: { name: 'x' }, spec: null }],
      ['spec []', { apiVersion: 'custom.example/v1', kind: 'Widget', metadata: { name: 'x' }, spec: [] }],
      ['a status', { ...widget('x', { text: 'abc' }), status: { size: 1 } }],
      ['unknown at the top', { ...widget('x', { text: 'abc' }), foo: 1 }],
      ['a list', [widget('x', {})]],
      ['nothing', ''],
      ['creationTimestamp null', { ...widget('x', { text: 'abc' }), metadata: { name: 'x', creationTimestamp: null } }],
      ['creationTimestamp bad', { ...widget('x', { text: 'abc' }), metadata: { name: 'x', creationTimestamp: 'x' } }],
      ['creationTimestamp number', { ...widget('x', { text: 'abc' }), metadata: { name: 'x', creationTimestamp: 1 } }],
      [
        'creationTimestamp old',
        { ...widget('x', { text: 'abc' }), metadata: { name: 'x', creationTimestamp: '2020-01-01T00:00:00Z' } },
      ],
      ['a name that is taken', widget('one', { text: 'abc' })],
      ['generateName', { ...widget('x', { text: 'abc' }), metadata: { generateName: 'gen-' } }],
    ]
    for (const [name, body] of whole) {
      yield { name: `create: ${name}`, ...post(body) }
      yield { name: `create: ${name}, strictly`, ...post(body, 'dryRun=All&fieldValidation=Strict') }
      yield { name: `create: ${name}, as YAML`, ...post(body), headers: { 'content-type': 'application/yaml' } }
    }
    const patch = (type: string, body: unknown, at = `${widgets}/one`): Asked => ({
      method: 'PATCH',
      path: `${at}?dryRun=All`,
      headers: { 'content-type': type },
      body: JSON.stringify(body),
    })
    const list: [string, Asked][] = [
      ['fixed field', patch('application/merge-patch+json', { spec: { fixed: 'y' } })],
      ['strategic', patch('application/strategic-merge-patch+json', { spec: { text: 'xyz' } })],
      ['json', patch('application/json-patch+json', [{ op: 'replace', path: '/spec/text', value: 'xyz' }])],
      [
        'status',
        patch(
          'application/merge-patch+json',
          { spec: { text: 'zzz' }, status: { size: 3, selector: 'a=b' } },
          `${widgets}/one/status`,
        ),
      ],
      ['scale', { path: `${widgets}/one/scale` }],
      ['scale of two', { path: `${widgets}/two/scale` }],
      ['scale patch', patch('application/merge-patch+json', { spec: { replicas: 4 } }, `${widgets}/one/scale`)],
      [
        'scale patch, invalid',
        patch('application/merge-patch+json', { spec: { replicas: 3 } }, `${widgets}/one/scale`),
      ],
      [
        'scale put',
        {
          method: 'PUT',
          path: `${widgets}/one/scale?dryRun=All`,
          body: { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'one' }, spec: { replicas: 4 } },
        },
      ],
      ['protobuf', { ...post('x'), headers: { 'content-type': 'application/vnd.kubernetes.protobuf' } }],
      ['get', { path: `${widgets}/one` }],
      [
        'get as a table',
        { path: `${widgets}/one`, headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } },
      ],
      [
        'get as metadata',
        { path: `${widgets}/one`, headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' } },
      ],
      ['get as protobuf', { path: `${widgets}/one`, headers: { accept: 'application/vnd.kubernetes.protobuf' } }],
      ['get as YAML', { path: `${widgets}/one`, headers: { accept: 'application/yaml' } }],
      ['get as text', { path: `${widgets}/one`, headers: { accept: 'text/plain' } }],
      ['list', { path: widgets }],
      ['list as a table', { path: widgets, headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }],
      ['list all', { path: '/apis/custom.example/v1/widgets' }],
      ['list by a field', { path: `${widgets}?fieldSelector=spec.text=abc` }],
      ['list by a number', { path: `${widgets}?fieldSelector=spec.size=2` }],
      ['list by a flag', { path: `${widgets}?fieldSelector=spec.flag!=true` }],
      ['list by another', { path: `${widgets}?fieldSelector=spec.kind=a` }],
      ['missing', { path: `${widgets}/missing` }],
      ['a subresource', { path: `${widgets}/one/bogus` }],
      ['another method', { method: 'POST', path: `${widgets}/one` }],
      ['another version', { path: `/apis/custom.example/v2/namespaces/${namespace}/widgets` }],
      ['another resource', { path: `/apis/custom.example/v1/namespaces/${namespace}/others` }],
      ['openapi', { path: '/openapi/v3/apis/custom.example/v1' }],
      ['discovery', { path: '/apis/custom.example/v1' }],
      ['watch', { path: `${widgets}?watch=true&timeoutSeconds=1`, cutAfter: 600 }],
      ['delete', { method: 'DELETE', path: `${widgets}/one?dryRun=All` }],
      ['deletecollection', { method: 'DELETE', path: `${widgets}?dryRun=All` }],
    ]
    for (const [name, asked] of list) yield { name, ...asked }
  },
  stories: {
    'numbers that are kept': [
      {
        name: 'create',
        method: 'POST',
        path: widgets,
        body: '{"apiVersion":"custom.example/v1","kind":"Widget","metadata":{"name":"numbers"},"spec":{"text":"abc","big":9007199254740993,"number":1.0,"any":{"a":1e3,"b":1.50,"c":9007199254740993}}}',
      },
      { name: 'read', path: `${widgets}/numbers` },
      {
        name: 'change',
        method: 'PATCH',
        path: `${widgets}/numbers`,
        headers: { 'content-type': 'application/merge-patch+json' },
        body: '{"spec":{"text":"xyz"}}',
      },
      { name: 'read again', path: `${widgets}/numbers` },
      {
        name: 'a patch of numbers',
        method: 'PATCH',
        path: `${widgets}/numbers`,
        headers: { 'content-type': 'application/json-patch+json' },
        body: '[{"op":"replace","path":"/spec/big","value":9007199254740995}]',
      },
    ],
    'a definition that changes': [
      { name: 'read', path: `${crds}/widgets.custom.example` },
      change('another group', body => ({ ...body, spec: { ...body.spec, group: 'x.example' } })),
      change('another scope', body => ({ ...body, spec: { ...body.spec, scope: 'Cluster' } })),
      change('another kind', body => ({
        ...body,
        spec: { ...body.spec, names: { ...body.spec?.names, kind: 'Gadget' } },
      })),
      change('no versions', body => ({ ...body, spec: { ...body.spec, versions: [] } })),
      change('another version', body => ({
        ...body,
        spec: { ...body.spec, versions: [{ ...body.spec?.versions?.[0], name: 'v2' }] },
      })),
      change('a status', body => ({ ...body, status: { storedVersions: [] } })),
    ],
  },
}

function change(name: string, of: (body: any) => object): Step {
  return {
    name,
    ask: answers => ({ method: 'PUT', path: `${crds}/widgets.custom.example?dryRun=All`, body: of(json(answers[0])) }),
  }
}

export const customResources: readonly Subject[] = [definitions, objects, contents]
