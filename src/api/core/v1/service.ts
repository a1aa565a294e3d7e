import {
  boolean,
  type Infer,
  int32,
  intOrString,
  list,
  map,
  object,
  ref,
  string,
} from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { Condition } from '../../meta/v1/condition.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'

export const ClientIPConfig = object('io.k8s.api.core.v1.ClientIPConfig', {
  timeoutSeconds: int32(1).pointer(),
})
export type ClientIPConfig = Infer<typeof ClientIPConfig>

export const PortStatus = object('io.k8s.api.core.v1.PortStatus', {
  port: int32(1).required(),
  protocol: string(2).required().enum('SCTP', 'TCP', 'UDP'),
  error: string(3).pointer(),
})
export type PortStatus = Infer<typeof PortStatus>

export const LoadBalancerIngress = object('io.k8s.api.core.v1.LoadBalancerIngress', {
  ip: string(1),
  hostname: string(2),
  ipMode: string(3).pointer(),
  ports: list(4, PortStatus).listType('atomic'),
})
export type LoadBalancerIngress = Infer<typeof LoadBalancerIngress>

export const LoadBalancerStatus = object('io.k8s.api.core.v1.LoadBalancerStatus', {
  ingress: list(1, LoadBalancerIngress).listType('atomic'),
})
export type LoadBalancerStatus = Infer<typeof LoadBalancerStatus>

export const ServicePort = object('io.k8s.api.core.v1.ServicePort', {
  name: string(1),
  protocol: string(2).default('TCP').enum('SCTP', 'TCP', 'UDP'),
  appProtocol: string(6).pointer(),
  port: int32(3).required(),
  targetPort: intOrString(4).always(),
  nodePort: int32(5),
})
export type ServicePort = Infer<typeof ServicePort>

export const SessionAffinityConfig = object('io.k8s.api.core.v1.SessionAffinityConfig', {
  clientIP: ref(1, ClientIPConfig),
})
export type SessionAffinityConfig = Infer<typeof SessionAffinityConfig>

export const ServiceSpec = object('io.k8s.api.core.v1.ServiceSpec', {
  ports: list(1, ServicePort).listType('map', 'port', 'protocol').patchStrategy('merge').mergeKey('port'),
  selector: map(2, 'string').mapType('atomic'),
  clusterIP: string(3),
  clusterIPs: list(18, 'string').listType('atomic'),
  type: string(4).serverDefault('ClusterIP').enum('ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'),
  externalIPs: list(5, 'string').listType('atomic'),
  sessionAffinity: string(7).serverDefault('None').enum('ClientIP', 'None'),
  loadBalancerIP: string(8),
  loadBalancerSourceRanges: list(9, 'string').listType('atomic'),
  externalName: string(10),
  externalTrafficPolicy: string(11).enum('Cluster', 'Local'),
  healthCheckNodePort: int32(12),
  publishNotReadyAddresses: boolean(13),
  sessionAffinityConfig: ref(14, SessionAffinityConfig),
  ipFamilies: list(19, 'string').enum('', 'IPv4', 'IPv6').listType('atomic'),
  ipFamilyPolicy: string(17).pointer().enum('PreferDualStack', 'RequireDualStack', 'SingleStack'),
  allocateLoadBalancerNodePorts: boolean(20).pointer(),
  loadBalancerClass: string(21).pointer(),
  internalTrafficPolicy: string(22).pointer().enum('Cluster', 'Local'),
  trafficDistribution: string(23).pointer(),
})
export type ServiceSpec = Infer<typeof ServiceSpec>

export const ServiceStatus = object('io.k8s.api.core.v1.ServiceStatus', {
  loadBalancer: ref(1, LoadBalancerStatus).always(),
  conditions: list(2, Condition).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
})
export type ServiceStatus = Infer<typeof ServiceStatus>

export const Service = object('io.k8s.api.core.v1.Service', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, ServiceSpec).always(),
  status: ref(3, ServiceStatus).always(),
})
export type Service = Infer<typeof Service>

export const ServiceProxyOptions = object('io.k8s.api.core.v1.ServiceProxyOptions', {
  ...typeMeta,
  path: string(1),
})
export type ServiceProxyOptions = Infer<typeof ServiceProxyOptions>

export const ServiceList = listKind('io.k8s.api.core.v1.ServiceList', Service)
export type ServiceList = Infer<typeof ServiceList>

export const services = resource({
  group: '',
  version: 'v1',
  kind: 'Service',
  resource: 'services',
  schema: Service,
  listSchema: ServiceList,
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  verbs: allVerbs,
  returnsDeletedObject: true,
  subresources: [
    {
      name: 'proxy',
      kind: { group: '', version: 'v1', kind: 'ServiceProxyOptions' },
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
    },
    statusSubresource,
  ],
  columns: [
    nameColumn,
    column('Type', 'string', describedBy(ServiceSpec, 'type')),
    column('Cluster-IP', 'string', describedBy(ServiceSpec, 'clusterIP')),
    column('External-IP', 'string', describedBy(ServiceSpec, 'externalIPs')),
    column('Port(s)', 'string', describedBy(ServiceSpec, 'ports')),
    ageColumn,
    column('Selector', 'string', describedBy(ServiceSpec, 'selector'), { priority: 1 }),
  ],
  selectableFields: {
    'spec.clusterIP': service => service.spec.clusterIP ?? '',
    'spec.type': service => service.spec.type ?? '',
  },
})
