import {
  any,
  boolean,
  type Infer,
  int64,
  list,
  map,
  object,
  ref,
  string,
  time,
} from '../../../machinery/schema/schema.ts'
import { ageColumn, column, nameColumn } from '../../column.ts'
import { NodeSelector } from '../../core/v1/nodeselector.ts'
import { Condition } from '../../meta/v1/condition.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'
import { DeviceConfiguration, DeviceSelector, DeviceToleration } from './device.ts'

export const NetworkDeviceData = object('io.k8s.api.resource.v1.NetworkDeviceData', {
  interfaceName: string(1),
  ips: list(2, 'string').listType('atomic'),
  hardwareAddress: string(3),
})
export type NetworkDeviceData = Infer<typeof NetworkDeviceData>

export const AllocatedDeviceStatus = object('io.k8s.api.resource.v1.AllocatedDeviceStatus', {
  driver: string(1).required(),
  pool: string(2).required(),
  device: string(3).required(),
  shareID: string(7).pointer(),
  conditions: list(4, Condition).always().listType('map', 'type'),
  data: any(5, 'io.k8s.apimachinery.pkg.runtime.RawExtension').pointer(),
  networkData: ref(6, NetworkDeviceData),
})
export type AllocatedDeviceStatus = Infer<typeof AllocatedDeviceStatus>

export const DeviceRequestAllocationResult = object('io.k8s.api.resource.v1.DeviceRequestAllocationResult', {
  request: string(1).required(),
  driver: string(2).required(),
  pool: string(3).required(),
  device: string(4).required(),
  adminAccess: boolean(5).pointer(),
  tolerations: list(6, DeviceToleration).listType('atomic'),
  bindingConditions: list(7, 'string').listType('atomic'),
  bindingFailureConditions: list(8, 'string').listType('atomic'),
  shareID: string(9).pointer(),
  consumedCapacity: map(10, 'quantity'),
})
export type DeviceRequestAllocationResult = Infer<typeof DeviceRequestAllocationResult>

export const DeviceAllocationConfiguration = object('io.k8s.api.resource.v1.DeviceAllocationConfiguration', {
  source: string(1).required().enum('FromClaim', 'FromClass'),
  requests: list(2, 'string').listType('atomic'),
  deviceConfiguration: ref(3, DeviceConfiguration).always().inline(),
})
export type DeviceAllocationConfiguration = Infer<typeof DeviceAllocationConfiguration>

export const DeviceAllocationResult = object('io.k8s.api.resource.v1.DeviceAllocationResult', {
  results: list(1, DeviceRequestAllocationResult).listType('atomic'),
  config: list(2, DeviceAllocationConfiguration).listType('atomic'),
})
export type DeviceAllocationResult = Infer<typeof DeviceAllocationResult>

export const AllocationResult = object('io.k8s.api.resource.v1.AllocationResult', {
  devices: ref(1, DeviceAllocationResult).always(),
  nodeSelector: ref(3, NodeSelector),
  allocationTimestamp: time(5).pointer(),
})
export type AllocationResult = Infer<typeof AllocationResult>

export const CapacityRequirements = object('io.k8s.api.resource.v1.CapacityRequirements', {
  requests: map(1, 'quantity'),
})
export type CapacityRequirements = Infer<typeof CapacityRequirements>

export const ExactDeviceRequest = object('io.k8s.api.resource.v1.ExactDeviceRequest', {
  deviceClassName: string(1).required(),
  selectors: list(2, DeviceSelector).listType('atomic'),
  allocationMode: string(3).serverDefault('ExactCount').enum('All', 'ExactCount'),
  count: int64(4),
  adminAccess: boolean(5).pointer(),
  tolerations: list(6, DeviceToleration).listType('atomic'),
  capacity: ref(7, CapacityRequirements),
})
export type ExactDeviceRequest = Infer<typeof ExactDeviceRequest>

export const DeviceSubRequest = object('io.k8s.api.resource.v1.DeviceSubRequest', {
  name: string(1).required(),
  deviceClassName: string(2).required(),
  selectors: list(3, DeviceSelector).listType('atomic'),
  allocationMode: string(4).serverDefault('ExactCount').enum('All', 'ExactCount'),
  count: int64(5),
  tolerations: list(6, DeviceToleration).listType('atomic'),
  capacity: ref(7, CapacityRequirements),
})
export type DeviceSubRequest = Infer<typeof DeviceSubRequest>

export const DeviceRequest = object('io.k8s.api.resource.v1.DeviceRequest', {
  name: string(1).required(),
  exactly: ref(2, ExactDeviceRequest),
  firstAvailable: list(3, DeviceSubRequest).listType('atomic'),
})
export type DeviceRequest = Infer<typeof DeviceRequest>

export const DeviceConstraint = object('io.k8s.api.resource.v1.DeviceConstraint', {
  requests: list(1, 'string').listType('atomic'),
  matchAttribute: string(2).pointer(),
  distinctAttribute: string(3).pointer(),
})
export type DeviceConstraint = Infer<typeof DeviceConstraint>

export const DeviceClaimConfiguration = object('io.k8s.api.resource.v1.DeviceClaimConfiguration', {
  requests: list(1, 'string').listType('atomic'),
  deviceConfiguration: ref(2, DeviceConfiguration).always().inline(),
})
export type DeviceClaimConfiguration = Infer<typeof DeviceClaimConfiguration>

export const DeviceClaim = object('io.k8s.api.resource.v1.DeviceClaim', {
  requests: list(1, DeviceRequest).always().listType('atomic'),
  constraints: list(2, DeviceConstraint).listType('atomic'),
  config: list(3, DeviceClaimConfiguration).listType('atomic'),
})
export type DeviceClaim = Infer<typeof DeviceClaim>

export const ResourceClaimSpec = object('io.k8s.api.resource.v1.ResourceClaimSpec', {
  devices: ref(1, DeviceClaim).always(),
})
export type ResourceClaimSpec = Infer<typeof ResourceClaimSpec>

export const ResourceClaimConsumerReference = object('io.k8s.api.resource.v1.ResourceClaimConsumerReference', {
  apiGroup: string(1),
  resource: string(3).required(),
  name: string(4).required(),
  uid: string(5).required(),
})
export type ResourceClaimConsumerReference = Infer<typeof ResourceClaimConsumerReference>

export const ResourceClaimStatus = object('io.k8s.api.resource.v1.ResourceClaimStatus', {
  allocation: ref(1, AllocationResult),
  reservedFor: list(2, ResourceClaimConsumerReference).listType('map', 'uid').patchStrategy('merge').mergeKey('uid'),
  devices: list(4, AllocatedDeviceStatus).listType('map', 'driver', 'device', 'pool', 'shareID'),
})
export type ResourceClaimStatus = Infer<typeof ResourceClaimStatus>

export const ResourceClaim = object('io.k8s.api.resource.v1.ResourceClaim', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, ResourceClaimSpec).required(),
  status: ref(3, ResourceClaimStatus).always(),
})
export type ResourceClaim = Infer<typeof ResourceClaim>

export const ResourceClaimList = listKind('io.k8s.api.resource.v1.ResourceClaimList', ResourceClaim)
export type ResourceClaimList = Infer<typeof ResourceClaimList>

export const resourceClaims = resource({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  resource: 'resourceclaims',
  schema: ResourceClaim,
  listSchema: ResourceClaimList,
  namespaced: true,
  verbs: allVerbs,
  returnsDeletedObject: true,
  subresources: [statusSubresource],
  columns: [
    nameColumn,
    column('State', 'string', 'A summary of the current state (allocated, pending, reserved, etc.).'),
    ageColumn,
  ],
})
