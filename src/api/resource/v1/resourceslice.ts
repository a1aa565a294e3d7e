import {
  boolean,
  type Infer,
  int64,
  list,
  map,
  object,
  quantity,
  ref,
  string,
} from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { NodeSelector } from '../../core/v1/nodeselector.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'
import { DeviceTaint } from './device.ts'

export const CapacityRequestPolicyRange = object('io.k8s.api.resource.v1.CapacityRequestPolicyRange', {
  min: quantity(1).pointer().requiredInOpenAPI(),
  max: quantity(2).pointer(),
  step: quantity(3).pointer(),
})
export type CapacityRequestPolicyRange = Infer<typeof CapacityRequestPolicyRange>

export const CapacityRequestPolicy = object('io.k8s.api.resource.v1.CapacityRequestPolicy', {
  default: quantity(1).pointer(),
  validValues: list(3, 'quantity').listType('atomic'),
  validRange: ref(4, CapacityRequestPolicyRange),
})
export type CapacityRequestPolicy = Infer<typeof CapacityRequestPolicy>

export const Counter = object('io.k8s.api.resource.v1.Counter', {
  value: quantity(1).required(),
})
export type Counter = Infer<typeof Counter>

export const CounterSet = object('io.k8s.api.resource.v1.CounterSet', {
  name: string(1).required(),
  counters: map(2, Counter).requiredInOpenAPI(),
})
export type CounterSet = Infer<typeof CounterSet>

export const DeviceAttribute = object('io.k8s.api.resource.v1.DeviceAttribute', {
  int: int64(2).pointer(),
  bool: boolean(3).pointer(),
  string: string(4).pointer(),
  version: string(5).pointer(),
  ints: list(6, 'int64').listType('atomic'),
  bools: list(7, 'boolean').listType('atomic'),
  strings: list(8, 'string').listType('atomic'),
  versions: list(9, 'string').listType('atomic'),
})
export type DeviceAttribute = Infer<typeof DeviceAttribute>

export const DeviceCapacity = object('io.k8s.api.resource.v1.DeviceCapacity', {
  value: quantity(1).required(),
  requestPolicy: ref(2, CapacityRequestPolicy),
})
export type DeviceCapacity = Infer<typeof DeviceCapacity>

export const DeviceCounterConsumption = object('io.k8s.api.resource.v1.DeviceCounterConsumption', {
  counterSet: string(1).required(),
  counters: map(2, Counter).requiredInOpenAPI(),
})
export type DeviceCounterConsumption = Infer<typeof DeviceCounterConsumption>

export const NodeAllocatableResourceMapping = object('io.k8s.api.resource.v1.NodeAllocatableResourceMapping', {
  capacityKey: string(1).pointer(),
  allocationMultiplier: quantity(2).pointer().serverDefault('1'),
})
export type NodeAllocatableResourceMapping = Infer<typeof NodeAllocatableResourceMapping>

export const Device = object('io.k8s.api.resource.v1.Device', {
  name: string(1).required(),
  attributes: map(2, DeviceAttribute),
  capacity: map(3, DeviceCapacity),
  consumesCounters: list(4, DeviceCounterConsumption).listType('atomic'),
  nodeName: string(5).pointer(),
  nodeSelector: ref(6, NodeSelector),
  allNodes: boolean(7).pointer(),
  taints: list(8, DeviceTaint).listType('atomic'),
  bindsToNode: boolean(9).pointer(),
  bindingConditions: list(10, 'string').listType('atomic'),
  bindingFailureConditions: list(11, 'string').listType('atomic'),
  allowMultipleAllocations: boolean(12).pointer(),
  nodeAllocatableResourceMappings: map(13, NodeAllocatableResourceMapping),
})
export type Device = Infer<typeof Device>

export const ResourcePool = object('io.k8s.api.resource.v1.ResourcePool', {
  name: string(1).required(),
  generation: int64(2).required(),
  resourceSliceCount: int64(3).required(),
})
export type ResourcePool = Infer<typeof ResourcePool>

export const ResourceSliceSpec = object('io.k8s.api.resource.v1.ResourceSliceSpec', {
  driver: string(1).required(),
  pool: ref(2, ResourcePool).required(),
  nodeName: string(3).pointer(),
  nodeSelector: ref(4, NodeSelector),
  allNodes: boolean(5).pointer(),
  devices: list(6, Device).listType('atomic'),
  perDeviceNodeSelection: boolean(7).pointer(),
  sharedCounters: list(8, CounterSet).listType('atomic'),
})
export type ResourceSliceSpec = Infer<typeof ResourceSliceSpec>

export const ResourceSlice = object('io.k8s.api.resource.v1.ResourceSlice', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, ResourceSliceSpec).required(),
})
export type ResourceSlice = Infer<typeof ResourceSlice>

export const ResourceSliceList = listKind('io.k8s.api.resource.v1.ResourceSliceList', ResourceSlice)
export type ResourceSliceList = Infer<typeof ResourceSliceList>

export const resourceSlices = resource({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceSlice',
  resource: 'resourceslices',
  schema: ResourceSlice,
  listSchema: ResourceSliceList,
  namespaced: false,
  verbs: allVerbs,
  returnsDeletedObject: true,
  columns: [
    nameColumn,
    column('Node', 'string', describedBy(ResourceSliceSpec, 'nodeName')),
    column('Driver', 'string', describedBy(ResourceSliceSpec, 'driver')),
    column('Pool', 'string', describedBy(ResourcePool, 'name')),
    ageColumn,
  ],
  selectableFields: { 'spec.nodeName': slice => slice.spec.nodeName ?? '', 'spec.driver': slice => slice.spec.driver },
})
