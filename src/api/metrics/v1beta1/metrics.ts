// metrics.k8s.io: what nodes and pods use. Not built in: an add-on serves it (upstream's is metrics-server).

import { duration, type Infer, list, map, object, ref, string, time } from '../../../machinery/schema/schema.ts'
import { ageColumn, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { resource } from '../../resource.ts'

const name = (kind: string) => `io.k8s.metrics.pkg.apis.metrics.v1beta1.${kind}`

export const NodeMetrics = object(name('NodeMetrics'), {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  timestamp: time(2).always(),
  window: duration(3).required(),
  usage: map(4, 'quantity').required(),
})
export type NodeMetrics = Infer<typeof NodeMetrics>

export const ContainerMetrics = object(name('ContainerMetrics'), {
  name: string(1).required(),
  usage: map(2, 'quantity').required(),
})
export type ContainerMetrics = Infer<typeof ContainerMetrics>

export const PodMetrics = object(name('PodMetrics'), {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  timestamp: time(2).always(),
  window: duration(3).required(),
  containers: list(4, ContainerMetrics).required(),
})
export type PodMetrics = Infer<typeof PodMetrics>

const common = {
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  verbs: ['get', 'list'],
  columns: [nameColumn, ageColumn],
} as const

export const nodeMetrics = resource({
  ...common,
  kind: 'NodeMetrics',
  resource: 'nodes',
  schema: NodeMetrics,
  listSchema: listKind(name('NodeMetricsList'), NodeMetrics),
  namespaced: false,
})

export const podMetrics = resource({
  ...common,
  kind: 'PodMetrics',
  resource: 'pods',
  schema: PodMetrics,
  listSchema: listKind(name('PodMetricsList'), PodMetrics),
  namespaced: true,
})
