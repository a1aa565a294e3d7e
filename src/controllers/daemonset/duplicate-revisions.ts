// Revisions that say the same as a DaemonSet's template become one, and its pods are of that.

import { type ControllerRevision, controllerRevisions } from '../../api/apps/v1/controllerrevision.ts'
import type { DaemonSet } from '../../api/apps/v1/daemonset.ts'
import { pods } from '../../api/core/v1/pod.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { controllerOrOrphanIndex } from '../controller-ref.ts'
import { hashOf, revisionHashLabel, templateOf } from '../history/controller-revisions.ts'

/** Answers those that are left. Of equal ones the newest stays. */
export async function mergeDuplicates(
  set: DaemonSet,
  revisions: readonly ControllerRevision[],
  { client, lister }: ReconcileContext,
): Promise<readonly ControllerRevision[]> {
  const current = revisions.filter(revision => semanticEqual(templateOf(revision), set.spec.template))
  if (current.length < 2) return revisions
  const kept = current.reduce((newest, each) => (each.revision >= newest.revision ? each : newest))
  const label = { [revisionHashLabel]: hashOf(kept) }
  const { namespace, uid = '' } = set.metadata
  for (const { metadata } of lister(pods).byIndex(controllerOrOrphanIndex, uid))
    if (metadata.labels?.[revisionHashLabel] !== hashOf(kept))
      await client
        .resource(pods)
        .namespace(namespace)
        .patch(metadata.name!, 'application/merge-patch+json', { metadata: { labels: label } })
        .catch(ignoreAbsence)
  for (const { metadata } of current)
    if (metadata.name !== kept.metadata.name)
      await client.resource(controllerRevisions).namespace(namespace).delete(metadata.name!).catch(ignoreAbsence)
  return revisions.filter(revision => revision === kept || !current.includes(revision))
}

const ignoreAbsence = (error: unknown) => {
  if (!isNotFound(error)) throw error
}
