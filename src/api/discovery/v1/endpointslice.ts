import { boolean, type Infer, int32, list, map, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { ObjectReference } from '../../core/v1/reference.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const EndpointConditions = object('io.k8s.api.discovery.v1.EndpointConditions', {
  ready: boolean(1).pointer(),
  serving: boolean(2).pointer(),
  terminating: boolean(3).pointer(),
})
export type EndpointConditions = Infer<typeof EndpointConditions>

export const ForZone = object('io.k8s.api.discovery.v1.ForZone', {
  name: string(1).required(),
})
export type ForZone = Infer<typeof ForZone>

export const ForNode = object('io.k8s.api.discovery.v1.ForNode', {
  name: string(1).required(),
})
export type ForNode = Infer<typeof ForNode>

export const EndpointHints = object('io.k8s.api.discovery.v1.EndpointHints', {
  forZones: list(1, ForZone).listType('atomic'),
  forNodes: list(2, ForNode).listType('atomic'),
})
export type EndpointHints = Infer<typeof EndpointHints>

export const Endpoint = object('io.k8s.api.discovery.v1.Endpoint', {
  addresses: list(1, 'string').required().listType('set'),
  conditions: ref(2, EndpointConditions).always(),
  hostname: string(3).pointer(),
  targetRef: ref(4, ObjectReference),
  deprecatedTopology: map(5, 'string'),
  nodeName: string(6).pointer(),
  zone: string(7).pointer(),
  hints: ref(8, EndpointHints),
})
export type Endpoint = Infer<typeof Endpoint>

export const EndpointPort = object(
  'io.k8s.api.discovery.v1.EndpointPort',
  {
    name: string(1).pointer().serverDefault(''),
    protocol: string(2).pointer().serverDefault('TCP').enum('SCTP', 'TCP', 'UDP'),
    port: int32(3).pointer(),
    appProtocol: string(4).pointer(),
  },
  { atomic: true },
)
export type EndpointPort = Infer<typeof EndpointPort>

export const EndpointSlice = object('io.k8s.api.discovery.v1.EndpointSlice', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  addressType: string(4).required().enum('FQDN', 'IPv4', 'IPv6'),
  endpoints: list(2, Endpoint).always().listType('atomic'),
  ports: list(3, EndpointPort).always().listType('atomic'),
})
export type EndpointSlice = Infer<typeof EndpointSlice>

export const EndpointSliceList = listKind('io.k8s.api.discovery.v1.EndpointSliceList', EndpointSlice)
export type EndpointSliceList = Infer<typeof EndpointSliceList>

export const endpointSlices = resource({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  resource: 'endpointslices',
  schema: EndpointSlice,
  listSchema: EndpointSliceList,
  namespaced: true,
  verbs: allVerbs,
  columns: [
    nameColumn,
    column('AddressType', 'string', describedBy(EndpointSlice, 'addressType')),
    column('Ports', 'string', describedBy(EndpointSlice, 'ports')),
    column('Endpoints', 'string', describedBy(EndpointSlice, 'endpoints')),
    ageColumn,
  ],
})
