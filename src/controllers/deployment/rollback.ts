// Goes back to an earlier revision because an annotation asks for it, as clients of the first API versions did; today's
// patch the template themselves.

import { deployments } from '../../api/apps/v1/deployment.ts'
import type { ReplicaSet } from '../../api/apps/v1/replicaset.ts'
import type { EventType } from '../../client/event-recorder.ts'
import { quote } from '../../machinery/go-text.ts'
import { type Annotations, ofRolledBack, revisionOf, withoutRollback } from './annotations.ts'
import { type Rollout, sameTemplate, withoutHash } from './rollout.ts'

/** To `asked`, or, if that is 0, to the last revision before this. Done or not, it is not asked for again. */
export async function rollBack(rollout: Rollout, asked: bigint): Promise<void> {
  await rollout.createCurrent()
  const { deployment, all, context } = rollout
  const tell = (type: EventType, reason: string, message: string) =>
    context.events.event(deployment, type, reason, message)
  const write = (annotations: Annotations | undefined, template = deployment.spec.template) =>
    context.client.resource(deployments).update({
      ...deployment,
      metadata: { ...deployment.metadata, annotations: withoutRollback(annotations) },
      spec: { ...deployment.spec, template },
    })
  const { annotations } = deployment.metadata
  const revision = asked === 0n ? lastRevision(all) : asked
  const target = all.find(replicaSet => revisionOf(replicaSet) === revision)
  if (revision === 0n || !target) {
    const missing = revision === 0n ? 'last revision.' : 'the revision to rollback to.'
    tell('Warning', 'DeploymentRollbackRevisionNotFound', `Unable to find ${missing}`)
    await write(annotations)
    return
  }
  const name = quote(deployment.metadata.name!)
  if (sameTemplate(deployment.spec.template, target.spec.template)) {
    const message = `The rollback revision contains the same template as current deployment ${name}`
    tell('Warning', 'DeploymentRollbackTemplateUnchanged', message)
    await write(annotations)
    return
  }
  await write(ofRolledBack(deployment, target), withoutHash(target.spec.template!))
  tell('Normal', 'DeploymentRollback', `Rolled back deployment ${name} to revision ${revision}`)
}

/** The second highest. */
function lastRevision(replicaSets: readonly ReplicaSet[]): bigint {
  let [highest, second] = [0n, 0n]
  for (const revision of replicaSets.map(revisionOf)) {
    if (revision >= highest) [highest, second] = [revision, highest]
    else if (revision > second) second = revision
  }
  return second
}
