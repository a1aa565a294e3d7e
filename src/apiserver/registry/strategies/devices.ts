// Dynamic resource allocation: claims on devices and their templates, classes, and slices that drivers publish. What checks
// all but slices compiles expressions, and is loaded with the first of them.

import {
  validateResourceSlice,
  validateResourceSliceUpdate,
} from '../../../api/resource/v1/resourceslice.validation.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { deepEqual } from '../../../machinery/deep-equal.ts'
import { type FieldError, forbidden } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { nextInt64 } from '../../../machinery/json/numbers.ts'
import { formatTime } from '../../../machinery/time.ts'
import { nameIsLongName } from '../../../machinery/validation/names.ts'
import type { Strategy, StrategyContext } from '../strategy.ts'

type Validation = typeof import('../../../api/resource/v1/resourceclaim.validation.ts')

let validation: Validation | undefined

function load(): Promise<void> | undefined {
  if (validation) return undefined
  return import('../../../api/resource/v1/resourceclaim.validation.ts').then(loaded => {
    validation = loaded
  })
}

const adminLabel = 'resource.kubernetes.io/admin-access'

/** Only in namespaces that an administrator marked may a claim look at devices that others use (KEP-5018). The first of
 *  those that ask for it is named. */
function checkAdminAccess(
  asking: readonly boolean[],
  { metadata }: KubeObject,
  path: FieldPath,
  { server }: StrategyContext,
): FieldError[] {
  const first = asking.indexOf(true)
  if (first < 0) return []
  const labels = server.admission.lister.get('namespaces', '', metadata.namespace ?? '')?.metadata['labels']
  if (labels?.[adminLabel] === 'true') return []
  const message = `admin access to devices requires the \`${adminLabel}: true\` label on the containing namespace`
  return [forbidden(path.index(first).child('adminAccess'), message)]
}

const requests = root('spec', 'devices', 'requests')
const results = root('status', 'allocation', 'devices', 'results')

const requestsAsking = (spec: { devices?: { requests?: readonly Record<string, any>[] } } | undefined): boolean[] =>
  (spec?.devices?.requests ?? []).map(({ exactly }) => exactly?.adminAccess === true)
const resultsAsking = (claim: KubeObject): boolean[] =>
  ((claim['status']?.allocation?.devices?.results ?? []) as readonly Record<string, any>[]).map(
    ({ adminAccess }) => adminAccess === true,
  )

/** Fields of features that are off: lists as attributes, and devices that stand for a node's own resources. */
function dropDisabledDeviceFields(slice: KubeObject): void {
  for (const device of (slice['spec'].devices ?? []) as Record<string, any>[]) {
    delete device['nodeAllocatableResourceMappings']
    for (const key in device['attributes'])
      for (const field of ['ints', 'bools', 'strings', 'versions']) delete device['attributes'][key][field]
  }
}

/** A device was tainted when the server hears of it, unless the driver says when. */
function stampTaints(slice: KubeObject, now: string): void {
  for (const device of (slice['spec'].devices ?? []) as Record<string, any>[])
    for (const taint of device['taints'] ?? []) taint.timeAdded ??= now
}

export const deviceStrategies: Readonly<Record<string, Strategy>> = {
  'deviceclasses.resource.k8s.io': {
    tracksGeneration: true,
    validateName: nameIsLongName,
    load,
    validate: deviceClass => validation!.validateDeviceClass(deviceClass),
    validateUpdate: deviceClass => validation!.validateDeviceClass(deviceClass),
  },
  'resourceslices.resource.k8s.io': {
    tracksGeneration: true,
    prepareForCreate(slice, { server }) {
      dropDisabledDeviceFields(slice)
      stampTaints(slice, formatTime(server.env.clock.now()))
    },
    prepareForUpdate(slice, old, { server }) {
      stampTaints(slice, formatTime(server.env.clock.now()))
      // Also what is dropped now counts as a change.
      if (!deepEqual(slice['spec'], old['spec']))
        slice.metadata['generation'] = nextInt64(old.metadata['generation'] ?? 0)
      dropDisabledDeviceFields(slice)
    },
    validate: validateResourceSlice,
    validateUpdate: validateResourceSliceUpdate,
  },
  'resourceclaims.resource.k8s.io': {
    statusKeepsMetadata: true,
    load,
    validate: (claim, context) => [
      ...checkAdminAccess(requestsAsking(claim['spec']), claim, requests, context),
      ...validation!.validateResourceClaim(claim),
    ],
    validateUpdate: (claim, old) => validation!.validateSpecUnchanged(claim, old),
    validateStatusUpdate: (claim, old, context) => [
      // Once granted, it stays.
      ...(resultsAsking(old).includes(true) ? [] : checkAdminAccess(resultsAsking(claim), claim, results, context)),
      ...validation!.validateResourceClaimStatusUpdate(claim, old),
    ],
  },
  'resourceclaimtemplates.resource.k8s.io': {
    load,
    validate: (template, context) => [
      ...checkAdminAccess(requestsAsking(template['spec']?.spec), template, requests, context),
      ...validation!.validateResourceClaimTemplate(template),
    ],
    validateUpdate: (template, old) => [
      ...validation!.validateResourceClaimTemplate(template),
      ...validation!.validateSpecUnchanged(template, old),
    ],
  },
}
