// The JSON schema that a custom resource is held to. It contains itself, so its type is written out.

import {
  any,
  anyOf,
  boolean,
  double,
  either,
  eitherOf,
  type Infer,
  int64,
  list,
  listOf,
  map,
  object,
  ref,
  type Schema,
  string,
} from '../../../machinery/schema/schema.ts'

export const ExternalDocumentation = object(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ExternalDocumentation',
  {
    description: string(1),
    url: string(2),
  },
)
export type ExternalDocumentation = Infer<typeof ExternalDocumentation>

export const ValidationRule = object('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ValidationRule', {
  rule: string(1).required(),
  message: string(2),
  messageExpression: string(3),
  reason: string(4)
    .pointer()
    .enum('FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'),
  fieldPath: string(5),
  optionalOldSelf: boolean(6).pointer(),
})
export type ValidationRule = Infer<typeof ValidationRule>

export interface JSONSchemaProps {
  id?: string
  $schema?: string
  $ref?: string
  description?: string
  type?: string
  format?: string
  title?: string
  default?: any
  maximum?: number
  exclusiveMaximum?: boolean
  minimum?: number
  exclusiveMinimum?: boolean
  maxLength?: number
  minLength?: number
  pattern?: string
  maxItems?: number
  minItems?: number
  uniqueItems?: boolean
  multipleOf?: number
  enum?: any[]
  maxProperties?: number
  minProperties?: number
  required?: string[]
  items?: JSONSchemaPropsOrArray
  allOf?: JSONSchemaProps[]
  oneOf?: JSONSchemaProps[]
  anyOf?: JSONSchemaProps[]
  not?: JSONSchemaProps
  properties?: Record<string, JSONSchemaProps>
  additionalProperties?: JSONSchemaPropsOrBool
  patternProperties?: Record<string, JSONSchemaProps>
  dependencies?: Record<string, JSONSchemaPropsOrStringArray>
  additionalItems?: JSONSchemaPropsOrBool
  definitions?: Record<string, JSONSchemaProps>
  externalDocs?: ExternalDocumentation
  example?: any
  nullable?: boolean
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-embedded-resource'?: boolean
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-list-map-keys'?: string[]
  'x-kubernetes-list-type'?: string
  'x-kubernetes-map-type'?: string
  'x-kubernetes-validations'?: ValidationRule[]
}
export type JSONSchemaPropsOrArray = JSONSchemaProps | JSONSchemaProps[]
export type JSONSchemaPropsOrBool = JSONSchemaProps | boolean
export type JSONSchemaPropsOrStringArray = JSONSchemaProps | string[]

const JSONSchemaPropsOrArray = eitherOf(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray',
  {
    object: [1, () => JSONSchemaProps],
    or: [2, listOf(() => JSONSchemaProps)],
  },
)
const JSONSchemaPropsOrBool = eitherOf(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool',
  {
    object: [2, () => JSONSchemaProps],
    or: [1, 'boolean'],
  },
)
const JSONSchemaPropsOrStringArray = eitherOf(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray',
  {
    object: [1, () => JSONSchemaProps],
    or: [2, listOf('string')],
  },
)

export const JSONSchemaProps: Schema<JSONSchemaProps> = object(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps',
  {
    id: string(1),
    $schema: string(2).protobufName('schema'),
    $ref: string(3).pointer().protobufName('ref'),
    description: string(4),
    type: string(5),
    format: string(6),
    title: string(7),
    default: any(8, 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON').pointer(),
    maximum: double(9).pointer(),
    exclusiveMaximum: boolean(10),
    minimum: double(11).pointer(),
    exclusiveMinimum: boolean(12),
    maxLength: int64(13).pointer(),
    minLength: int64(14).pointer(),
    pattern: string(15),
    maxItems: int64(16).pointer(),
    minItems: int64(17).pointer(),
    uniqueItems: boolean(18),
    multipleOf: double(19).pointer(),
    enum: list(20, anyOf('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON')).listType('atomic'),
    maxProperties: int64(21).pointer(),
    minProperties: int64(22).pointer(),
    required: list(23, 'string').listType('atomic'),
    items: either(24, JSONSchemaPropsOrArray),
    allOf: list(25, () => JSONSchemaProps).listType('atomic'),
    oneOf: list(26, () => JSONSchemaProps).listType('atomic'),
    anyOf: list(27, () => JSONSchemaProps).listType('atomic'),
    not: ref(28, () => JSONSchemaProps),
    properties: map(29, () => JSONSchemaProps),
    additionalProperties: either(30, JSONSchemaPropsOrBool),
    patternProperties: map(31, () => JSONSchemaProps),
    dependencies: map(32, JSONSchemaPropsOrStringArray),
    additionalItems: either(33, JSONSchemaPropsOrBool),
    definitions: map(34, () => JSONSchemaProps),
    externalDocs: ref(35, ExternalDocumentation),
    example: any(36, 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON').pointer(),
    nullable: boolean(37),
    'x-kubernetes-preserve-unknown-fields': boolean(38).pointer().protobufName('xKubernetesPreserveUnknownFields'),
    'x-kubernetes-embedded-resource': boolean(39).protobufName('xKubernetesEmbeddedResource'),
    'x-kubernetes-int-or-string': boolean(40).protobufName('xKubernetesIntOrString'),
    'x-kubernetes-list-map-keys': list(41, 'string').listType('atomic').protobufName('xKubernetesListMapKeys'),
    'x-kubernetes-list-type': string(42).pointer().protobufName('xKubernetesListType'),
    'x-kubernetes-map-type': string(43).pointer().protobufName('xKubernetesMapType'),
    'x-kubernetes-validations': list(44, ValidationRule)
      .listType('map', 'rule')
      .patchStrategy('merge')
      .mergeKey('rule')
      .protobufName('xKubernetesValidations'),
  },
)
