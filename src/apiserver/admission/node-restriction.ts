// NodeRestriction: a kubelet writes its own node, the status of its own pods, and what goes with them; nothing that would
// let it draw workloads to itself or read what is not its own.

import { parseCertificateRequest } from '../../api/certificates/v1/certificate-request.ts'
import { PersistentVolumeClaim } from '../../api/core/v1/persistentvolumeclaim.ts'
import { internalDiff } from '../../api/go/internal-form.ts'
import type { KubeObject } from '../../api/resource.ts'
import { quote } from '../../machinery/go-text.ts'
import { goJson } from '../../machinery/json/write.ts'
import { notFound } from '../../machinery/status-error.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import { nodeNameOf, nodeUserPrefix } from '../user.ts'
import { type AdmissionAttributes, type AdmissionPlugin, refusal } from './admission.ts'
import { referencedObjects } from './mirror-pod-references.ts'
import { forbiddenNodeLabels } from './node-labels.ts'
import { audienceRestriction } from './node-token-audience.ts'

const mirrorAnnotation = 'kubernetes.io/config.mirror'
const nodeLeaseNamespace = 'kube-node-lease'

export const nodeRestriction = (authorizer: Authorizer): AdmissionPlugin => ({
  name: 'NodeRestriction',
  handles: operation => operation !== 'CONNECT',

  admit(attributes): void {
    const node = nodeNameOf(attributes.user)
    if (node === undefined) return
    if (node === '') throw refusal(attributes, `could not determine node from user ${quote(attributes.user.name)}`)
    const message = restriction(node, attributes, authorizer)
    if (message !== undefined) throw refusal(attributes, message)
  },
})

/** Why the node may not do this; undefined when it may. */
function restriction(node: string, attributes: AdmissionAttributes, authorizer: Authorizer): string | undefined {
  const { group, resource } = attributes.resource
  switch (group === '' ? resource : `${resource}.${group}`) {
    case 'pods':
      return podRestriction(node, attributes)
    case 'nodes':
      return nodeObjectRestriction(node, attributes)
    case 'persistentvolumeclaims':
      return attributes.subresource === 'status' ? claimStatus(node, attributes) : 'may only update PVC status'
    case 'serviceaccounts':
      return tokenRestriction(node, attributes) ?? audienceRestriction(attributes, authorizer)
    case 'podcertificaterequests.certificates.k8s.io':
      // Its feature is off, as it is by default upstream.
      return 'PodCertificateRequest feature gate is disabled'
    case 'certificatesigningrequests.certificates.k8s.io':
      return certificateRestriction(node, attributes)
    case 'leases.coordination.k8s.io':
      if (attributes.namespace !== nodeLeaseNamespace)
        return `can only access leases in the ${quote(nodeLeaseNamespace)} system namespace`
      return nameOf(attributes) === node
        ? undefined
        : 'can only access node lease with the same name as the requesting node'
    case 'csinodes.storage.k8s.io':
      return nameOf(attributes) === node
        ? undefined
        : 'can only access CSINode with the same name as the requesting node'
    case 'resourceslices.resource.k8s.io':
      // Others are for the authorizer, which knows the slice as it stands.
      if (attributes.operation === 'DELETE') return sliceRestriction('delete', attributes.oldObject, node)
      if (attributes.operation === 'CREATE') return sliceRestriction('create', attributes.object, node)
  }
  return undefined
}

function nameOf({ operation, name, object }: AdmissionAttributes): string {
  return operation === 'CREATE' ? (object?.metadata.name ?? '') : name
}

function sliceRestriction(verb: string, slice: KubeObject | undefined, node: string): string | undefined {
  return slice?.['spec']?.nodeName === node
    ? undefined
    : `can only ${verb} ResourceSlice with the same NodeName as the requesting node`
}

function podRestriction(node: string, attributes: AdmissionAttributes): string | undefined {
  const { operation, subresource, oldObject } = attributes
  switch (subresource) {
    case '':
      if (operation === 'CREATE') return podCreation(node, attributes)
      if (operation === 'DELETE')
        return existingPod(attributes, attributes.name)['spec']?.nodeName === node
          ? undefined
          : `node ${quote(node)} can only delete pods with spec.nodeName set to itself`
      return `unexpected operation ${quote(operation)}, node ${quote(node)} can only create and delete mirror pods`
    case 'status':
      if (operation !== 'UPDATE') return `unexpected operation ${quote(operation)}`
      if (oldObject?.['spec']?.nodeName !== node)
        return `node ${quote(node)} can only update pod status for pods with spec.nodeName set to itself`
      if (!same(oldObject?.metadata['labels'], attributes.object?.metadata['labels']))
        return `node ${quote(node)} cannot update labels through pod status`
      if (!same(oldObject?.['status']?.resourceClaimStatuses, attributes.object?.['status']?.resourceClaimStatuses))
        return `node ${quote(node)} cannot update resource claim statues`
      if (
        !same(
          oldObject?.['status']?.extendedResourceClaimStatus,
          attributes.object?.['status']?.extendedResourceClaimStatus,
        )
      )
        return `node ${quote(node)} cannot update extended resource claim status`
      return undefined
    case 'eviction': {
      if (operation !== 'CREATE') return `unexpected operation ${operation}`
      const name = attributes.name || attributes.object?.metadata?.name || ''
      if (name === '') return 'could not determine pod from request data'
      return existingPod(attributes, name)['spec']?.nodeName === node
        ? undefined
        : `node ${node} can only evict pods with spec.nodeName set to itself`
    }
    default:
      return `unexpected pod subresource ${quote(subresource)}, only 'status' and 'eviction' are allowed`
  }
}

function existingPod({ lister, namespace }: AdmissionAttributes, name: string): KubeObject {
  const pod = lister.get('pods', namespace, name)
  if (pod === undefined) throw notFound({ group: '', resource: 'pod' }, name)
  return pod
}

function podCreation(node: string, { object, lister }: AdmissionAttributes): string | undefined {
  const pod = object!
  const who = `node ${quote(node)}`
  if (pod.metadata['annotations']?.[mirrorAnnotation] === undefined)
    return `pod does not have ${quote(mirrorAnnotation)} annotation, ${who} can only create mirror pods`
  if (pod['spec']?.nodeName !== node) return `${who} can only create pods with spec.nodeName set to itself`
  const owners: readonly Record<string, any>[] = pod.metadata['ownerReferences'] ?? []
  if (owners.length > 1) return `${who} can only create pods with a single owner reference set to itself`
  const [owner] = owners
  if (owner?.['apiVersion'] !== 'v1' || owner['kind'] !== 'Node' || owner['name'] !== node)
    return `${who} can only create pods with an owner reference set to itself`
  if (!owner['controller']) return `${who} can only create pods with a controller owner reference set to itself`
  if (owner['blockOwnerDeletion']) return `${who} must not set blockOwnerDeletion on an owner reference`
  const existing = lister.get('nodes', '', node)
  if (existing === undefined) throw notFound({ group: '', resource: 'node' }, node)
  if (owner['uid'] !== existing.metadata.uid)
    return `node ${node} UID mismatch: expected ${owner['uid']} got ${existing.metadata.uid}`
  const referenced = referencedObjects(pod)
  return referenced && `${who} can not create pods that reference ${referenced}`
}

function nodeObjectRestriction(node: string, attributes: AdmissionAttributes): string | undefined {
  const { operation, object, oldObject } = attributes
  const requested = nameOf(attributes)
  const who = `node ${quote(node)}`
  if (requested !== node) return `${who} is not allowed to modify node ${quote(requested)}`
  if (operation === 'CREATE') {
    if (object?.['spec']?.configSource) return `${who} is not allowed to create pods with a non-nil configSource`
    const labels = forbiddenNodeLabels(object?.metadata['labels'], undefined)
    if (labels.length > 0) return `${who} is not allowed to set the following labels: ${labels.join(', ')}`
  }
  if (operation === 'UPDATE') {
    const source = object?.['spec']?.configSource
    if (source && !same(source, oldObject?.['spec']?.configSource))
      return `${who} is not allowed to update configSource to a new non-nil configSource`
    if (!same(object?.['spec']?.taints, oldObject?.['spec']?.taints)) return `${who} is not allowed to modify taints`
    if (!same(object?.metadata['ownerReferences'], oldObject?.metadata['ownerReferences']))
      return `${who} is not allowed to modify ownerReferences`
    const labels = forbiddenNodeLabels(object?.metadata['labels'], oldObject?.metadata['labels'])
    if (labels.length > 0) return `is not allowed to modify labels: ${labels.join(', ')}`
  }
  return undefined
}

const changeableClaimStatus = ['capacity', 'conditions', 'allocatedResources', 'allocatedResourceStatuses']

function claimStatus(node: string, { operation, object, oldObject }: AdmissionAttributes): string | undefined {
  if (operation !== 'UPDATE') return `unexpected operation ${quote(operation)}`
  const unchangeable = (claim: KubeObject | undefined) => {
    const { resourceVersion: _version, managedFields: _managers, ...metadata } = claim?.metadata ?? {}
    const status = { ...claim?.['status'] }
    for (const field of changeableClaimStatus) delete status[field]
    return { metadata, spec: claim?.['spec'], status }
  }
  const [now, before] = [unchangeable(object), unchangeable(oldObject)]
  return same(now, before)
    ? undefined
    : `node ${quote(node)} is not allowed to update fields other than status.quantity and status.conditions: ${internalDiff(PersistentVolumeClaim, before, now)}`
}

function tokenRestriction(node: string, attributes: AdmissionAttributes): string | undefined {
  const { operation, subresource, object } = attributes
  if (operation !== 'CREATE' || subresource !== 'token') return undefined
  const reference = object?.['spec']?.boundObjectRef
  if (reference?.apiVersion !== 'v1' || reference.kind !== 'Pod' || !reference.name)
    return 'node requested token not bound to a pod'
  if (!reference.uid) return 'node requested token with a pod binding without a uid'
  const pod = existingPod(attributes, reference.name)
  if (reference.uid !== pod.metadata.uid)
    return `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`
  return pod['spec']?.nodeName === node
    ? undefined
    : 'node requested token bound to a pod scheduled on a different node'
}

/** A kubelet asks for certificates of its own only. */
function certificateRestriction(node: string, { operation, object }: AdmissionAttributes): string | undefined {
  if (operation !== 'CREATE' || !kubeletSigners.includes(object?.['spec']?.signerName)) return undefined
  let commonName: string
  try {
    commonName = parseCertificateRequest(Buffer.from(object!['spec'].request ?? '', 'base64').toString()).commonName
  } catch (error) {
    return `unable to parse csr: ${(error as Error).message}`
  }
  const own = `${nodeUserPrefix}${node}`
  return commonName === own ? undefined : `can only create a node CSR with CN=${own}`
}

const kubeletSigners = ['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet']

function same(a: unknown, b: unknown): boolean {
  return a === b || goJson(sorted(a)) === goJson(sorted(b))
}

/** Maps in order of their keys; nothing, an empty list and an empty map alike. */
function sorted(value: unknown): unknown {
  if (value === undefined || value === null) return null
  if (Array.isArray(value)) return value.length === 0 ? null : value.map(sorted)
  if (typeof value !== 'object') return value
  const entries = Object.entries(value)
    .map(([key, field]) => [key, sorted(field)] as const)
    .filter(([, field]) => field !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.length === 0 ? null : Object.fromEntries(entries)
}
