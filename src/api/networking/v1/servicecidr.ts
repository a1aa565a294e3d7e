import { type Infer, list, object, ref } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { Condition } from '../../meta/v1/condition.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'

export const ServiceCIDRSpec = object('io.k8s.api.networking.v1.ServiceCIDRSpec', {
  cidrs: list(1, 'string').listType('atomic'),
})
export type ServiceCIDRSpec = Infer<typeof ServiceCIDRSpec>

export const ServiceCIDRStatus = object('io.k8s.api.networking.v1.ServiceCIDRStatus', {
  conditions: list(1, Condition).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
})
export type ServiceCIDRStatus = Infer<typeof ServiceCIDRStatus>

export const ServiceCIDR = object('io.k8s.api.networking.v1.ServiceCIDR', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, ServiceCIDRSpec).always(),
  status: ref(3, ServiceCIDRStatus).always(),
})
export type ServiceCIDR = Infer<typeof ServiceCIDR>

export const ServiceCIDRList = listKind('io.k8s.api.networking.v1.ServiceCIDRList', ServiceCIDR)
export type ServiceCIDRList = Infer<typeof ServiceCIDRList>

export const serviceCIDRs = resource({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  resource: 'servicecidrs',
  schema: ServiceCIDR,
  listSchema: ServiceCIDRList,
  namespaced: false,
  verbs: allVerbs,
  subresources: [statusSubresource],
  columns: [nameColumn, column('CIDRs', 'string', describedBy(ServiceCIDRSpec, 'cidrs')), ageColumn],
})
