// What is done to a StatefulSet's pods, each with the event that tells of it.

import { type StatefulSet, statefulSets } from '../../api/apps/v1/statefulset.ts'
import { type Pod, type PodTemplateSpec, pods } from '../../api/core/v1/pod.ts'
import { controllerReference, type ReconcileContext } from '../../client/controller.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../../machinery/status-error.ts'
import type { Claimants } from './claim-owners.ts'
import { areOwned, createClaims, ownClaims } from './claims.ts'
import { hasIdentity, hasStorage, podName, withIdentity, withStorage } from './stateful-pod.ts'

type Verb = 'Create' | 'Update' | 'Delete'

const updateTries = 5

/** The claims first. Throws without an event when somebody else has the name: the pod itself will tell. */
export async function createStatefulPod(
  set: StatefulSet,
  ordinal: number,
  template: PodTemplateSpec,
  context: ReconcileContext,
): Promise<void> {
  const { namespace } = set.metadata
  const name = podName(set, ordinal)
  await orTell('Create', set, name, context, () => createClaims(set, ordinal, context))
  const ownerReferences = [controllerReference(set, statefulSets)]
  let pod: Pod = { metadata: { name, namespace }, spec: template.spec! } as Pod
  let failure: { error: unknown } | undefined
  try {
    pod = await context.client
      .resource(pods)
      .namespace(namespace)
      .create({ metadata: { ...template.metadata, name, namespace, ownerReferences }, spec: template.spec })
  } catch (error) {
    if (isAlreadyExists(error)) throw error
    failure = { error }
  }
  await orTell('Update', set, name, context, () => ownClaims({ set, pod, surplus: false }, ordinal, context))
  if (failure) {
    tell('Create', set, name, failure.error, context)
    throw failure.error
  }
  tell('Create', set, name, undefined, context)
}

/** The claims of a pod that waits may have been lost since. */
export async function createMissingClaims(claimants: Claimants, ordinal: number, context: ReconcileContext) {
  const { set, pod } = claimants
  await createClaims(set, ordinal, context)
  await orTell('Update', set, pod.metadata.name, context, () => ownClaims(claimants, ordinal, context))
}

/** Makes the pod the ordinal's again: its labels, its volumes, the owners of its claims. */
export async function updateStatefulPod(claimants: Claimants, ordinal: number, context: ReconcileContext) {
  const { set } = claimants
  const { name = '' } = claimants.pod.metadata
  const resource = context.client.resource(pods).namespace(set.metadata.namespace)
  let { pod } = claimants
  for (let tries = 1; ; tries++) {
    const [identified, stored] = [hasIdentity(set, ordinal, pod), hasStorage(set, ordinal, pod)]
    const owned = areOwned({ ...claimants, pod }, ordinal, context)
    if (identified && stored && owned) return
    if (!stored) await orTell('Update', set, name, context, () => createClaims(set, ordinal, context))
    if (!owned) await orTell('Update', set, name, context, () => ownClaims({ ...claimants, pod }, ordinal, context))
    try {
      await resource.update(withStorage(set, ordinal, withIdentity(set, ordinal, pod)))
      return tell('Update', set, name, undefined, context)
    } catch (error) {
      if (!isConflict(error) || tries === updateTries) {
        tell('Update', set, name, error, context)
        throw error
      }
      pod = await resource.get(name)
    }
  }
}

export async function deleteStatefulPod(set: StatefulSet, pod: Pod, context: ReconcileContext): Promise<void> {
  const { namespace, name = '', uid } = pod.metadata
  await orTell('Delete', set, name, context, async () => {
    try {
      await context.client.resource(pods).namespace(namespace).delete(name, { preconditions: { uid } })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  })
  tell('Delete', set, name, undefined, context)
}

async function orTell(
  verb: Verb,
  set: StatefulSet,
  pod: string | undefined,
  context: ReconcileContext,
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act()
  } catch (error) {
    tell(verb, set, pod, error, context)
    throw error
  }
}

function tell(verb: Verb, set: StatefulSet, pod: string | undefined, error: unknown, { events }: ReconcileContext) {
  const what = `${verb} Pod ${pod} in StatefulSet ${set.metadata.name}`
  if (error === undefined) events.event(set, 'Normal', `Successful${verb}`, `${what} successful`)
  else events.event(set, 'Warning', `Failed${verb}`, `${what} failed error: ${(error as Error).message}`)
}
