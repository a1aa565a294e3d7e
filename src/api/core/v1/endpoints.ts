import { type Infer, int32, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'
import { ObjectReference } from './reference.ts'

export const EndpointAddress = object(
  'io.k8s.api.core.v1.EndpointAddress',
  {
    ip: string(1).required(),
    hostname: string(3),
    nodeName: string(4).pointer(),
    targetRef: ref(2, ObjectReference),
  },
  { atomic: true },
)
export type EndpointAddress = Infer<typeof EndpointAddress>

export const EndpointPort = object(
  'io.k8s.api.core.v1.EndpointPort',
  {
    name: string(1),
    port: int32(2).required(),
    protocol: string(3).serverDefault('TCP').enum('SCTP', 'TCP', 'UDP'),
    appProtocol: string(4).pointer(),
  },
  { atomic: true },
)
export type EndpointPort = Infer<typeof EndpointPort>

export const EndpointSubset = object('io.k8s.api.core.v1.EndpointSubset', {
  addresses: list(1, EndpointAddress).listType('atomic'),
  notReadyAddresses: list(2, EndpointAddress).listType('atomic'),
  ports: list(3, EndpointPort).listType('atomic'),
})
export type EndpointSubset = Infer<typeof EndpointSubset>

export const Endpoints = object('io.k8s.api.core.v1.Endpoints', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  subsets: list(2, EndpointSubset).listType('atomic'),
})
export type Endpoints = Infer<typeof Endpoints>

export const EndpointsList = listKind('io.k8s.api.core.v1.EndpointsList', Endpoints)
export type EndpointsList = Infer<typeof EndpointsList>

export const endpoints = resource({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  resource: 'endpoints',
  schema: Endpoints,
  listSchema: EndpointsList,
  shortNames: ['ep'],
  namespaced: true,
  deprecated: { since: '1.33', replacement: 'discovery.k8s.io/v1 EndpointSlice' },
  verbs: allVerbs,
  columns: [nameColumn, column('Endpoints', 'string', describedBy(Endpoints, 'subsets')), ageColumn],
})
