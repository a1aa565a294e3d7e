import { any, type Infer, int64, object, ref, string, time } from '../../../machinery/schema/schema.ts'

export const CELDeviceSelector = object('io.k8s.api.resource.v1.CELDeviceSelector', {
  expression: string(1).required(),
})
export type CELDeviceSelector = Infer<typeof CELDeviceSelector>

export const DeviceSelector = object('io.k8s.api.resource.v1.DeviceSelector', {
  cel: ref(1, CELDeviceSelector),
})
export type DeviceSelector = Infer<typeof DeviceSelector>

export const DeviceTaint = object('io.k8s.api.resource.v1.DeviceTaint', {
  key: string(1).required(),
  value: string(2),
  effect: string(3).required().enum('NoExecute', 'NoSchedule', 'None'),
  timeAdded: time(4).pointer(),
})
export type DeviceTaint = Infer<typeof DeviceTaint>

export const DeviceToleration = object('io.k8s.api.resource.v1.DeviceToleration', {
  key: string(1),
  operator: string(2).default('Equal').enum('Equal', 'Exists'),
  value: string(3),
  effect: string(4).enum('NoExecute', 'NoSchedule', 'None'),
  tolerationSeconds: int64(5).pointer(),
})
export type DeviceToleration = Infer<typeof DeviceToleration>

export const OpaqueDeviceConfiguration = object('io.k8s.api.resource.v1.OpaqueDeviceConfiguration', {
  driver: string(1).required(),
  parameters: any(2, 'io.k8s.apimachinery.pkg.runtime.RawExtension').required(),
})
export type OpaqueDeviceConfiguration = Infer<typeof OpaqueDeviceConfiguration>

export const DeviceConfiguration = object('io.k8s.api.resource.v1.DeviceConfiguration', {
  opaque: ref(1, OpaqueDeviceConfiguration),
})
export type DeviceConfiguration = Infer<typeof DeviceConfiguration>
