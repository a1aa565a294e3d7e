import { type Infer, int32, intOrString, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { LabelSelector } from '../../meta/v1/labelselector.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const IPBlock = object('io.k8s.api.networking.v1.IPBlock', {
  cidr: string(1).required(),
  except: list(2, 'string').listType('atomic'),
})
export type IPBlock = Infer<typeof IPBlock>

export const NetworkPolicyPort = object('io.k8s.api.networking.v1.NetworkPolicyPort', {
  protocol: string(1).pointer().serverDefault('TCP').enum('SCTP', 'TCP', 'UDP'),
  port: intOrString(2).pointer(),
  endPort: int32(3).pointer(),
})
export type NetworkPolicyPort = Infer<typeof NetworkPolicyPort>

export const NetworkPolicyPeer = object('io.k8s.api.networking.v1.NetworkPolicyPeer', {
  podSelector: ref(1, LabelSelector),
  namespaceSelector: ref(2, LabelSelector),
  ipBlock: ref(3, IPBlock),
})
export type NetworkPolicyPeer = Infer<typeof NetworkPolicyPeer>

export const NetworkPolicyIngressRule = object('io.k8s.api.networking.v1.NetworkPolicyIngressRule', {
  ports: list(1, NetworkPolicyPort).listType('atomic'),
  from: list(2, NetworkPolicyPeer).listType('atomic'),
})
export type NetworkPolicyIngressRule = Infer<typeof NetworkPolicyIngressRule>

export const NetworkPolicyEgressRule = object('io.k8s.api.networking.v1.NetworkPolicyEgressRule', {
  ports: list(1, NetworkPolicyPort).listType('atomic'),
  to: list(2, NetworkPolicyPeer).listType('atomic'),
})
export type NetworkPolicyEgressRule = Infer<typeof NetworkPolicyEgressRule>

export const NetworkPolicySpec = object('io.k8s.api.networking.v1.NetworkPolicySpec', {
  podSelector: ref(1, LabelSelector).always(),
  ingress: list(2, NetworkPolicyIngressRule).listType('atomic'),
  egress: list(3, NetworkPolicyEgressRule).listType('atomic'),
  policyTypes: list(4, 'string').enum('Egress', 'Ingress').listType('atomic'),
})
export type NetworkPolicySpec = Infer<typeof NetworkPolicySpec>

export const NetworkPolicy = object('io.k8s.api.networking.v1.NetworkPolicy', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, NetworkPolicySpec).always(),
})
export type NetworkPolicy = Infer<typeof NetworkPolicy>

export const NetworkPolicyList = listKind('io.k8s.api.networking.v1.NetworkPolicyList', NetworkPolicy)
export type NetworkPolicyList = Infer<typeof NetworkPolicyList>

export const networkPolicies = resource({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  resource: 'networkpolicies',
  schema: NetworkPolicy,
  listSchema: NetworkPolicyList,
  shortNames: ['netpol'],
  namespaced: true,
  verbs: allVerbs,
  columns: [nameColumn, column('Pod-Selector', 'string', describedBy(NetworkPolicySpec, 'podSelector')), ageColumn],
})
