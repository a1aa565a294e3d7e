// Validation every object gets, then its strategy's own.

import { checkStandardFinalizer } from '../../api/core/v1/finalizer.validation.ts'
import { shownInternally } from '../../api/go/internal-form.ts'
import { groupResource, type KubeObject, type ResourceDeclaration } from '../../api/resource.ts'
import type { FieldError } from '../../machinery/field-error.ts'
import { root } from '../../machinery/field-path.ts'
import type { GroupKind } from '../../machinery/status-error.ts'
import { nameIsDNSSubdomain, nameIsPathSegment } from '../../machinery/validation/names.ts'
import {
  validateIdentity,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '../../machinery/validation/object-meta.ts'
import type { ServedResource } from './registry.ts'
import type { StrategyContext } from './strategy.ts'

const metadata = root('metadata')
const finalizers = metadata.child('finalizers')

/** Whose finalizers may be called anything; upstream checks the metadata of all other kinds as that of pods. */
const groupsOfAnyFinalizers = new Set([
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'policy',
])

function checkFinalizers(
  { custom, group, resource }: ResourceDeclaration,
  object: KubeObject,
  errors: FieldError[],
): void {
  const names: readonly string[] | undefined = object.metadata['finalizers']
  if (!names || custom || groupsOfAnyFinalizers.has(group) || (group === '' && resource === 'events')) return
  for (const [index, name] of names.entries()) checkStandardFinalizer(name, finalizers.index(index), errors)
}

/** Upstream speaks of all events as of those of the core group. */
export const refusedAs = (declaration: ResourceDeclaration): GroupKind =>
  declaration.group === 'events.k8s.io' ? { ...declaration, group: '' } : declaration

export function validateNew(resource: ServedResource, object: KubeObject, context: StrategyContext): FieldError[] {
  const { declaration, strategy } = resource
  const errors = validateObjectMeta(
    object.metadata,
    { namespaced: declaration.namespaced, nameFn: strategy.validateName ?? nameIsDNSSubdomain },
    metadata,
  )
  checkFinalizers(declaration, object, errors)
  if (!strategy.validate) return errors
  return shown(declaration, object, [...errors, ...strategy.validate(object, context, errors)])
}

const shown = ({ custom, schema }: ResourceDeclaration, object: KubeObject, errors: FieldError[]): FieldError[] =>
  errors.length === 0 || custom ? errors : shownInternally(schema, errors, object)

type MetadataCheck = 'changes' | 'whole'

/** What kinds check of metadata when they are updated, if not only what changed: `whole` as on creation. */
const metadataChecks: Readonly<Record<string, readonly MetadataCheck[]>> = {
  ...checks(['changes', 'whole'], 'configmaps secrets serviceaccounts pods endpoints persistentvolumeclaims'),
  ...checks(['changes', 'whole'], 'controllerrevisions.apps volumeattributesclasses.storage.k8s.io'),
  ...checks(['changes', 'whole'], 'ingresses.networking.k8s.io ingressclasses.networking.k8s.io'),
  ...checks(
    ['whole', 'changes'],
    'nodes deviceclasses.resource.k8s.io ipaddresses.networking.k8s.io runtimeclasses.node.k8s.io',
  ),
  ...checks(['whole', 'changes'], 'storageclasses.storage.k8s.io csistoragecapacities.storage.k8s.io'),
  ...checks(['whole', 'changes'], 'resourceclaims.resource.k8s.io resourceclaimtemplates.resource.k8s.io'),
  ...checks(['whole', 'changes'], 'certificatesigningrequests.certificates.k8s.io'),
  ...checks(['whole', 'changes'], 'roles.rbac.authorization.k8s.io rolebindings.rbac.authorization.k8s.io'),
  ...checks(
    ['whole', 'changes'],
    'clusterroles.rbac.authorization.k8s.io clusterrolebindings.rbac.authorization.k8s.io',
  ),
  ...checks(['whole', 'whole'], 'persistentvolumes'),
  // What changes comes after its spec: see there.
  ...checks(['whole'], 'jobs.batch'),
  ...checks(['whole'], 'limitranges endpointslices.discovery.k8s.io'),
  ...checks(['whole'], 'csinodes.storage.k8s.io volumeattachments.storage.k8s.io'),
  ...checks(
    ['whole'],
    'flowschemas.flowcontrol.apiserver.k8s.io prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
  ),
  ...checks([], 'events poddisruptionbudgets.policy'),
}

function checks(made: readonly MetadataCheck[], resources: string): Record<string, readonly MetadataCheck[]> {
  return Object.fromEntries(resources.split(' ').map(resource => [resource, made]))
}

const checksOf = ({ declaration }: ServedResource): readonly MetadataCheck[] => {
  if (declaration.group === 'admissionregistration.k8s.io') return ['whole']
  return metadataChecks[groupResource(declaration)] ?? ['changes']
}

/**
 * Upstream checks the metadata of an update as that of anything, and then with what the kind itself checks. Whatever is
 * wrong is named each time among the causes.
 */
function validateChangedMetadata(
  resource: ServedResource,
  object: KubeObject,
  old: KubeObject,
  subresource: string,
): FieldError[] {
  const { declaration, strategy } = resource
  const { metadata: meta } = object
  const { namespaced } = declaration
  const errors = validateObjectMeta(meta, { namespaced, nameFn: nameIsPathSegment }, metadata)
  const identity = validateIdentity(meta, old.metadata, metadata)
  // Nothing else can be wrong in what has neither.
  if (errors.length === 0 && identity.length === 0 && !meta['finalizers'] && !meta['generateName']) return errors
  const changes = validateObjectMetaUpdate(meta, old.metadata, metadata)
  errors.push(...changes)
  for (const check of subresource === 'status' ? (['changes'] as const) : checksOf(resource)) {
    const nameFn = strategy.validateName ?? nameIsDNSSubdomain
    errors.push(...(check === 'whole' ? validateObjectMeta(meta, { namespaced, nameFn }, metadata) : changes))
    checkFinalizers(declaration, object, errors)
  }
  return errors
}

export function validateChanged(
  resource: ServedResource,
  object: KubeObject,
  old: KubeObject,
  context: StrategyContext,
): FieldError[] {
  const { strategy } = resource
  const errors = validateChangedMetadata(resource, object, old, context.subresource)
  const own =
    context.subresource === 'status'
      ? strategy.validateStatusUpdate?.(object, old, context, errors)
      : strategy.validateUpdate?.(object, old, context, errors)
  return own ? shown(resource.declaration, object, [...errors, ...own]) : errors
}
