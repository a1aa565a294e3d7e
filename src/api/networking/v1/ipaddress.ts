import { type Infer, object, ref, string } from '../../../machinery/schema/schema.ts'
import { column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const ParentReference = object('io.k8s.api.networking.v1.ParentReference', {
  group: string(1),
  resource: string(2).requiredInOpenAPI(),
  namespace: string(3),
  name: string(4).requiredInOpenAPI(),
})
export type ParentReference = Infer<typeof ParentReference>

export const IPAddressSpec = object('io.k8s.api.networking.v1.IPAddressSpec', {
  parentRef: ref(1, ParentReference).requiredInOpenAPI(),
})
export type IPAddressSpec = Infer<typeof IPAddressSpec>

export const IPAddress = object('io.k8s.api.networking.v1.IPAddress', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, IPAddressSpec).required(),
})
export type IPAddress = Infer<typeof IPAddress>

export const IPAddressList = listKind('io.k8s.api.networking.v1.IPAddressList', IPAddress)
export type IPAddressList = Infer<typeof IPAddressList>

export const ipAddresses = resource({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  resource: 'ipaddresses',
  schema: IPAddress,
  listSchema: IPAddressList,
  shortNames: ['ip'],
  namespaced: false,
  verbs: allVerbs,
  columns: [nameColumn, column('ParentRef', 'string', describedBy(IPAddressSpec, 'parentRef'))],
})
