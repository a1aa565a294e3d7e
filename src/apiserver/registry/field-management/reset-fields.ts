// What a way of writing cannot change, because the kind's strategy puts it back: nobody comes to own it by that way.

import { groupResource, type ResourceDeclaration } from '../../../api/resource.ts'
import { type FieldSet, fieldSet, recursiveDifference } from '../../../machinery/apply/field-set.ts'

export type FieldFilter = (set: FieldSet) => FieldSet

const everything: FieldFilter = set => set

const without = (...paths: readonly (readonly string[])[]): FieldFilter => {
  const reset = fieldSet(...paths.map(path => path.map(name => `f:${name}`)))
  return set => recursiveDifference(set, reset)
}

const withoutStatus = without(['status'])
const withoutSpec = without(['spec'])
const onlyStatus = without(['metadata'], ['spec'])

/** Where it is not the rule: the object leaves out its status, its status leaves out the spec. */
const particular: Readonly<Record<string, FieldFilter>> = {
  'pods/status': without(['spec'], ['metadata', 'deletionTimestamp'], ['metadata', 'ownerReferences']),
  // Upstream's strategies say what these reset, but nobody asks them.
  'pods/ephemeralcontainers': everything,
  'pods/resize': everything,
  'deployments.apps/status': without(['spec'], ['metadata', 'labels']),
  'namespaces/finalize': withoutStatus,
  'certificatesigningrequests.certificates.k8s.io/': without(['spec'], ['status']),
  'certificatesigningrequests.certificates.k8s.io/approval': without(['spec'], ['status', 'certificate']),
  'apiservices.apiregistration.k8s.io/status': onlyStatus,
  'volumeattachments.storage.k8s.io/status': onlyStatus,
  'servicecidrs.networking.k8s.io/status': onlyStatus,
  'resourceclaims.resource.k8s.io/status': onlyStatus,
  'validatingadmissionpolicies.admissionregistration.k8s.io/status': onlyStatus,
  'flowschemas.flowcontrol.apiserver.k8s.io/status': onlyStatus,
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io/status': onlyStatus,
}

export function resetFilter(declaration: ResourceDeclaration, subresource: string): FieldFilter {
  const found = particular[`${groupResource(declaration)}/${subresource}`]
  if (found) return found
  if (subresource === 'status') return declaration.custom ? onlyStatus : withoutSpec
  const hasStatus = declaration.subresources.some(({ name }) => name === 'status')
  return subresource === '' && hasStatus ? withoutStatus : everything
}
