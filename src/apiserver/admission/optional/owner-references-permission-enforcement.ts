// OwnerReferencesPermissionEnforcement: who lets an object be deleted with another must be allowed to delete it, and who
// holds up an owner's deletion must be allowed to hold on to the owner.

import { apiVersionOf } from '../../../api/resource.ts'
import { deepEqual } from '../../../machinery/deep-equal.ts'
import type { OwnerReference } from '../../../machinery/owner-references.ts'
import {
  type AdmissionAttributes,
  type AdmissionPlugin,
  type AdmissionServices,
  isResource,
  refusal,
} from '../admission.ts'

export function ownerReferencesPermissionEnforcement({ authorizer, served }: AdmissionServices): AdmissionPlugin {
  const mayDelete = ({ user, resource, subresource, namespace, name }: AdmissionAttributes) => {
    const { group, version } = resource
    return authorizer.authorize({
      user,
      verb: 'delete',
      resourceRequest: true,
      group,
      version,
      resource: resource.resource,
      subresource,
      namespace,
      name,
    })
  }
  const mayHold = (attributes: AdmissionAttributes, { apiVersion, kind, name }: OwnerReference) => {
    for (const owner of served.resources()) {
      if (owner.kind !== kind || apiVersionOf(owner) !== apiVersion) continue
      const { group, version, resource } = owner
      return authorizer.authorize({
        user: attributes.user,
        verb: 'update',
        resourceRequest: true,
        group,
        version,
        resource,
        subresource: 'finalizers',
        namespace: owner.namespaced ? attributes.namespace : '',
        name,
      })
    }
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
    throw refusal(
      attributes,
      `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${apiVersion} Kind ${kind}: no matches for kind "${kind}" in version "${group === '' ? version : apiVersion}"`,
    )
  }
  return {
    name: 'OwnerReferencesPermissionEnforcement',
    handles: operation => operation === 'CREATE' || operation === 'UPDATE',
    validate(attributes): void {
      const now = ownersOf(attributes.object)
      const before = ownersOf(attributes.oldObject)
      if (deepEqual(now, before)) return
      // What a kubelet may do here is for the strategy of pods to say.
      if (attributes.subresource === 'status' && isResource(attributes, '', 'pods')) return
      // Who creates an object could as well have left it.
      if (attributes.operation !== 'CREATE') {
        const decision = mayDelete(attributes)
        if (!decision.allowed)
          throw refusal(attributes, `cannot set an ownerRef on a resource you can't delete: ${decision.reason}, <nil>`)
      }
      const held = newlyHeld(now, before)
      if (held.length === 0 || authorizer.authorize({ ...anything, user: attributes.user }).allowed) return
      for (const reference of held) {
        const decision = mayHold(attributes, reference)
        if (!decision.allowed)
          throw refusal(
            attributes,
            `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${decision.reason}, <nil>`,
          )
      }
    },
  }
}

/** Who may hold on to whatever there is need not be asked about each. */
const anything = {
  verb: 'update',
  resourceRequest: true,
  group: '*',
  version: '*',
  resource: '*',
  subresource: 'finalizers',
  namespace: '',
  name: '*',
}

const ownersOf = (object: AdmissionAttributes['object']): readonly OwnerReference[] =>
  object?.metadata?.['ownerReferences'] ?? []

function newlyHeld(now: readonly OwnerReference[], before: readonly OwnerReference[]): OwnerReference[] {
  return now.filter(
    ({ blockOwnerDeletion, uid }) =>
      blockOwnerDeletion && !before.some(each => each.uid === uid && each.blockOwnerDeletion),
  )
}
