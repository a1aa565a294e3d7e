// Validation every object gets, then its strategy's own.

import type { KubeObject } from '../../api/resource.ts'
import type { FieldError } from '../../machinery/field-error.ts'
import { root } from '../../machinery/field-path.ts'
import { nameIsDNSSubdomain } from '../../machinery/validation/names.ts'
import { validateObjectMeta, validateObjectMetaUpdate } from '../../machinery/validation/object-meta.ts'
import type { ServedResource } from './registry.ts'
import type { StrategyContext } from './strategy.ts'

const metadata = root('metadata')

export function validateNew(resource: ServedResource, object: KubeObject, context: StrategyContext): FieldError[] {
  const { declaration, strategy } = resource
  const errors = validateObjectMeta(
    object.metadata,
    { namespaced: declaration.namespaced, nameFn: strategy.validateName ?? nameIsDNSSubdomain },
    metadata,
  )
  return strategy.validate ? [...errors, ...strategy.validate(object, context)] : errors
}

export function validateChanged(
  resource: ServedResource,
  object: KubeObject,
  old: KubeObject,
  context: StrategyContext,
): FieldError[] {
  const { strategy } = resource
  const errors = validateObjectMetaUpdate(object.metadata, old.metadata, metadata)
  const own =
    context.subresource === 'status'
      ? strategy.validateStatusUpdate?.(object, old, context)
      : strategy.validateUpdate?.(object, old, context)
  return own ? [...errors, ...own] : errors
}
