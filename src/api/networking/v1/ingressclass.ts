import { type Infer, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const IngressClassParametersReference = object('io.k8s.api.networking.v1.IngressClassParametersReference', {
  apiGroup: string(1).pointer().protobufName('aPIGroup'),
  kind: string(2).required(),
  name: string(3).required(),
  scope: string(4).pointer().serverDefault('Cluster'),
  namespace: string(5).pointer(),
})
export type IngressClassParametersReference = Infer<typeof IngressClassParametersReference>

export const IngressClassSpec = object('io.k8s.api.networking.v1.IngressClassSpec', {
  controller: string(1),
  parameters: ref(2, IngressClassParametersReference),
})
export type IngressClassSpec = Infer<typeof IngressClassSpec>

export const IngressClass = object('io.k8s.api.networking.v1.IngressClass', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, IngressClassSpec).always(),
})
export type IngressClass = Infer<typeof IngressClass>

export const IngressClassList = listKind('io.k8s.api.networking.v1.IngressClassList', IngressClass)
export type IngressClassList = Infer<typeof IngressClassList>

export const ingressClasses = resource({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  resource: 'ingressclasses',
  schema: IngressClass,
  listSchema: IngressClassList,
  namespaced: false,
  verbs: allVerbs,
  columns: [
    nameColumn,
    column('Controller', 'string', 'Controller that is responsible for handling this class'),
    column('Parameters', 'string', 'A reference to a resource with additional parameters'),
    ageColumn,
  ],
})
