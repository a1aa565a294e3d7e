// A container as it is asked for: image, ports, environment, probes, lifecycle hooks, resources, security context.

import {
  boolean,
  type Infer,
  int32,
  int64,
  intOrString,
  list,
  map,
  object,
  quantity,
  ref,
  string,
} from '../../../machinery/schema/schema.ts'
import { LocalObjectReference } from './reference.ts'
import { signals } from './signal.ts'

export const AppArmorProfile = object(
  'io.k8s.api.core.v1.AppArmorProfile',
  {
    type: string(1).required().enum('Localhost', 'RuntimeDefault', 'Unconfined'),
    localhostProfile: string(2).pointer(),
  },
  { unions: [{ discriminator: 'type', fields: { localhostProfile: 'LocalhostProfile' } }] },
)
export type AppArmorProfile = Infer<typeof AppArmorProfile>

export const Capabilities = object('io.k8s.api.core.v1.Capabilities', {
  add: list(1, 'string').listType('atomic'),
  drop: list(2, 'string').listType('atomic'),
})
export type Capabilities = Infer<typeof Capabilities>

export const ConfigMapEnvSource = object('io.k8s.api.core.v1.ConfigMapEnvSource', {
  localObjectReference: ref(1, LocalObjectReference).always().inline(),
  optional: boolean(2).pointer(),
})
export type ConfigMapEnvSource = Infer<typeof ConfigMapEnvSource>

export const ConfigMapKeySelector = object(
  'io.k8s.api.core.v1.ConfigMapKeySelector',
  {
    localObjectReference: ref(1, LocalObjectReference).always().inline(),
    key: string(2).required(),
    optional: boolean(3).pointer(),
  },
  { atomic: true },
)
export type ConfigMapKeySelector = Infer<typeof ConfigMapKeySelector>

export const ContainerPort = object('io.k8s.api.core.v1.ContainerPort', {
  name: string(1),
  hostPort: int32(2),
  containerPort: int32(3).required(),
  protocol: string(4).default('TCP').enum('SCTP', 'TCP', 'UDP'),
  hostIP: string(5),
})
export type ContainerPort = Infer<typeof ContainerPort>

export const SecretEnvSource = object('io.k8s.api.core.v1.SecretEnvSource', {
  localObjectReference: ref(1, LocalObjectReference).always().inline(),
  optional: boolean(2).pointer(),
})
export type SecretEnvSource = Infer<typeof SecretEnvSource>

export const EnvFromSource = object('io.k8s.api.core.v1.EnvFromSource', {
  prefix: string(1),
  configMapRef: ref(2, ConfigMapEnvSource),
  secretRef: ref(3, SecretEnvSource),
})
export type EnvFromSource = Infer<typeof EnvFromSource>

export const ObjectFieldSelector = object(
  'io.k8s.api.core.v1.ObjectFieldSelector',
  {
    apiVersion: string(1).serverDefault('v1'),
    fieldPath: string(2).required(),
  },
  { atomic: true },
)
export type ObjectFieldSelector = Infer<typeof ObjectFieldSelector>

export const ResourceFieldSelector = object(
  'io.k8s.api.core.v1.ResourceFieldSelector',
  {
    containerName: string(1),
    resource: string(2).required(),
    divisor: quantity(3).always(),
  },
  { atomic: true },
)
export type ResourceFieldSelector = Infer<typeof ResourceFieldSelector>

export const SecretKeySelector = object(
  'io.k8s.api.core.v1.SecretKeySelector',
  {
    localObjectReference: ref(1, LocalObjectReference).always().inline(),
    key: string(2).required(),
    optional: boolean(3).pointer(),
  },
  { atomic: true },
)
export type SecretKeySelector = Infer<typeof SecretKeySelector>

export const FileKeySelector = object(
  'io.k8s.api.core.v1.FileKeySelector',
  {
    volumeName: string(1).required(),
    path: string(2).required(),
    key: string(3).required(),
    optional: boolean(4).pointer().default(false),
  },
  { atomic: true },
)
export type FileKeySelector = Infer<typeof FileKeySelector>

export const EnvVarSource = object('io.k8s.api.core.v1.EnvVarSource', {
  fieldRef: ref(1, ObjectFieldSelector),
  resourceFieldRef: ref(2, ResourceFieldSelector),
  configMapKeyRef: ref(3, ConfigMapKeySelector),
  secretKeyRef: ref(4, SecretKeySelector),
  fileKeyRef: ref(5, FileKeySelector),
})
export type EnvVarSource = Infer<typeof EnvVarSource>

export const EnvVar = object('io.k8s.api.core.v1.EnvVar', {
  name: string(1).required(),
  value: string(2),
  valueFrom: ref(3, EnvVarSource),
})
export type EnvVar = Infer<typeof EnvVar>

export const ResourceClaim = object('io.k8s.api.core.v1.ResourceClaim', {
  name: string(1).required(),
  request: string(2),
})
export type ResourceClaim = Infer<typeof ResourceClaim>

export const ResourceRequirements = object('io.k8s.api.core.v1.ResourceRequirements', {
  limits: map(1, 'quantity'),
  requests: map(2, 'quantity'),
  claims: list(3, ResourceClaim).listType('map', 'name'),
})
export type ResourceRequirements = Infer<typeof ResourceRequirements>

export const ContainerResizePolicy = object('io.k8s.api.core.v1.ContainerResizePolicy', {
  resourceName: string(1).required(),
  restartPolicy: string(2).required(),
})
export type ContainerResizePolicy = Infer<typeof ContainerResizePolicy>

export const ContainerRestartRuleOnExitCodes = object('io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes', {
  operator: string(1).requiredInOpenAPI(),
  values: list(2, 'int32').listType('set'),
})
export type ContainerRestartRuleOnExitCodes = Infer<typeof ContainerRestartRuleOnExitCodes>

export const ContainerRestartRule = object('io.k8s.api.core.v1.ContainerRestartRule', {
  action: string(1).requiredInOpenAPI(),
  exitCodes: ref(2, ContainerRestartRuleOnExitCodes),
})
export type ContainerRestartRule = Infer<typeof ContainerRestartRule>

export const VolumeMount = object('io.k8s.api.core.v1.VolumeMount', {
  name: string(1).required(),
  readOnly: boolean(2),
  recursiveReadOnly: string(7).pointer(),
  mountPath: string(3).required(),
  subPath: string(4),
  mountPropagation: string(5).pointer().enum('Bidirectional', 'HostToContainer', 'None'),
  subPathExpr: string(6),
})
export type VolumeMount = Infer<typeof VolumeMount>

export const VolumeDevice = object('io.k8s.api.core.v1.VolumeDevice', {
  name: string(1).required(),
  devicePath: string(2).required(),
})
export type VolumeDevice = Infer<typeof VolumeDevice>

export const ExecAction = object('io.k8s.api.core.v1.ExecAction', {
  command: list(1, 'string').listType('atomic'),
})
export type ExecAction = Infer<typeof ExecAction>

export const HTTPHeader = object('io.k8s.api.core.v1.HTTPHeader', {
  name: string(1).required(),
  value: string(2).required(),
})
export type HTTPHeader = Infer<typeof HTTPHeader>

export const HTTPGetAction = object('io.k8s.api.core.v1.HTTPGetAction', {
  path: string(1).serverDefault('/'),
  port: intOrString(2).required(),
  host: string(3),
  scheme: string(4).serverDefault('HTTP').enum('HTTP', 'HTTPS'),
  httpHeaders: list(5, HTTPHeader).listType('atomic'),
})
export type HTTPGetAction = Infer<typeof HTTPGetAction>

export const TCPSocketAction = object('io.k8s.api.core.v1.TCPSocketAction', {
  port: intOrString(1).required(),
  host: string(2),
})
export type TCPSocketAction = Infer<typeof TCPSocketAction>

export const GRPCAction = object('io.k8s.api.core.v1.GRPCAction', {
  port: int32(1).required(),
  service: string(2).pointer().default(''),
})
export type GRPCAction = Infer<typeof GRPCAction>

export const ProbeHandler = object('io.k8s.api.core.v1.ProbeHandler', {
  exec: ref(1, ExecAction),
  httpGet: ref(2, HTTPGetAction),
  tcpSocket: ref(3, TCPSocketAction),
  grpc: ref(4, GRPCAction),
})
export type ProbeHandler = Infer<typeof ProbeHandler>

export const Probe = object('io.k8s.api.core.v1.Probe', {
  handler: ref(1, ProbeHandler).always().inline(),
  initialDelaySeconds: int32(2),
  timeoutSeconds: int32(3).serverDefault(1),
  periodSeconds: int32(4).serverDefault(10),
  successThreshold: int32(5).serverDefault(1),
  failureThreshold: int32(6).serverDefault(3),
  terminationGracePeriodSeconds: int64(7).pointer(),
})
export type Probe = Infer<typeof Probe>

export const SleepAction = object('io.k8s.api.core.v1.SleepAction', {
  seconds: int64(1).required(),
})
export type SleepAction = Infer<typeof SleepAction>

export const LifecycleHandler = object('io.k8s.api.core.v1.LifecycleHandler', {
  exec: ref(1, ExecAction),
  httpGet: ref(2, HTTPGetAction),
  tcpSocket: ref(3, TCPSocketAction),
  sleep: ref(4, SleepAction),
})
export type LifecycleHandler = Infer<typeof LifecycleHandler>

export const Lifecycle = object('io.k8s.api.core.v1.Lifecycle', {
  postStart: ref(1, LifecycleHandler),
  preStop: ref(2, LifecycleHandler),
  stopSignal: string(3)
    .pointer()
    .enum(...signals),
})
export type Lifecycle = Infer<typeof Lifecycle>

export const SELinuxOptions = object('io.k8s.api.core.v1.SELinuxOptions', {
  user: string(1),
  role: string(2),
  type: string(3),
  level: string(4),
})
export type SELinuxOptions = Infer<typeof SELinuxOptions>

export const WindowsSecurityContextOptions = object('io.k8s.api.core.v1.WindowsSecurityContextOptions', {
  gmsaCredentialSpecName: string(1).pointer(),
  gmsaCredentialSpec: string(2).pointer(),
  runAsUserName: string(3).pointer(),
  hostProcess: boolean(4).pointer(),
})
export type WindowsSecurityContextOptions = Infer<typeof WindowsSecurityContextOptions>

export const SeccompProfile = object(
  'io.k8s.api.core.v1.SeccompProfile',
  {
    type: string(1).required().enum('Localhost', 'RuntimeDefault', 'Unconfined'),
    localhostProfile: string(2).pointer(),
  },
  { unions: [{ discriminator: 'type', fields: { localhostProfile: 'LocalhostProfile' } }] },
)
export type SeccompProfile = Infer<typeof SeccompProfile>

export const SecurityContext = object('io.k8s.api.core.v1.SecurityContext', {
  capabilities: ref(1, Capabilities),
  privileged: boolean(2).pointer(),
  seLinuxOptions: ref(3, SELinuxOptions),
  windowsOptions: ref(10, WindowsSecurityContextOptions),
  runAsUser: int64(4).pointer(),
  runAsGroup: int64(8).pointer(),
  runAsNonRoot: boolean(5).pointer(),
  readOnlyRootFilesystem: boolean(6).pointer(),
  allowPrivilegeEscalation: boolean(7).pointer(),
  procMount: string(9).pointer().enum('Default', 'Unmasked'),
  seccompProfile: ref(11, SeccompProfile),
  appArmorProfile: ref(12, AppArmorProfile),
})
export type SecurityContext = Infer<typeof SecurityContext>

export const Container = object('io.k8s.api.core.v1.Container', {
  name: string(1).required(),
  image: string(2),
  command: list(3, 'string').listType('atomic'),
  args: list(4, 'string').listType('atomic'),
  workingDir: string(5),
  ports: list(6, ContainerPort)
    .listType('map', 'containerPort', 'protocol')
    .patchStrategy('merge')
    .mergeKey('containerPort'),
  envFrom: list(19, EnvFromSource).listType('atomic'),
  env: list(7, EnvVar).listType('map', 'name').patchStrategy('merge').mergeKey('name'),
  resources: ref(8, ResourceRequirements).always(),
  resizePolicy: list(23, ContainerResizePolicy).listType('atomic'),
  restartPolicy: string(24).pointer(),
  restartPolicyRules: list(25, ContainerRestartRule).listType('atomic'),
  volumeMounts: list(9, VolumeMount).listType('map', 'mountPath').patchStrategy('merge').mergeKey('mountPath'),
  volumeDevices: list(21, VolumeDevice).listType('map', 'devicePath').patchStrategy('merge').mergeKey('devicePath'),
  livenessProbe: ref(10, Probe),
  readinessProbe: ref(11, Probe),
  startupProbe: ref(22, Probe),
  lifecycle: ref(12, Lifecycle),
  terminationMessagePath: string(13).serverDefault('/dev/termination-log'),
  terminationMessagePolicy: string(20).serverDefault('File').enum('FallbackToLogsOnError', 'File'),
  imagePullPolicy: string(14).enum('Always', 'IfNotPresent', 'Never'),
  securityContext: ref(15, SecurityContext),
  stdin: boolean(16),
  stdinOnce: boolean(17),
  tty: boolean(18),
})
export type Container = Infer<typeof Container>

export const EphemeralContainerCommon = object('io.k8s.api.core.v1.EphemeralContainerCommon', {
  name: string(1).required(),
  image: string(2),
  command: list(3, 'string').listType('atomic'),
  args: list(4, 'string').listType('atomic'),
  workingDir: string(5),
  ports: list(6, ContainerPort)
    .listType('map', 'containerPort', 'protocol')
    .patchStrategy('merge')
    .mergeKey('containerPort'),
  envFrom: list(19, EnvFromSource).listType('atomic'),
  env: list(7, EnvVar).listType('map', 'name').patchStrategy('merge').mergeKey('name'),
  resources: ref(8, ResourceRequirements).always(),
  resizePolicy: list(23, ContainerResizePolicy).listType('atomic'),
  restartPolicy: string(24).pointer(),
  restartPolicyRules: list(25, ContainerRestartRule).listType('atomic'),
  volumeMounts: list(9, VolumeMount).listType('map', 'mountPath').patchStrategy('merge').mergeKey('mountPath'),
  volumeDevices: list(21, VolumeDevice).listType('map', 'devicePath').patchStrategy('merge').mergeKey('devicePath'),
  livenessProbe: ref(10, Probe),
  readinessProbe: ref(11, Probe),
  startupProbe: ref(22, Probe),
  lifecycle: ref(12, Lifecycle),
  terminationMessagePath: string(13).serverDefault('/dev/termination-log'),
  terminationMessagePolicy: string(20).serverDefault('File').enum('FallbackToLogsOnError', 'File'),
  imagePullPolicy: string(14).enum('Always', 'IfNotPresent', 'Never'),
  securityContext: ref(15, SecurityContext),
  stdin: boolean(16),
  stdinOnce: boolean(17),
  tty: boolean(18),
})
export type EphemeralContainerCommon = Infer<typeof EphemeralContainerCommon>

export const EphemeralContainer = object('io.k8s.api.core.v1.EphemeralContainer', {
  ephemeralContainerCommon: ref(1, EphemeralContainerCommon).always().inline(),
  targetContainerName: string(2),
})
export type EphemeralContainer = Infer<typeof EphemeralContainer>
