// OwnerReferencesPermissionEnforcement: who lets an object be deleted with another must be allowed to delete it, and who
// holds up an owner's deletion must be allowed to hold on to the owner.

import { apiVersionOf } from '../../../api/resource.ts'
import { deepEqual } from '../../../machinery/deep-equal.ts'
import type { OwnerReference } from '../../../machinery/owner-references.ts'
import { type AdmissionAttributes, type AdmissionPlugin, type AdmissionServices, refusal } from '../admission.ts'

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
      if (now.length === 0 && before.length === 0) return
      // Where the object's identity stays, only what changes is asked about.
      if (attributes.subresource === 'status') return
      if (!deepEqual(now, before)) {
        const decision = mayDelete(attributes)
        if (!decision.allowed)
          throw refusal(attributes, `cannot set an ownerRef on a resource you can't delete: ${decision.reason}, <nil>`)
      }
      for (const reference of newlyHeld(now, before)) {
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

const ownersOf = (object: AdmissionAttributes['object']): readonly OwnerReference[] =>
  object?.metadata?.['ownerReferences'] ?? []

function newlyHeld(now: readonly OwnerReference[], before: readonly OwnerReference[]): OwnerReference[] {
  return now.filter(
    ({ blockOwnerDeletion, uid }) =>
      blockOwnerDeletion && !before.some(each => each.uid === uid && each.blockOwnerDeletion),
  )
}
