import { type Infer, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'
import { DeviceConfiguration, DeviceSelector } from './device.ts'

export const DeviceClassConfiguration = object('io.k8s.api.resource.v1.DeviceClassConfiguration', {
  deviceConfiguration: ref(1, DeviceConfiguration).always().inline(),
})
export type DeviceClassConfiguration = Infer<typeof DeviceClassConfiguration>

export const DeviceClassSpec = object('io.k8s.api.resource.v1.DeviceClassSpec', {
  selectors: list(1, DeviceSelector).listType('atomic'),
  config: list(2, DeviceClassConfiguration).listType('atomic'),
  extendedResourceName: string(4).pointer(),
})
export type DeviceClassSpec = Infer<typeof DeviceClassSpec>

export const DeviceClass = object('io.k8s.api.resource.v1.DeviceClass', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, DeviceClassSpec).required(),
})
export type DeviceClass = Infer<typeof DeviceClass>

export const DeviceClassList = listKind('io.k8s.api.resource.v1.DeviceClassList', DeviceClass)
export type DeviceClassList = Infer<typeof DeviceClassList>

export const deviceClasses = resource({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'DeviceClass',
  resource: 'deviceclasses',
  schema: DeviceClass,
  listSchema: DeviceClassList,
  namespaced: false,
  verbs: allVerbs,
  returnsDeletedObject: true,
  columns: [nameColumn, ageColumn],
})
