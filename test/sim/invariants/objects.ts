// Nothing is left of what was deleted, and nothing is counted wrongly.

import { type Check, isOver, milliCpu, named, type Owned, requestedCpu, same, type World } from './world.ts'

function* nothingIsBeingDeleted({ all }: World): Iterable<string> {
  for (const object of all) if (object.metadata.deletionTimestamp) yield `${named(object)} is still being deleted`
}

/** Finalizers of deletions that are over, or were never asked for. */
function* noFinalizerIsLeft({ all }: World): Iterable<string> {
  for (const object of all)
    for (const finalizer of object.metadata.finalizers ?? [])
      if (finalizer === 'orphan' || finalizer === 'foregroundDeletion') yield `${named(object)} still has ${finalizer}`
}

function* ownersExist({ all }: World): Iterable<string> {
  const uids = new Set(all.map(({ metadata }) => metadata.uid))
  for (const object of all) {
    const owners = object.metadata.ownerReferences ?? []
    for (const { kind, name, uid } of owners)
      if (!uids.has(uid)) yield `${named(object)} is owned by ${kind} ${name}, which is gone`
    if (owners.filter(({ controller }) => controller).length > 1) yield `${named(object)} has two controllers`
  }
}

function* namespacesAreWhole({ all, namespaces, serviceAccounts, configMaps }: World): Iterable<string> {
  const names = new Set(namespaces.map(({ metadata }) => metadata.name))
  for (const object of all)
    if (object.metadata.namespace && !names.has(object.metadata.namespace))
      yield `${named(object)} outlived its namespace`
  for (const name of names) {
    const has = (objects: readonly Owned[], which: string) =>
      objects.some(({ metadata }) => metadata.namespace === name && metadata.name === which)
    if (!has(serviceAccounts, 'default')) yield `namespace ${name} has no default service account`
    if (!has(configMaps, 'kube-root-ca.crt')) yield `namespace ${name} has no kube-root-ca.crt`
  }
}

/** A secret for the tokens of an account has one, or has gone with the account. */
function* tokenSecretsAreTheAccounts({ secrets, serviceAccounts }: World): Iterable<string> {
  for (const secret of secrets) {
    if (secret.type !== 'kubernetes.io/service-account-token') continue
    const name = secret.metadata.annotations?.['kubernetes.io/service-account.name']
    const account = serviceAccounts.find(
      ({ metadata }) => metadata.namespace === secret.metadata.namespace && metadata.name === name,
    )
    if (!account) yield `${named(secret)} is of ${name}, which is gone`
    else if (!secret.data?.['token']) yield `${named(secret)} has no token`
  }
}

function* quotasAreExact(world: World): Iterable<string> {
  for (const quota of world.resourceQuotas) {
    const { namespace } = quota.metadata
    const inside = <T extends Owned>(objects: readonly T[]) =>
      objects.filter(({ metadata }) => metadata.namespace === namespace)
    const live = inside(world.pods).filter(pod => !isOver(pod))
    const used: Record<string, number> = {
      pods: live.length,
      'requests.cpu': live.reduce((sum, pod) => sum + requestedCpu(pod), 0) / 1000,
      configmaps: inside(world.configMaps).length,
      services: inside(world.services).length,
      persistentvolumeclaims: inside(world.persistentVolumeClaims).length,
      'count/jobs.batch': inside(world.jobs).length,
    }
    for (const resource of Object.keys(quota.spec?.hard ?? {}))
      yield* same(quota, `used ${resource}`, milliCpu(quota.status?.used?.[resource]) / 1000, used[resource])
  }
}

export const objectChecks: readonly Check[] = [
  nothingIsBeingDeleted,
  noFinalizerIsLeft,
  ownersExist,
  namespacesAreWhole,
  tokenSecretsAreTheAccounts,
  quotasAreExact,
]
