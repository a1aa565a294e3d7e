// One reconcile of one Deployment: the Deployment as it is by now, its ReplicaSets, and the few things that are done to
// them. The strategies (`rolling-update.ts`, `recreate.ts`, `scaling.ts`) are written in its terms.

import { type Deployment, type DeploymentStatus, deployments } from '../../api/apps/v1/deployment.ts'
import { type ReplicaSet, replicaSets } from '../../api/apps/v1/replicaset.ts'
import type { PodTemplateSpec } from '../../api/core/v1/pod.ts'
import type { Draft } from '../../client/client.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { controllerOf, controllerReference } from '../../client/controller.ts'
import { keyFor } from '../../client/object-key.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { quote } from '../../machinery/go-text.ts'
import { fnv1a32, hashObject } from '../../machinery/hash.ts'
import { safeEncodeString } from '../../machinery/random-suffix.ts'
import { hasStatusCause, isAlreadyExists } from '../../machinery/status-error.ts'
import { ofNewReplicaSet, revisionAnnotation, revisionOf, withSize } from './annotations.ts'
import { conditionOf, hasProgressDeadline, newCondition, withCondition } from './conditions.ts'
import { byCreation, maxSurge, newReplicaSetSize, replicasOf } from './sizes.ts'

const hashLabel = 'pod-template-hash'
const maxNameLength = 253

export class Rollout {
  readonly context: ReconcileContext
  /** As the server has it after what this reconcile wrote. */
  deployment: Deployment
  /** All but the new one. */
  old: ReplicaSet[]
  /** The one whose template is the Deployment's; undefined until it is created. */
  current: ReplicaSet | undefined

  constructor(context: ReconcileContext, deployment: Deployment, owned: readonly ReplicaSet[]) {
    this.context = context
    this.deployment = deployment
    const sorted = [...owned].sort(byCreation)
    this.current = sorted.find(({ spec }) => sameTemplate(spec.template, deployment.spec.template))
    this.old = sorted.filter(replicaSet => replicaSet !== this.current)
  }

  get all(): readonly ReplicaSet[] {
    return this.current ? [...this.old, this.current] : this.old
  }

  /** Gives the new ReplicaSet, if there is one, its revision and what else the Deployment wants noted on it. */
  async adoptCurrent(): Promise<void> {
    if (!this.current) return
    const { deployment } = this
    const { minReadySeconds } = deployment.spec
    const annotations = ofNewReplicaSet(deployment, this.current.metadata.annotations ?? {}, this.#nextRevision())
    const changed =
      !semanticEqual(annotations, this.current.metadata.annotations) ||
      (this.current.spec.minReadySeconds ?? 0) !== (minReadySeconds ?? 0)
    if (changed) {
      await this.#update(this.current, { annotations, spec: { ...this.current.spec, minReadySeconds } })
    }
    const status =
      hasProgressDeadline(deployment) && !conditionOf(deployment.status, 'Progressing')
        ? this.withProgress('True', 'FoundNewReplicaSet', `Found new replica set ${quote(this.current.metadata.name!)}`)
        : deployment.status
    await this.#note(String(revisionOf(this.current)), status)
  }

  /** Creates the ReplicaSet of the template, as large as it may be now. */
  async createCurrent(): Promise<void> {
    if (this.current) return
    const { context, deployment } = this
    const { name = '', namespace } = deployment.metadata
    const hash = templateHash(deployment.spec.template, deployment.status.collisionCount)
    const revision = this.#nextRevision()
    const size = newReplicaSetSize(deployment, this.old, 0)
    const draft = this.#replicaSetDraft(
      `${name.slice(0, maxNameLength - 1 - hash.length)}-${hash}`,
      hash,
      revision,
      size,
    )
    let existed = false
    try {
      this.current = await context.client.resource(replicaSets).namespace(namespace).create(draft)
    } catch (error) {
      if (hasStatusCause(error, 'NamespaceTerminating')) throw error
      if (!isAlreadyExists(error)) return this.#failedToCreate(draft.metadata!.name!, error as Error)
      this.current = await this.#existing(draft.metadata!.name!, error)
      existed = true
    }
    if (!existed && size > 0)
      context.events.event(
        deployment,
        'Normal',
        'ScalingReplicaSet',
        `Scaled up replica set ${this.current.metadata.name} from 0 to ${size}`,
      )
    const status =
      !existed && hasProgressDeadline(deployment)
        ? this.withProgress(
            'True',
            'NewReplicaSetCreated',
            `Created new replica set ${quote(this.current.metadata.name!)}`,
          )
        : deployment.status
    await this.#note(String(revision), status)
  }

  /** Makes the ReplicaSet that large, and says so in an event. Answers whether that was a change. */
  scale(replicaSet: ReplicaSet, size: number): Promise<boolean> {
    return replicasOf(replicaSet) === size ? Promise.resolve(false) : this.share(replicaSet, size)
  }

  /** As `scale`, and notes on the ReplicaSet how many there are of all together, whether its own share has changed or not. */
  async share(replicaSet: ReplicaSet, size: number): Promise<boolean> {
    const { context, deployment } = this
    const before = replicasOf(replicaSet)
    const desired = replicasOf(deployment)
    const annotations = withSize(replicaSet.metadata.annotations, desired, desired + maxSurge(deployment))
    const resized = before !== size
    if (!resized && semanticEqual(annotations, replicaSet.metadata.annotations)) return false
    await this.#update(replicaSet, { annotations, spec: { ...replicaSet.spec, replicas: size } })
    if (resized)
      context.events.event(
        deployment,
        'Normal',
        'ScalingReplicaSet',
        `Scaled ${before < size ? 'up' : 'down'} replica set ${replicaSet.metadata.name} from ${before} to ${size}`,
      )
    return resized
  }

  async updateStatus(status: DeploymentStatus): Promise<void> {
    await this.#write({ ...this.deployment, status })
  }

  /** The status with this Progressing condition. */
  withProgress(status: 'True' | 'False' | 'Unknown', reason: string, message: string): DeploymentStatus {
    const condition = newCondition('Progressing', status, reason, message, this.context.clock.now())
    return withCondition(this.deployment.status, condition)
  }

  #nextRevision(): bigint {
    const newest = this.old.map(revisionOf).reduce((max, revision) => (revision > max ? revision : max), 0n)
    return BigInt.asIntN(64, newest + 1n)
  }

  #replicaSetDraft(name: string, hash: string, revision: bigint, size: number): Draft<ReplicaSet> {
    const { deployment } = this
    const { template, selector, minReadySeconds } = deployment.spec
    const labels = { ...template.metadata?.labels, [hashLabel]: hash }
    const desired = replicasOf(deployment)
    return {
      metadata: {
        name,
        namespace: deployment.metadata.namespace,
        labels,
        annotations: withSize(ofNewReplicaSet(deployment, {}, revision), desired, desired + maxSurge(deployment)),
        ownerReferences: [controllerReference(deployment, deployments)],
      },
      spec: {
        replicas: size,
        minReadySeconds,
        selector: { ...selector, matchLabels: { ...selector?.matchLabels, [hashLabel]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    }
  }

  /**
   * There is one of the name already. If it is ours and of this template, the cache was just late. Otherwise two templates
   * have the same hash: the count of collisions becomes part of the next.
   */
  async #existing(name: string, alreadyExists: unknown): Promise<ReplicaSet> {
    const { context, deployment } = this
    const { namespace } = deployment.metadata
    const found =
      context.lister(replicaSets).get(keyFor(namespace, name)) ??
      (await context.client.resource(replicaSets).namespace(namespace).get(name))
    const ours = controllerOf(found)?.uid === deployment.metadata.uid
    if (ours && sameTemplate(found.spec.template, deployment.spec.template)) return found
    const collisionCount = (deployment.status.collisionCount ?? 0) + 1
    await this.updateStatus({ ...deployment.status, collisionCount })
    throw alreadyExists
  }

  async #failedToCreate(name: string, error: Error): Promise<never> {
    const message = `Failed to create new replica set ${quote(name)}: ${error.message}`
    if (hasProgressDeadline(this.deployment))
      await this.updateStatus(this.withProgress('False', 'ReplicaSetCreateError', message))
    this.context.events.event(this.deployment, 'Warning', 'ReplicaSetCreateError', message)
    throw error
  }

  async #update(
    replicaSet: ReplicaSet,
    { annotations, spec }: { annotations: Readonly<Record<string, string>>; spec: ReplicaSet['spec'] },
  ): Promise<void> {
    const updated = await this.context.client
      .resource(replicaSets)
      .update({ ...replicaSet, metadata: { ...replicaSet.metadata, annotations }, spec })
    if (this.current === replicaSet) this.current = updated
    else this.old = this.old.map(each => (each === replicaSet ? updated : each))
  }

  /** The revision on the Deployment itself, and its status, in one write: a status update carries annotations. */
  async #note(revision: string, status: DeploymentStatus): Promise<void> {
    const { metadata } = this.deployment
    if (metadata.annotations?.[revisionAnnotation] === revision && status === this.deployment.status) return
    const annotations = { ...metadata.annotations, [revisionAnnotation]: revision }
    await this.#write({ ...this.deployment, metadata: { ...metadata, annotations }, status })
  }

  async #write(deployment: Deployment): Promise<void> {
    this.deployment = await this.context.client.resource(deployments).updateStatus(deployment)
  }
}

/** The templates are the same, but for the label that this controller adds. */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return semanticEqual(withoutHash(a), withoutHash(b))
}

export function withoutHash<T extends PodTemplateSpec | undefined>(template: T): T {
  if (template?.metadata?.labels?.[hashLabel] === undefined) return template
  const { [hashLabel]: _, ...labels } = template.metadata.labels
  return { ...template, metadata: { ...template.metadata, labels } }
}

/** Names the ReplicaSet of a template: the same for the same template, until names have collided. */
export function templateHash(template: PodTemplateSpec, collisionCount: number | undefined): string {
  const hash = hashObject(template)
  return safeEncodeString(String(collisionCount === undefined ? hash : fnv1a32(`${hash}/${collisionCount}`)))
}
