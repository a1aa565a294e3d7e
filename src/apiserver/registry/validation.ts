// Validation every object gets, then its strategy's own.

import { checkStandardFinalizer } from '../../api/core/v1/finalizer.validation.ts'
import type { KubeObject, ResourceDeclaration } from '../../api/resource.ts'
import type { FieldError } from '../../machinery/field-error.ts'
import { root } from '../../machinery/field-path.ts'
import type { GroupKind } from '../../machinery/status-error.ts'
import { nameIsDNSSubdomain } from '../../machinery/validation/names.ts'
import { validateObjectMeta, validateObjectMetaUpdate } from '../../machinery/validation/object-meta.ts'
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

function checkFinalizers({ custom, group }: ResourceDeclaration, object: KubeObject, errors: FieldError[]): void {
  const names: readonly string[] | undefined = object.metadata['finalizers']
  if (!names || custom || groupsOfAnyFinalizers.has(group)) return
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
  return strategy.validate ? [...errors, ...strategy.validate(object, context, errors)] : errors
}

export function validateChanged(
  resource: ServedResource,
  object: KubeObject,
  old: KubeObject,
  context: StrategyContext,
): FieldError[] {
  const { declaration, strategy } = resource
  const errors = validateObjectMetaUpdate(object.metadata, old.metadata, metadata)
  checkFinalizers(declaration, object, errors)
  const own =
    context.subresource === 'status'
      ? strategy.validateStatusUpdate?.(object, old, context, errors)
      : strategy.validateUpdate?.(object, old, context, errors)
  return own ? [...errors, ...own] : errors
}
