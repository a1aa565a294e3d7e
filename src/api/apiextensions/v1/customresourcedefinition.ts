import {
  boolean,
  bytes,
  type Infer,
  int32,
  int64,
  list,
  object,
  ref,
  string,
  time,
} from '../../../machinery/schema/schema.ts'
import { column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'
import { JSONSchemaProps } from './jsonschemaprops.ts'

export const CustomResourceColumnDefinition = object(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceColumnDefinition',
  {
    name: string(1).required(),
    type: string(2).required(),
    format: string(3),
    description: string(4),
    priority: int32(5),
    jsonPath: string(6).required(),
  },
)
export type CustomResourceColumnDefinition = Infer<typeof CustomResourceColumnDefinition>

export const ServiceReference = object('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ServiceReference', {
  namespace: string(1).required(),
  name: string(2).required(),
  path: string(3).pointer(),
  port: int32(4).pointer().serverDefault(443),
})
export type ServiceReference = Infer<typeof ServiceReference>

export const WebhookClientConfig = object(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.WebhookClientConfig',
  {
    url: string(3).pointer(),
    service: ref(1, ServiceReference),
    caBundle: bytes(2),
  },
)
export type WebhookClientConfig = Infer<typeof WebhookClientConfig>

export const WebhookConversion = object('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.WebhookConversion', {
  clientConfig: ref(2, WebhookClientConfig),
  conversionReviewVersions: list(3, 'string').required().listType('atomic'),
})
export type WebhookConversion = Infer<typeof WebhookConversion>

export const CustomResourceConversion = object(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceConversion',
  {
    strategy: string(1).required(),
    webhook: ref(2, WebhookConversion),
  },
)
export type CustomResourceConversion = Infer<typeof CustomResourceConversion>

export const CustomResourceDefinitionNames = object(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames',
  {
    plural: string(1).required(),
    singular: string(2),
    shortNames: list(3, 'string').listType('atomic'),
    kind: string(4).required(),
    listKind: string(5),
    categories: list(6, 'string').listType('atomic'),
  },
)
export type CustomResourceDefinitionNames = Infer<typeof CustomResourceDefinitionNames>

export const CustomResourceValidation = object(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceValidation',
  {
    openAPIV3Schema: ref(1, JSONSchemaProps),
  },
)
export type CustomResourceValidation = Infer<typeof CustomResourceValidation>

export const CustomResourceSubresourceStatus = object(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus',
  {},
)
export type CustomResourceSubresourceStatus = Infer<typeof CustomResourceSubresourceStatus>

export const CustomResourceSubresourceScale = object(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceScale',
  {
    specReplicasPath: string(1).required(),
    statusReplicasPath: string(2).required(),
    labelSelectorPath: string(3).pointer(),
  },
)
export type CustomResourceSubresourceScale = Infer<typeof CustomResourceSubresourceScale>

export const CustomResourceSubresources = object(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresources',
  {
    status: ref(1, CustomResourceSubresourceStatus),
    scale: ref(2, CustomResourceSubresourceScale),
  },
)
export type CustomResourceSubresources = Infer<typeof CustomResourceSubresources>

export const SelectableField = object('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.SelectableField', {
  jsonPath: string(1).required(),
})
export type SelectableField = Infer<typeof SelectableField>

export const CustomResourceDefinitionVersion = object(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion',
  {
    name: string(1).required(),
    served: boolean(2).required(),
    storage: boolean(3).required(),
    deprecated: boolean(7),
    deprecationWarning: string(8).pointer(),
    schema: ref(4, CustomResourceValidation),
    subresources: ref(5, CustomResourceSubresources),
    additionalPrinterColumns: list(6, CustomResourceColumnDefinition).listType('atomic'),
    selectableFields: list(9, SelectableField).listType('atomic'),
  },
)
export type CustomResourceDefinitionVersion = Infer<typeof CustomResourceDefinitionVersion>

export const CustomResourceDefinitionSpec = object(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec',
  {
    group: string(1).required(),
    names: ref(3, CustomResourceDefinitionNames).required(),
    scope: string(4).required(),
    versions: list(7, CustomResourceDefinitionVersion).required().listType('atomic'),
    conversion: ref(9, CustomResourceConversion).serverDefault({ strategy: 'None' }),
    preserveUnknownFields: boolean(10),
  },
)
export type CustomResourceDefinitionSpec = Infer<typeof CustomResourceDefinitionSpec>

export const CustomResourceDefinitionCondition = object(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionCondition',
  {
    type: string(1).required(),
    status: string(2).required(),
    lastTransitionTime: time(3).always(),
    reason: string(4),
    message: string(5),
    observedGeneration: int64(6),
  },
)
export type CustomResourceDefinitionCondition = Infer<typeof CustomResourceDefinitionCondition>

export const CustomResourceDefinitionStatus = object(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus',
  {
    conditions: list(1, CustomResourceDefinitionCondition).always().listType('map', 'type'),
    acceptedNames: ref(2, CustomResourceDefinitionNames).always(),
    storedVersions: list(3, 'string').always().listType('atomic'),
    observedGeneration: int64(4),
  },
)
export type CustomResourceDefinitionStatus = Infer<typeof CustomResourceDefinitionStatus>

export const CustomResourceDefinition = object(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  {
    ...typeMeta,
    metadata: ref(1, ObjectMeta).always(),
    spec: ref(2, CustomResourceDefinitionSpec).required(),
    status: ref(3, CustomResourceDefinitionStatus).always(),
  },
)
export type CustomResourceDefinition = Infer<typeof CustomResourceDefinition>

export const CustomResourceDefinitionList = listKind(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionList',
  CustomResourceDefinition,
)
export type CustomResourceDefinitionList = Infer<typeof CustomResourceDefinitionList>

export const customResourceDefinitions = resource({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  resource: 'customresourcedefinitions',
  schema: CustomResourceDefinition,
  listSchema: CustomResourceDefinitionList,
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  verbs: allVerbs,
  subresources: [statusSubresource],
  columns: [nameColumn, column('Created At', 'date', describedBy(ObjectMeta, 'creationTimestamp'))],
})
