// Query parameters of the verbs, and the body of DELETE.

import { boolean, type Infer, int64, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { typeMeta } from './typemeta.ts'

export const Preconditions = object('io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions', {
  uid: string(1).pointer(),
  resourceVersion: string(2).pointer(),
})
export type Preconditions = Infer<typeof Preconditions>

export const DeleteOptions = object('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions', {
  ...typeMeta,
  gracePeriodSeconds: int64(1).pointer(),
  preconditions: ref(2, Preconditions),
  orphanDependents: boolean(3).pointer(),
  propagationPolicy: string(4).pointer(),
  dryRun: list(5, 'string').listType('atomic'),
  ignoreStoreReadErrorWithClusterBreakingPotential: boolean(6).pointer(),
})
export type DeleteOptions = Infer<typeof DeleteOptions>

export const ListOptions = object('io.k8s.apimachinery.pkg.apis.meta.v1.ListOptions', {
  ...typeMeta,
  labelSelector: string(1),
  fieldSelector: string(2),
  watch: boolean(3),
  allowWatchBookmarks: boolean(9),
  resourceVersion: string(4),
  resourceVersionMatch: string(10),
  timeoutSeconds: int64(5).pointer(),
  limit: int64(7),
  continue: string(8),
  sendInitialEvents: boolean(11).pointer(),
  shardSelector: string(15),
})
export type ListOptions = Infer<typeof ListOptions>

export const GetOptions = object('io.k8s.apimachinery.pkg.apis.meta.v1.GetOptions', {
  ...typeMeta,
  resourceVersion: string(1),
})
export type GetOptions = Infer<typeof GetOptions>

export const CreateOptions = object('io.k8s.apimachinery.pkg.apis.meta.v1.CreateOptions', {
  ...typeMeta,
  dryRun: list(1, 'string'),
  fieldManager: string(3),
  fieldValidation: string(4),
})
export type CreateOptions = Infer<typeof CreateOptions>

export const UpdateOptions = object('io.k8s.apimachinery.pkg.apis.meta.v1.UpdateOptions', {
  ...typeMeta,
  dryRun: list(1, 'string'),
  fieldManager: string(2),
  fieldValidation: string(3),
})
export type UpdateOptions = Infer<typeof UpdateOptions>

export const PatchOptions = object('io.k8s.apimachinery.pkg.apis.meta.v1.PatchOptions', {
  ...typeMeta,
  dryRun: list(1, 'string'),
  force: boolean(2).pointer(),
  fieldManager: string(3),
  fieldValidation: string(4),
})
export type PatchOptions = Infer<typeof PatchOptions>

export const ApplyOptions = object('io.k8s.apimachinery.pkg.apis.meta.v1.ApplyOptions', {
  ...typeMeta,
  dryRun: list(1, 'string'),
  force: boolean(2).always(),
  fieldManager: string(3).always(),
})
export type ApplyOptions = Infer<typeof ApplyOptions>

export const TableOptions = object('io.k8s.apimachinery.pkg.apis.meta.v1.TableOptions', {
  ...typeMeta,
  includeObject: string(1),
})
export type TableOptions = Infer<typeof TableOptions>
