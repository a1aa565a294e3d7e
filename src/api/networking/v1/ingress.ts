import { type Infer, int32, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, nameColumn } from '../../column.ts'
import { TypedLocalObjectReference } from '../../core/v1/reference.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'

export const ServiceBackendPort = object(
  'io.k8s.api.networking.v1.ServiceBackendPort',
  {
    name: string(1),
    number: int32(2),
  },
  { atomic: true },
)
export type ServiceBackendPort = Infer<typeof ServiceBackendPort>

export const IngressServiceBackend = object('io.k8s.api.networking.v1.IngressServiceBackend', {
  name: string(1).required(),
  port: ref(2, ServiceBackendPort).always(),
})
export type IngressServiceBackend = Infer<typeof IngressServiceBackend>

export const IngressBackend = object('io.k8s.api.networking.v1.IngressBackend', {
  service: ref(4, IngressServiceBackend),
  resource: ref(3, TypedLocalObjectReference),
})
export type IngressBackend = Infer<typeof IngressBackend>

export const HTTPIngressPath = object('io.k8s.api.networking.v1.HTTPIngressPath', {
  path: string(1),
  pathType: string(3).pointer().requiredInOpenAPI().enum('Exact', 'ImplementationSpecific', 'Prefix'),
  backend: ref(2, IngressBackend).required(),
})
export type HTTPIngressPath = Infer<typeof HTTPIngressPath>

export const HTTPIngressRuleValue = object('io.k8s.api.networking.v1.HTTPIngressRuleValue', {
  paths: list(1, HTTPIngressPath).required().listType('atomic'),
})
export type HTTPIngressRuleValue = Infer<typeof HTTPIngressRuleValue>

export const IngressTLS = object('io.k8s.api.networking.v1.IngressTLS', {
  hosts: list(1, 'string').listType('atomic'),
  secretName: string(2),
})
export type IngressTLS = Infer<typeof IngressTLS>

export const IngressRuleValue = object('io.k8s.api.networking.v1.IngressRuleValue', {
  http: ref(1, HTTPIngressRuleValue),
})
export type IngressRuleValue = Infer<typeof IngressRuleValue>

export const IngressRule = object('io.k8s.api.networking.v1.IngressRule', {
  host: string(1),
  ingressRuleValue: ref(2, IngressRuleValue).always().inline(),
})
export type IngressRule = Infer<typeof IngressRule>

export const IngressSpec = object('io.k8s.api.networking.v1.IngressSpec', {
  ingressClassName: string(4).pointer(),
  defaultBackend: ref(1, IngressBackend),
  tls: list(2, IngressTLS).listType('atomic'),
  rules: list(3, IngressRule).listType('atomic'),
})
export type IngressSpec = Infer<typeof IngressSpec>

export const IngressPortStatus = object('io.k8s.api.networking.v1.IngressPortStatus', {
  port: int32(1).required(),
  protocol: string(2).required().enum('SCTP', 'TCP', 'UDP'),
  error: string(3).pointer(),
})
export type IngressPortStatus = Infer<typeof IngressPortStatus>

export const IngressLoadBalancerIngress = object('io.k8s.api.networking.v1.IngressLoadBalancerIngress', {
  ip: string(1),
  hostname: string(2),
  ports: list(4, IngressPortStatus).listType('atomic'),
})
export type IngressLoadBalancerIngress = Infer<typeof IngressLoadBalancerIngress>

export const IngressLoadBalancerStatus = object('io.k8s.api.networking.v1.IngressLoadBalancerStatus', {
  ingress: list(1, IngressLoadBalancerIngress).listType('atomic'),
})
export type IngressLoadBalancerStatus = Infer<typeof IngressLoadBalancerStatus>

export const IngressStatus = object('io.k8s.api.networking.v1.IngressStatus', {
  loadBalancer: ref(1, IngressLoadBalancerStatus).always(),
})
export type IngressStatus = Infer<typeof IngressStatus>

export const Ingress = object('io.k8s.api.networking.v1.Ingress', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, IngressSpec).always(),
  status: ref(3, IngressStatus).always(),
})
export type Ingress = Infer<typeof Ingress>

export const IngressList = listKind('io.k8s.api.networking.v1.IngressList', Ingress)
export type IngressList = Infer<typeof IngressList>

export const ingresses = resource({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  resource: 'ingresses',
  schema: Ingress,
  listSchema: IngressList,
  shortNames: ['ing'],
  namespaced: true,
  verbs: allVerbs,
  subresources: [statusSubresource],
  columns: [
    nameColumn,
    column('Class', 'string', 'The name of the IngressClass resource that should be used for additional configuration'),
    column('Hosts', 'string', 'Hosts that incoming requests are matched against before the ingress rule'),
    column('Address', 'string', 'Address is a list containing ingress points for the load-balancer'),
    column('Ports', 'string', 'Ports of TLS configurations that open'),
    ageColumn,
  ],
})
