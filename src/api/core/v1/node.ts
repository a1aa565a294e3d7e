import {
  boolean,
  type Infer,
  int32,
  int64,
  list,
  map,
  object,
  ref,
  string,
  time,
} from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'
import { Taint } from './toleration.ts'

export const AttachedVolume = object('io.k8s.api.core.v1.AttachedVolume', {
  name: string(1).required(),
  devicePath: string(2).required(),
})
export type AttachedVolume = Infer<typeof AttachedVolume>

export const ConfigMapNodeConfigSource = object('io.k8s.api.core.v1.ConfigMapNodeConfigSource', {
  namespace: string(1).required(),
  name: string(2).required(),
  uid: string(3),
  resourceVersion: string(4),
  kubeletConfigKey: string(5).required(),
})
export type ConfigMapNodeConfigSource = Infer<typeof ConfigMapNodeConfigSource>

export const ContainerImage = object('io.k8s.api.core.v1.ContainerImage', {
  names: list(1, 'string').always().listType('atomic'),
  sizeBytes: int64(2),
})
export type ContainerImage = Infer<typeof ContainerImage>

export const DaemonEndpoint = object('io.k8s.api.core.v1.DaemonEndpoint', {
  Port: int32(1).required(),
})
export type DaemonEndpoint = Infer<typeof DaemonEndpoint>

export const NodeConfigSource = object('io.k8s.api.core.v1.NodeConfigSource', {
  configMap: ref(2, ConfigMapNodeConfigSource),
})
export type NodeConfigSource = Infer<typeof NodeConfigSource>

export const NodeSpec = object('io.k8s.api.core.v1.NodeSpec', {
  podCIDR: string(1),
  podCIDRs: list(7, 'string').listType('set').patchStrategy('merge'),
  providerID: string(3),
  unschedulable: boolean(4),
  taints: list(5, Taint).listType('atomic'),
  configSource: ref(6, NodeConfigSource),
  externalID: string(2),
})
export type NodeSpec = Infer<typeof NodeSpec>

export const NodeCondition = object('io.k8s.api.core.v1.NodeCondition', {
  type: string(1).required(),
  status: string(2).required(),
  lastHeartbeatTime: time(3).always(),
  lastTransitionTime: time(4).always(),
  reason: string(5),
  message: string(6),
})
export type NodeCondition = Infer<typeof NodeCondition>

export const NodeAddress = object('io.k8s.api.core.v1.NodeAddress', {
  type: string(1).required(),
  address: string(2).required(),
})
export type NodeAddress = Infer<typeof NodeAddress>

export const NodeDaemonEndpoints = object('io.k8s.api.core.v1.NodeDaemonEndpoints', {
  kubeletEndpoint: ref(1, DaemonEndpoint).always(),
})
export type NodeDaemonEndpoints = Infer<typeof NodeDaemonEndpoints>

export const NodeSwapStatus = object('io.k8s.api.core.v1.NodeSwapStatus', {
  capacity: int64(1).pointer(),
})
export type NodeSwapStatus = Infer<typeof NodeSwapStatus>

export const NodeSystemInfo = object('io.k8s.api.core.v1.NodeSystemInfo', {
  machineID: string(1).required(),
  systemUUID: string(2).required(),
  bootID: string(3).required(),
  kernelVersion: string(4).required(),
  osImage: string(5).required(),
  containerRuntimeVersion: string(6).required(),
  kubeletVersion: string(7).required(),
  kubeProxyVersion: string(8).required(),
  operatingSystem: string(9).required(),
  architecture: string(10).required(),
  swap: ref(11, NodeSwapStatus),
})
export type NodeSystemInfo = Infer<typeof NodeSystemInfo>

export const NodeConfigStatus = object('io.k8s.api.core.v1.NodeConfigStatus', {
  assigned: ref(1, NodeConfigSource),
  active: ref(2, NodeConfigSource),
  lastKnownGood: ref(3, NodeConfigSource),
  error: string(4),
})
export type NodeConfigStatus = Infer<typeof NodeConfigStatus>

export const NodeRuntimeHandlerFeatures = object('io.k8s.api.core.v1.NodeRuntimeHandlerFeatures', {
  recursiveReadOnlyMounts: boolean(1).pointer(),
  userNamespaces: boolean(2).pointer(),
})
export type NodeRuntimeHandlerFeatures = Infer<typeof NodeRuntimeHandlerFeatures>

export const NodeRuntimeHandler = object('io.k8s.api.core.v1.NodeRuntimeHandler', {
  name: string(1).always(),
  features: ref(2, NodeRuntimeHandlerFeatures),
})
export type NodeRuntimeHandler = Infer<typeof NodeRuntimeHandler>

export const NodeFeatures = object('io.k8s.api.core.v1.NodeFeatures', {
  supplementalGroupsPolicy: boolean(1).pointer(),
})
export type NodeFeatures = Infer<typeof NodeFeatures>

export const NodeStatus = object('io.k8s.api.core.v1.NodeStatus', {
  capacity: map(1, 'quantity'),
  allocatable: map(2, 'quantity'),
  phase: string(3).enum('Pending', 'Running', 'Terminated'),
  conditions: list(4, NodeCondition).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
  addresses: list(5, NodeAddress).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
  daemonEndpoints: ref(6, NodeDaemonEndpoints).always(),
  nodeInfo: ref(7, NodeSystemInfo).always(),
  images: list(8, ContainerImage).listType('atomic'),
  volumesInUse: list(9, 'string').listType('atomic'),
  volumesAttached: list(10, AttachedVolume).listType('atomic'),
  config: ref(11, NodeConfigStatus),
  runtimeHandlers: list(12, NodeRuntimeHandler).listType('atomic'),
  features: ref(13, NodeFeatures),
  declaredFeatures: list(14, 'string').listType('atomic'),
})
export type NodeStatus = Infer<typeof NodeStatus>

export const Node = object('io.k8s.api.core.v1.Node', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, NodeSpec).always(),
  status: ref(3, NodeStatus).always(),
})
export type Node = Infer<typeof Node>

export const NodeProxyOptions = object('io.k8s.api.core.v1.NodeProxyOptions', {
  ...typeMeta,
  path: string(1),
})
export type NodeProxyOptions = Infer<typeof NodeProxyOptions>

export const NodeList = listKind('io.k8s.api.core.v1.NodeList', Node)
export type NodeList = Infer<typeof NodeList>

export const nodes = resource({
  group: '',
  version: 'v1',
  kind: 'Node',
  resource: 'nodes',
  schema: Node,
  listSchema: NodeList,
  shortNames: ['no'],
  namespaced: false,
  verbs: allVerbs,
  subresources: [
    {
      name: 'proxy',
      kind: { group: '', version: 'v1', kind: 'NodeProxyOptions' },
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
    },
    statusSubresource,
  ],
  columns: [
    nameColumn,
    column('Status', 'string', 'The status of the node'),
    column('Roles', 'string', 'The roles of the node'),
    ageColumn,
    column('Version', 'string', describedBy(NodeSystemInfo, 'kubeletVersion')),
    column('Internal-IP', 'string', describedBy(NodeStatus, 'addresses'), { priority: 1 }),
    column('External-IP', 'string', describedBy(NodeStatus, 'addresses'), { priority: 1 }),
    column('OS-Image', 'string', describedBy(NodeSystemInfo, 'osImage'), { priority: 1 }),
    column('Kernel-Version', 'string', describedBy(NodeSystemInfo, 'kernelVersion'), { priority: 1 }),
    column('Container-Runtime', 'string', describedBy(NodeSystemInfo, 'containerRuntimeVersion'), { priority: 1 }),
  ],
  selectableFields: { 'spec.unschedulable': node => String(node.spec.unschedulable ?? false) },
})
