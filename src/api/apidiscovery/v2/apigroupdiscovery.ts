// The aggregated discovery documents.

import { type Infer, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { GroupVersionKind } from '../../meta/v1/groupversion.ts'
import { ListMeta } from '../../meta/v1/listmeta.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'

export const APISubresourceDiscovery = object('io.k8s.api.apidiscovery.v2.APISubresourceDiscovery', {
  subresource: string(1).always(),
  responseKind: ref(2, GroupVersionKind),
  acceptedTypes: list(3, GroupVersionKind),
  verbs: list(4, 'string').always(),
})
export type APISubresourceDiscovery = Infer<typeof APISubresourceDiscovery>

export const APIResourceDiscovery = object('io.k8s.api.apidiscovery.v2.APIResourceDiscovery', {
  resource: string(1).always(),
  responseKind: ref(2, GroupVersionKind),
  scope: string(3).always(),
  singularResource: string(4).always(),
  verbs: list(5, 'string').always(),
  shortNames: list(6, 'string'),
  categories: list(7, 'string'),
  subresources: list(8, APISubresourceDiscovery),
})
export type APIResourceDiscovery = Infer<typeof APIResourceDiscovery>

export const APIVersionDiscovery = object('io.k8s.api.apidiscovery.v2.APIVersionDiscovery', {
  version: string(1).always(),
  resources: list(2, APIResourceDiscovery),
  freshness: string(3),
})
export type APIVersionDiscovery = Infer<typeof APIVersionDiscovery>

export const APIGroupDiscovery = object('io.k8s.api.apidiscovery.v2.APIGroupDiscovery', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  versions: list(2, APIVersionDiscovery),
})
export type APIGroupDiscovery = Infer<typeof APIGroupDiscovery>

export const APIGroupDiscoveryList = object('io.k8s.api.apidiscovery.v2.APIGroupDiscoveryList', {
  ...typeMeta,
  metadata: ref(1, ListMeta).always(),
  items: list(2, APIGroupDiscovery).always(),
})
export type APIGroupDiscoveryList = Infer<typeof APIGroupDiscoveryList>
