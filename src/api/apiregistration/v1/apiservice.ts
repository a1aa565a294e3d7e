import { boolean, bytes, type Infer, int32, list, object, ref, string, time } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'

export const ServiceReference = object('io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference', {
  namespace: string(1),
  name: string(2),
  port: int32(3).pointer().serverDefault(443),
})
export type ServiceReference = Infer<typeof ServiceReference>

export const APIServiceSpec = object('io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceSpec', {
  service: ref(1, ServiceReference),
  group: string(2),
  version: string(3),
  insecureSkipTLSVerify: boolean(4),
  caBundle: bytes(5).listType('atomic'),
  groupPriorityMinimum: int32(7).required(),
  versionPriority: int32(8).required(),
})
export type APIServiceSpec = Infer<typeof APIServiceSpec>

export const APIServiceCondition = object('io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceCondition', {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(3).always(),
  reason: string(4),
  message: string(5),
})
export type APIServiceCondition = Infer<typeof APIServiceCondition>

export const APIServiceStatus = object('io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceStatus', {
  conditions: list(1, APIServiceCondition).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
})
export type APIServiceStatus = Infer<typeof APIServiceStatus>

export const APIService = object('io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, APIServiceSpec).always(),
  status: ref(3, APIServiceStatus).always(),
})
export type APIService = Infer<typeof APIService>

export const APIServiceList = listKind('io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceList', APIService)
export type APIServiceList = Infer<typeof APIServiceList>

export const apiServices = resource({
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  resource: 'apiservices',
  schema: APIService,
  listSchema: APIServiceList,
  categories: ['api-extensions'],
  namespaced: false,
  verbs: allVerbs,
  subresources: [statusSubresource],
  columns: [
    nameColumn,
    column('Service', 'string', 'The reference to the service that hosts this API endpoint.'),
    column('Available', 'string', 'Whether this service is available.'),
    ageColumn,
  ],
})
