// A Pod: what runs (spec), what became of it (status, container by container), and the template others make it from.

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
import { LabelSelector } from '../../meta/v1/labelselector.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'
import { Affinity } from './affinity.ts'
import {
  AppArmorProfile,
  Container,
  EphemeralContainer,
  ResourceRequirements,
  SELinuxOptions,
  SeccompProfile,
  WindowsSecurityContextOptions,
} from './container.ts'
import { LocalObjectReference } from './reference.ts'
import { signals } from './signal.ts'
import { Toleration } from './toleration.ts'
import { Volume } from './volume.ts'

export const ContainerExtendedResourceRequest = object('io.k8s.api.core.v1.ContainerExtendedResourceRequest', {
  containerName: string(1).required(),
  resourceName: string(2).required(),
  requestName: string(3).required(),
})
export type ContainerExtendedResourceRequest = Infer<typeof ContainerExtendedResourceRequest>

export const ContainerStateWaiting = object('io.k8s.api.core.v1.ContainerStateWaiting', {
  reason: string(1),
  message: string(2),
})
export type ContainerStateWaiting = Infer<typeof ContainerStateWaiting>

export const ContainerStateRunning = object('io.k8s.api.core.v1.ContainerStateRunning', {
  startedAt: time(1).always(),
})
export type ContainerStateRunning = Infer<typeof ContainerStateRunning>

export const ContainerStateTerminated = object('io.k8s.api.core.v1.ContainerStateTerminated', {
  exitCode: int32(1).required(),
  signal: int32(2),
  reason: string(3),
  message: string(4),
  startedAt: time(5).always(),
  finishedAt: time(6).always(),
  containerID: string(7),
})
export type ContainerStateTerminated = Infer<typeof ContainerStateTerminated>

export const ContainerState = object('io.k8s.api.core.v1.ContainerState', {
  waiting: ref(1, ContainerStateWaiting),
  running: ref(2, ContainerStateRunning),
  terminated: ref(3, ContainerStateTerminated),
})
export type ContainerState = Infer<typeof ContainerState>

export const ImageVolumeStatus = object('io.k8s.api.core.v1.ImageVolumeStatus', {
  imageRef: string(1).requiredInOpenAPI(),
})
export type ImageVolumeStatus = Infer<typeof ImageVolumeStatus>

export const VolumeStatus = object('io.k8s.api.core.v1.VolumeStatus', {
  image: ref(1, ImageVolumeStatus),
})
export type VolumeStatus = Infer<typeof VolumeStatus>

export const VolumeMountStatus = object('io.k8s.api.core.v1.VolumeMountStatus', {
  name: string(1).required(),
  mountPath: string(2).required(),
  readOnly: boolean(3),
  recursiveReadOnly: string(4).pointer(),
  volumeStatus: ref(5, VolumeStatus),
})
export type VolumeMountStatus = Infer<typeof VolumeMountStatus>

export const LinuxContainerUser = object('io.k8s.api.core.v1.LinuxContainerUser', {
  uid: int64(1).required(),
  gid: int64(2).required(),
  supplementalGroups: list(3, 'int64').listType('atomic'),
})
export type LinuxContainerUser = Infer<typeof LinuxContainerUser>

export const ContainerUser = object('io.k8s.api.core.v1.ContainerUser', {
  linux: ref(1, LinuxContainerUser),
})
export type ContainerUser = Infer<typeof ContainerUser>

export const ResourceHealth = object('io.k8s.api.core.v1.ResourceHealth', {
  resourceID: string(1).required(),
  health: string(2),
  message: string(6).pointer(),
})
export type ResourceHealth = Infer<typeof ResourceHealth>

export const ResourceStatus = object('io.k8s.api.core.v1.ResourceStatus', {
  name: string(1).required(),
  resources: list(2, ResourceHealth).listType('map', 'resourceID'),
})
export type ResourceStatus = Infer<typeof ResourceStatus>

export const ContainerStatus = object('io.k8s.api.core.v1.ContainerStatus', {
  name: string(1).required(),
  state: ref(2, ContainerState).always(),
  lastState: ref(3, ContainerState).always(),
  ready: boolean(4).required(),
  restartCount: int32(5).required(),
  image: string(6).required(),
  imageID: string(7).required(),
  containerID: string(8),
  started: boolean(9).pointer(),
  allocatedResources: map(10, 'quantity'),
  resources: ref(11, ResourceRequirements),
  volumeMounts: list(12, VolumeMountStatus).listType('map', 'mountPath').patchStrategy('merge').mergeKey('mountPath'),
  user: ref(13, ContainerUser),
  allocatedResourcesStatus: list(14, ResourceStatus).listType('map', 'name').patchStrategy('merge').mergeKey('name'),
  stopSignal: string(15)
    .pointer()
    .enum(...signals),
})
export type ContainerStatus = Infer<typeof ContainerStatus>

export const HostAlias = object('io.k8s.api.core.v1.HostAlias', {
  ip: string(1).required(),
  hostnames: list(2, 'string').listType('atomic'),
})
export type HostAlias = Infer<typeof HostAlias>

export const HostIP = object('io.k8s.api.core.v1.HostIP', {
  ip: string(1).required(),
})
export type HostIP = Infer<typeof HostIP>

export const NodeAllocatableResourceClaimStatus = object('io.k8s.api.core.v1.NodeAllocatableResourceClaimStatus', {
  resourceClaimName: string(1).required(),
  containers: list(2, 'string').listType('set'),
  resources: map(3, 'quantity').required(),
})
export type NodeAllocatableResourceClaimStatus = Infer<typeof NodeAllocatableResourceClaimStatus>

export const Sysctl = object('io.k8s.api.core.v1.Sysctl', {
  name: string(1).required(),
  value: string(2).required(),
})
export type Sysctl = Infer<typeof Sysctl>

export const PodSecurityContext = object('io.k8s.api.core.v1.PodSecurityContext', {
  seLinuxOptions: ref(1, SELinuxOptions),
  windowsOptions: ref(8, WindowsSecurityContextOptions),
  runAsUser: int64(2).pointer(),
  runAsGroup: int64(6).pointer(),
  runAsNonRoot: boolean(3).pointer(),
  supplementalGroups: list(4, 'int64').listType('atomic'),
  supplementalGroupsPolicy: string(12).pointer().enum('Merge', 'Strict'),
  fsGroup: int64(5).pointer(),
  sysctls: list(7, Sysctl).listType('atomic'),
  fsGroupChangePolicy: string(9).pointer().enum('Always', 'OnRootMismatch'),
  seccompProfile: ref(10, SeccompProfile),
  appArmorProfile: ref(11, AppArmorProfile),
  seLinuxChangePolicy: string(13).pointer(),
})
export type PodSecurityContext = Infer<typeof PodSecurityContext>

export const PodDNSConfigOption = object('io.k8s.api.core.v1.PodDNSConfigOption', {
  name: string(1),
  value: string(2).pointer(),
})
export type PodDNSConfigOption = Infer<typeof PodDNSConfigOption>

export const PodDNSConfig = object('io.k8s.api.core.v1.PodDNSConfig', {
  nameservers: list(1, 'string').listType('atomic'),
  searches: list(2, 'string').listType('atomic'),
  options: list(3, PodDNSConfigOption).listType('atomic'),
})
export type PodDNSConfig = Infer<typeof PodDNSConfig>

export const PodReadinessGate = object('io.k8s.api.core.v1.PodReadinessGate', {
  conditionType: string(1).required(),
})
export type PodReadinessGate = Infer<typeof PodReadinessGate>

export const TopologySpreadConstraint = object('io.k8s.api.core.v1.TopologySpreadConstraint', {
  maxSkew: int32(1).required(),
  topologyKey: string(2).required(),
  whenUnsatisfiable: string(3).required().enum('DoNotSchedule', 'ScheduleAnyway'),
  labelSelector: ref(4, LabelSelector),
  minDomains: int32(5).pointer(),
  nodeAffinityPolicy: string(6).pointer().enum('Honor', 'Ignore'),
  nodeTaintsPolicy: string(7).pointer().enum('Honor', 'Ignore'),
  matchLabelKeys: list(8, 'string').listType('atomic'),
})
export type TopologySpreadConstraint = Infer<typeof TopologySpreadConstraint>

export const PodOS = object('io.k8s.api.core.v1.PodOS', {
  name: string(1).required(),
})
export type PodOS = Infer<typeof PodOS>

export const PodSchedulingGate = object('io.k8s.api.core.v1.PodSchedulingGate', {
  name: string(1).required(),
})
export type PodSchedulingGate = Infer<typeof PodSchedulingGate>

export const PodResourceClaim = object('io.k8s.api.core.v1.PodResourceClaim', {
  name: string(1).required(),
  resourceClaimName: string(3).pointer(),
  resourceClaimTemplateName: string(4).pointer(),
})
export type PodResourceClaim = Infer<typeof PodResourceClaim>

export const PodSchedulingGroup = object(
  'io.k8s.api.core.v1.PodSchedulingGroup',
  {
    podGroupName: string(1).pointer(),
  },
  { unions: [{ fields: { podGroupName: 'PodGroupName' } }] },
)
export type PodSchedulingGroup = Infer<typeof PodSchedulingGroup>

export const PodSpec = object('io.k8s.api.core.v1.PodSpec', {
  volumes: list(1, Volume).listType('map', 'name').patchStrategy('merge', 'retainKeys').mergeKey('name'),
  initContainers: list(20, Container).listType('map', 'name').patchStrategy('merge').mergeKey('name'),
  containers: list(2, Container).required().listType('map', 'name').patchStrategy('merge').mergeKey('name'),
  ephemeralContainers: list(34, EphemeralContainer).listType('map', 'name').patchStrategy('merge').mergeKey('name'),
  restartPolicy: string(3).serverDefault('Always').enum('Always', 'Never', 'OnFailure'),
  terminationGracePeriodSeconds: int64(4).pointer().serverDefault(30),
  activeDeadlineSeconds: int64(5).pointer(),
  dnsPolicy: string(6).serverDefault('ClusterFirst').enum('ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'),
  nodeSelector: map(7, 'string').mapType('atomic'),
  serviceAccountName: string(8),
  serviceAccount: string(9),
  automountServiceAccountToken: boolean(21).pointer(),
  nodeName: string(10),
  hostNetwork: boolean(11),
  hostPID: boolean(12),
  hostIPC: boolean(13),
  shareProcessNamespace: boolean(27).pointer(),
  securityContext: ref(14, PodSecurityContext).serverDefault({}),
  imagePullSecrets: list(15, LocalObjectReference).listType('map', 'name').patchStrategy('merge').mergeKey('name'),
  hostname: string(16),
  subdomain: string(17),
  affinity: ref(18, Affinity),
  schedulerName: string(19).serverDefault('default-scheduler'),
  tolerations: list(22, Toleration).listType('atomic'),
  hostAliases: list(23, HostAlias).listType('map', 'ip').patchStrategy('merge').mergeKey('ip'),
  priorityClassName: string(24),
  priority: int32(25).pointer(),
  dnsConfig: ref(26, PodDNSConfig),
  readinessGates: list(28, PodReadinessGate).listType('atomic'),
  runtimeClassName: string(29).pointer(),
  enableServiceLinks: boolean(30).pointer(),
  preemptionPolicy: string(31).pointer().enum('Never', 'PreemptLowerPriority'),
  overhead: map(32, 'quantity'),
  topologySpreadConstraints: list(33, TopologySpreadConstraint)
    .listType('map', 'topologyKey', 'whenUnsatisfiable')
    .patchStrategy('merge')
    .mergeKey('topologyKey'),
  setHostnameAsFQDN: boolean(35).pointer(),
  os: ref(36, PodOS),
  hostUsers: boolean(37).pointer(),
  schedulingGates: list(38, PodSchedulingGate).listType('map', 'name').patchStrategy('merge').mergeKey('name'),
  resourceClaims: list(39, PodResourceClaim)
    .listType('map', 'name')
    .patchStrategy('merge', 'retainKeys')
    .mergeKey('name'),
  resources: ref(40, ResourceRequirements),
  hostnameOverride: string(41).pointer(),
  schedulingGroup: ref(43, PodSchedulingGroup),
})
export type PodSpec = Infer<typeof PodSpec>

export const PodCondition = object('io.k8s.api.core.v1.PodCondition', {
  type: string(1).required(),
  observedGeneration: int64(7),
  status: string(2).required(),
  lastProbeTime: time(3).always(),
  lastTransitionTime: time(4).always(),
  reason: string(5),
  message: string(6),
})
export type PodCondition = Infer<typeof PodCondition>

export const PodIP = object('io.k8s.api.core.v1.PodIP', {
  ip: string(1).required(),
})
export type PodIP = Infer<typeof PodIP>

export const PodResourceClaimStatus = object('io.k8s.api.core.v1.PodResourceClaimStatus', {
  name: string(1).required(),
  resourceClaimName: string(2).pointer(),
})
export type PodResourceClaimStatus = Infer<typeof PodResourceClaimStatus>

export const PodExtendedResourceClaimStatus = object('io.k8s.api.core.v1.PodExtendedResourceClaimStatus', {
  requestMappings: list(1, ContainerExtendedResourceRequest).required().listType('atomic'),
  resourceClaimName: string(2).required(),
})
export type PodExtendedResourceClaimStatus = Infer<typeof PodExtendedResourceClaimStatus>

export const PodStatus = object('io.k8s.api.core.v1.PodStatus', {
  observedGeneration: int64(17),
  phase: string(1).enum('Failed', 'Pending', 'Running', 'Succeeded', 'Unknown'),
  conditions: list(2, PodCondition).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
  message: string(3),
  reason: string(4),
  nominatedNodeName: string(11),
  hostIP: string(5),
  hostIPs: list(16, HostIP).listType('atomic').patchStrategy('merge').mergeKey('ip'),
  podIP: string(6),
  podIPs: list(12, PodIP).listType('map', 'ip').patchStrategy('merge').mergeKey('ip'),
  startTime: time(7).pointer(),
  initContainerStatuses: list(10, ContainerStatus).listType('atomic'),
  containerStatuses: list(8, ContainerStatus).listType('atomic'),
  qosClass: string(9).enum('BestEffort', 'Burstable', 'Guaranteed'),
  ephemeralContainerStatuses: list(13, ContainerStatus).listType('atomic'),
  resize: string(14),
  resourceClaimStatuses: list(15, PodResourceClaimStatus)
    .listType('map', 'name')
    .patchStrategy('merge', 'retainKeys')
    .mergeKey('name'),
  extendedResourceClaimStatus: ref(18, PodExtendedResourceClaimStatus),
  allocatedResources: map(19, 'quantity'),
  resources: ref(20, ResourceRequirements),
  nodeAllocatableResourceClaimStatuses: list(21, NodeAllocatableResourceClaimStatus).listType('atomic'),
})
export type PodStatus = Infer<typeof PodStatus>

export const Pod = object('io.k8s.api.core.v1.Pod', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, PodSpec).always(),
  status: ref(3, PodStatus).always(),
})
export type Pod = Infer<typeof Pod>

export const PodTemplateSpec = object('io.k8s.api.core.v1.PodTemplateSpec', {
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, PodSpec).always(),
})
export type PodTemplateSpec = Infer<typeof PodTemplateSpec>

export const PodTemplate = object('io.k8s.api.core.v1.PodTemplate', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  template: ref(2, PodTemplateSpec).always(),
})
export type PodTemplate = Infer<typeof PodTemplate>

export const PodStatusResult = object('io.k8s.api.core.v1.PodStatusResult', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  status: ref(2, PodStatus).always(),
})
export type PodStatusResult = Infer<typeof PodStatusResult>

export const PodList = listKind('io.k8s.api.core.v1.PodList', Pod)
export type PodList = Infer<typeof PodList>

export const PodTemplateList = listKind('io.k8s.api.core.v1.PodTemplateList', PodTemplate)
export type PodTemplateList = Infer<typeof PodTemplateList>

export const pods = resource({
  group: '',
  version: 'v1',
  kind: 'Pod',
  resource: 'pods',
  schema: Pod,
  listSchema: PodList,
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  verbs: allVerbs,
  returnsDeletedObject: true,
  subresources: [
    { name: 'attach', kind: { group: '', version: 'v1', kind: 'PodAttachOptions' }, verbs: ['create', 'get'] },
    { name: 'binding', kind: { group: '', version: 'v1', kind: 'Binding' }, verbs: ['create'] },
    { name: 'ephemeralcontainers', verbs: ['get', 'patch', 'update'] },
    { name: 'eviction', kind: { group: 'policy', version: 'v1', kind: 'Eviction' }, verbs: ['create'] },
    { name: 'exec', kind: { group: '', version: 'v1', kind: 'PodExecOptions' }, verbs: ['create', 'get'] },
    { name: 'log', verbs: ['get'] },
    {
      name: 'portforward',
      kind: { group: '', version: 'v1', kind: 'PodPortForwardOptions' },
      verbs: ['create', 'get'],
    },
    {
      name: 'proxy',
      kind: { group: '', version: 'v1', kind: 'PodProxyOptions' },
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
    },
    { name: 'resize', verbs: ['get', 'patch', 'update'] },
    statusSubresource,
  ],
  columns: [
    nameColumn,
    column('Ready', 'string', 'The aggregate readiness state of this pod for accepting traffic.'),
    column('Status', 'string', 'The aggregate status of the containers in this pod.'),
    column(
      'Restarts',
      'string',
      'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
    ),
    ageColumn,
    column('IP', 'string', describedBy(PodStatus, 'podIP'), { priority: 1 }),
    column('Node', 'string', describedBy(PodSpec, 'nodeName'), { priority: 1 }),
    column('Nominated Node', 'string', describedBy(PodStatus, 'nominatedNodeName'), { priority: 1 }),
    column('Readiness Gates', 'string', describedBy(PodSpec, 'readinessGates'), { priority: 1 }),
  ],
  selectableFields: {
    'spec.nodeName': pod => pod.spec.nodeName ?? '',
    'spec.host': pod => pod.spec.nodeName ?? '',
    'spec.restartPolicy': pod => pod.spec.restartPolicy ?? '',
    'spec.schedulerName': pod => pod.spec.schedulerName ?? '',
    'spec.serviceAccountName': pod => pod.spec.serviceAccountName ?? '',
    'spec.hostNetwork': pod => String(pod.spec.hostNetwork ?? false),
    'status.phase': pod => pod.status.phase ?? '',
    'status.podIP': pod => pod.status.podIPs?.[0]?.ip ?? pod.status.podIP ?? '',
    'status.podIPs': () => '',
    'status.nominatedNodeName': pod => pod.status.nominatedNodeName ?? '',
  },
})

export const podTemplates = resource({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  resource: 'podtemplates',
  schema: PodTemplate,
  listSchema: PodTemplateList,
  namespaced: true,
  verbs: allVerbs,
  returnsDeletedObject: true,
  columns: [
    nameColumn,
    column('Containers', 'string', 'Names of each container in the template.'),
    column('Images', 'string', 'Images referenced by each container in the template.'),
    column('Pod Labels', 'string', 'The labels for the pod template.'),
  ],
})
