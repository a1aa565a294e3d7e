// Creates pods from a template and deletes them, telling of each on the object that wanted it.

import { type Pod, type PodTemplateSpec, pods } from '../api/core/v1/pod.ts'
import type { OwnerReference } from '../api/meta/v1/objectmeta.ts'
import type { Client } from '../client/client.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import type { Referable } from '../client/object-reference.ts'
import { hasStatusCause, isNotFound } from '../machinery/status-error.ts'

interface Context {
  readonly client: Client
  readonly events: EventRecorder
}

type Owner = Referable & { readonly metadata: { readonly name?: string; readonly namespace?: string } }

/** Creates a pod of the template for the owner. With a name the pod gets it, otherwise one that starts with the owner's. */
export async function createPod(
  { client, events }: Context,
  owner: Owner,
  reference: OwnerReference,
  template: PodTemplateSpec,
  metadata: Pick<Pod['metadata'], 'name' | 'generateName' | 'labels' | 'annotations' | 'finalizers'> = {},
): Promise<Pod> {
  const { namespace, name = '' } = owner.metadata
  const { labels, annotations, finalizers } = template.metadata ?? {}
  try {
    const pod = await client
      .resource(pods)
      .namespace(namespace)
      .create({
        metadata: {
          ...(metadata.name === undefined && { generateName: podNamePrefix(name) }),
          namespace,
          labels,
          annotations,
          finalizers,
          ...metadata,
          ownerReferences: [reference],
        },
        spec: template.spec,
      })
    events.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`)
    return pod
  } catch (error) {
    // In a namespace that is going nothing can be created: that is nobody's fault.
    if (!hasStatusCause(error, 'NamespaceTerminating'))
      events.event(owner, 'Warning', 'FailedCreate', `Error creating: ${(error as Error).message}`)
    throw error
  }
}

/** Throws when the pod cannot be deleted, also (`isNotFound`) when it is gone already. */
export async function deletePod({ client, events }: Context, owner: Owner, pod: Pod): Promise<void> {
  const { namespace, name = '', uid } = pod.metadata
  try {
    await client.resource(pods).namespace(namespace).delete(name, { preconditions: { uid } })
  } catch (error) {
    if (!isNotFound(error))
      events.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${(error as Error).message}`)
    throw error
  }
  events.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`)
}

/** `web-`, cut where a generated name would be. A name may be longer than a pod's may be: then the server says so. */
function podNamePrefix(owner: string): string {
  return `${owner}-`
}
