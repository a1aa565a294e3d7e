// What is done with each definition: decide on its names and conditions, serve its resources, clean up after it. Loaded
// when there is a first one.

import { approvalOf, isProtectedGroup } from '../../api/apiextensions/v1/api-approval.ts'
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
} from '../../api/apiextensions/v1/customresourcedefinition.ts'
import { groupResource, type KubeObject } from '../../api/resource.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { aggregateMessage, fieldErrorMessage, invalid } from '../../machinery/field-error.ts'
import { root } from '../../machinery/field-path.ts'
import { unsupportedIn, validateStructural } from '../../machinery/structural/structural-rules.ts'
import { validateCABundle } from '../../machinery/validation/webhook.ts'
import type { ServerContext } from '../server-context.ts'
import { acceptNames, type NamesVerdict } from './accepted-names.ts'
import type { CelMetrics } from './cel-metrics.ts'
import { type Cleaned, cleanUp } from './cleanup.ts'
import { type Condition, findCondition, isTrue } from './conditions.ts'
import { rewriteVersion, webhookConverter } from './conversion.ts'
import { resourcesOf } from './definition.ts'

interface Served {
  readonly uid: string | undefined
  readonly spec: CustomResourceDefinitionSpec
  readonly names: unknown
  readonly isTerminating: boolean
  readonly storage: string
}

export class Serving {
  readonly #server: ServerContext
  readonly #celMetrics: CelMetrics
  readonly #look: (name: string) => void
  readonly #served = new Map<string, Served>()
  readonly #groups = new Map<string, string>()
  /** Those whose stored definitions say that they are served. */
  readonly #established = new Set<string>()

  constructor(server: ServerContext, celMetrics: CelMetrics, look: (name: string) => void) {
    this.#server = server
    this.#celMetrics = celMetrics
    this.#look = look
  }

  names(crd: CustomResourceDefinition, others: Iterable<CustomResourceDefinition>): NamesVerdict | undefined {
    return acceptNames(crd, others)
  }

  /** The conditions that hold before it is served. */
  conditions(crd: CustomResourceDefinition, verdict: NamesVerdict | undefined): Condition[] {
    const conditions: Condition[] = []
    if (verdict) {
      conditions.push(verdict.condition)
      const established = findCondition(crd, 'Established')
      if (verdict.condition.status !== 'True' && !established)
        conditions.push({
          type: 'Established',
          status: 'False',
          reason: 'NotAccepted',
          message: 'not all names are accepted',
        })
    }
    const nonStructural = nonStructuralCondition(crd)
    if (nonStructural) conditions.push(nonStructural)
    const approval = approvalCondition(crd)
    if (approval) conditions.push(approval)
    return conditions
  }

  conditionsToRemove(crd: CustomResourceDefinition): string[] {
    return findCondition(crd, 'NonStructuralSchema') && !nonStructuralCondition(crd) ? ['NonStructuralSchema'] : []
  }

  /** Whether it is established now; undefined when it was, or is not to be. */
  established(crd: CustomResourceDefinition): Condition | undefined {
    if (!isTrue(crd, 'NamesAccepted') || isTrue(crd, 'Established')) return undefined
    const bundle = crd.spec.conversion?.webhook?.clientConfig?.caBundle
    if (bundle && validateCABundle(root(''), bundle).length > 0)
      return {
        type: 'Established',
        status: 'False',
        reason: 'InvalidCABundle',
        message: 'The conversion webhook CABundle is invalid',
      }
    return {
      type: 'Established',
      status: 'True',
      reason: 'InitialNamesAccepted',
      message: 'the initial names have been accepted',
    }
  }

  /** Takes note of what the stored definition says. */
  noteStored(crd: CustomResourceDefinition): void {
    const name = crd.metadata.name!
    if (isTrue(crd, 'Established') === this.#established.has(name)) return
    if (!this.#established.delete(name)) this.#established.add(name)
    if (this.#served.has(name)) this.#server.registry.changed()
  }

  /** Serves the definition's resources, if its names are its own; resolves when they can be used. */
  async serve(crd: CustomResourceDefinition): Promise<void> {
    const name = crd.metadata.name!
    this.#groups.set(name, crd.spec.group)
    if (!isTrue(crd, 'NamesAccepted') && !isTrue(crd, 'Established')) return
    const before = this.#served.get(name)
    const { uid } = crd.metadata
    const isTerminating = isTrue(crd, 'Terminating')
    if (before && before.uid !== uid) await this.withdraw(name)
    const same =
      before &&
      before.uid === uid &&
      deepEqual(before.spec, crd.spec) &&
      deepEqual(before.names, crd.status.acceptedNames)
    if (same && before.isTerminating === isTerminating) return
    const additions = resourcesOf(crd, {
      converter: this.#converterOf(crd),
      isTerminating,
      isEstablished: () => this.#established.has(name),
      celMetrics: this.#celMetrics,
    })
    const storage = groupResource({ group: crd.spec.group, resource: crd.status.acceptedNames.plural })
    await this.#server.registry.bring(name, additions)
    this.#served.set(name, {
      uid,
      spec: crd.spec,
      names: crd.status.acceptedNames,
      isTerminating,
      storage,
    })
    // Whoever watches the old form comes back for the new one.
    if (before && !same) this.#server.registry.findStorage(storage)?.cache.endWatches()
  }

  /** Serves it no longer. Returns its group, if it was known. */
  async withdraw(name: string): Promise<string | undefined> {
    const group = this.#groups.get(name)
    const served = this.#served.get(name)
    this.#served.delete(name)
    this.#groups.delete(name)
    this.#established.delete(name)
    if (served) {
      await this.#server.registry.bring(name, [])
      this.#server.registry.closeStorage(served.storage)
    }
    return group
  }

  cleanUp(
    crd: CustomResourceDefinition,
    write: (crd: CustomResourceDefinition) => Promise<KubeObject | undefined>,
  ): Promise<Cleaned> {
    return cleanUp(this.#server, crd, write, () => this.#look(crd.metadata.name!))
  }

  #converterOf(crd: CustomResourceDefinition) {
    if (crd.spec.conversion?.strategy !== 'Webhook') return rewriteVersion
    const { random } = this.#server.env
    return webhookConverter({ crd, webhooks: this.#server.webhooks, uid: () => random.uuid() })
  }
}

function nonStructuralCondition({ spec }: CustomResourceDefinition): Condition | undefined {
  const errors = spec.preserveUnknownFields
    ? [invalid(root('spec', 'preserveUnknownFields'), true, 'must be false')]
    : []
  for (const [index, version] of spec.versions.entries()) {
    const schema = version.schema?.openAPIV3Schema
    if (!schema) continue
    const unsupported = unsupportedIn(schema)
    if (unsupported !== undefined)
      return {
        type: 'NonStructuralSchema',
        status: 'Unknown',
        reason: 'StructuralError',
        message: `failed to check validation schema for version ${version.name}: ${unsupported}`,
      }
    const path = root('spec', 'versions').index(index).child('schema', 'openAPIV3Schema')
    errors.push(...validateStructural(path, schema))
  }
  if (errors.length === 0) return undefined
  return {
    type: 'NonStructuralSchema',
    status: 'True',
    reason: 'Violations',
    message: aggregateMessage(errors.map(fieldErrorMessage)),
  }
}

const approvalReasons = {
  invalid: ['False', 'InvalidAnnotation'],
  missing: ['False', 'MissingAnnotation'],
  approved: ['True', 'ApprovedAnnotation'],
  bypassed: ['False', 'UnapprovedAnnotation'],
} as const

function approvalCondition({ spec, metadata }: CustomResourceDefinition): Condition | undefined {
  if (!isProtectedGroup(spec.group)) return undefined
  const { state, reason: message } = approvalOf(metadata.annotations)
  const [status, reason] = approvalReasons[state]
  return { type: 'KubernetesAPIApprovalPolicyConformant', status, reason, message }
}
