// The legacy discovery documents.

import { boolean, type Infer, list, object, ref, string, wrappedList } from '../../../machinery/schema/schema.ts'
import { typeMeta } from './typemeta.ts'

export const GroupVersionForDiscovery = object('io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery', {
  groupVersion: string(1).required(),
  version: string(2).required(),
})
export type GroupVersionForDiscovery = Infer<typeof GroupVersionForDiscovery>

export const ServerAddressByClientCIDR = object('io.k8s.apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR', {
  clientCIDR: string(1).required(),
  serverAddress: string(2).required(),
})
export type ServerAddressByClientCIDR = Infer<typeof ServerAddressByClientCIDR>

export const APIGroup = object('io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup', {
  ...typeMeta,
  name: string(1).required(),
  versions: list(2, GroupVersionForDiscovery).required().listType('atomic'),
  preferredVersion: ref(3, GroupVersionForDiscovery).always(),
  serverAddressByClientCIDRs: list(4, ServerAddressByClientCIDR).listType('atomic'),
})
export type APIGroup = Infer<typeof APIGroup>

export const APIResource = object('io.k8s.apimachinery.pkg.apis.meta.v1.APIResource', {
  name: string(1).required(),
  singularName: string(6).required(),
  namespaced: boolean(2).required(),
  group: string(8),
  version: string(9),
  kind: string(3).required(),
  verbs: wrappedList(4, 'string').required(),
  shortNames: list(5, 'string').listType('atomic'),
  categories: list(7, 'string').listType('atomic'),
  storageVersionHash: string(10),
})
export type APIResource = Infer<typeof APIResource>

export const APIVersions = object('io.k8s.apimachinery.pkg.apis.meta.v1.APIVersions', {
  ...typeMeta,
  versions: list(1, 'string').required().listType('atomic'),
  serverAddressByClientCIDRs: list(2, ServerAddressByClientCIDR).required().listType('atomic'),
})
export type APIVersions = Infer<typeof APIVersions>

export const APIGroupList = object('io.k8s.apimachinery.pkg.apis.meta.v1.APIGroupList', {
  ...typeMeta,
  groups: list(1, APIGroup).required().listType('atomic'),
})
export type APIGroupList = Infer<typeof APIGroupList>

export const APIResourceList = object('io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList', {
  ...typeMeta,
  groupVersion: string(1).required(),
  resources: list(2, APIResource).required().listType('atomic'),
})
export type APIResourceList = Infer<typeof APIResourceList>
