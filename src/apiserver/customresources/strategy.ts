// What creating and updating a custom resource checks and resets, as its definition says.

import type {
  CustomResourceDefinitionVersion,
  CustomResourceSubresourceScale,
} from '../../api/apiextensions/v1/customresourcedefinition.ts'
import type { KubeObject, ResourceDeclaration } from '../../api/resource.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { type FieldError, invalid } from '../../machinery/field-error.ts'
import { root } from '../../machinery/field-path.ts'
import { compareText, goTypeOf, goValue, quote } from '../../machinery/go-text.ts'
import { isInt64 } from '../../machinery/json/numbers.ts'
import { forbidden } from '../../machinery/status-error.ts'
import { Correlated } from '../../machinery/structural/correlation.ts'
import { validateEmbedded } from '../../machinery/structural/embedded-resources.ts'
import { validateListTypes } from '../../machinery/structural/list-types.ts'
import type { RuleValidator } from '../../machinery/structural/rules/validator.ts'
import { type JsonSchema, propertyOf } from '../../machinery/structural/schema.ts'
import { validateValue } from '../../machinery/structural/validator.ts'
import { isQualifiedName } from '../../machinery/validation/names.ts'
import type { Strategy, StrategyContext } from '../registry/strategy.ts'
import { pathSteps, valueAt } from './simple-path.ts'

export interface StrategyOptions {
  readonly declaration: ResourceDeclaration
  readonly version: CustomResourceDefinitionVersion
  readonly schema: JsonSchema | undefined
  readonly rules: RuleValidator | undefined
  readonly isTerminating: boolean
}

/** Failures after which rules would fail for the wrong reason. */
const blocking = new Set<FieldError['type']>([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])

export function customStrategy({ declaration, version, schema, rules, isTerminating }: StrategyOptions): Strategy {
  const hasStatus = version.subresources?.status !== undefined
  const scale = version.subresources?.scale
  const statusSchema = propertyOf(schema, 'status')

  const withRules = (
    before: readonly FieldError[],
    errors: FieldError[],
    context: StrategyContext,
    object: KubeObject,
    old?: KubeObject,
    correlated?: Correlated,
  ): FieldError[] => {
    if (!rules) return errors
    if ([...before, ...errors].some(({ type }) => blocking.has(type)))
      return [
        ...errors,
        invalid(
          undefined,
          null,
          'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
        ),
      ]
    const { warn } = context
    return [...errors, ...rules.validate({ path: undefined, value: object, old, correlated, warn })]
  }

  return {
    allowUnconditionalUpdate: false,
    // A status that is no subresource is kept.
    keepsStatusAtCreate: !hasStatus,
    beginCreate(object) {
      if (isTerminating)
        throw forbidden(
          declaration,
          object.metadata.name ?? '',
          'create not allowed while custom resource definition is terminating',
        )
      return undefined
    },
    prepareForCreate(object) {
      object.metadata['generation'] = 1
    },
    prepareForUpdate(object, old) {
      const parts = new Set([...Object.keys(object), ...Object.keys(old)])
      parts.delete('metadata')
      const changed = [...parts].some(part => !deepEqual(object[part], old[part]))
      if (changed) object.metadata['generation'] = (old.metadata['generation'] ?? 0) + 1
    },
    prepareForStatusUpdate(object, old) {
      const { managedFields } = object.metadata
      object.metadata = { ...old.metadata, resourceVersion: object.metadata.resourceVersion }
      if (managedFields === undefined) delete object.metadata['managedFields']
      else object.metadata['managedFields'] = managedFields
    },
    validate(object, context, before) {
      const errors = [
        ...validateValue(undefined, schema, object),
        ...validateScaleSpec(object, scale),
        ...validateScaleStatus(object, scale),
        ...validateEmbedded(undefined, object, schema),
        ...validateListTypes(undefined, schema, object),
      ]
      return withRules(before, errors, context, object)
    },
    validateUpdate(object, old, context, before) {
      const correlated = new Correlated(object, old, schema)
      const errors = [
        ...validateValue(undefined, schema, object, correlated),
        ...validateScaleSpec(object, scale),
        ...validateScaleStatus(object, scale),
        ...validateEmbedded(undefined, object, schema),
        ...changedListTypes(schema, object, old),
      ]
      return withRules(before, errors, context, object, old, correlated)
    },
    validateStatusUpdate(object, old, context, before) {
      const correlated = new Correlated(object, old, schema)
      const { status } = object
      const errors = [
        ...(status === undefined
          ? []
          : validateValue(root('status'), statusSchema, status, correlated.field('status'))),
        ...validateScaleStatus(object, scale),
        ...changedListTypes(schema, object, old),
      ]
      return withRules(before, errors, context, object, old, correlated)
    },
    warnings(object, old, context) {
      return context.subresource === 'status' ? [] : finalizerWarnings(object, old)
    },
  }
}

/** Lists that were wrong before may stay wrong. */
function changedListTypes(schema: JsonSchema | undefined, object: KubeObject, old: KubeObject): FieldError[] {
  const errors = validateListTypes(undefined, schema, object)
  return errors.length > 0 && validateListTypes(undefined, schema, old).length > 0 ? [] : errors
}

const largestReplicas = 2 ** 31 - 1

function validateReplicas(object: KubeObject, path: string): FieldError[] {
  const at = root(path)
  const found = valueAt(object, path)
  if (found.problem !== undefined) return [invalid(at, 0, found.problem)]
  const { value } = found
  if (value === undefined) return []
  if (!isInt64(value)) return [invalid(at, 0, notOfType(path, value, 'int64'))]
  if (value < 0) return [invalid(at, value, 'should be a non-negative integer')]
  if (value > largestReplicas) return [invalid(at, value, `should be less than or equal to ${largestReplicas}`)]
  return []
}

function validateScaleSpec(object: KubeObject, scale: CustomResourceSubresourceScale | undefined): FieldError[] {
  return scale ? validateReplicas(object, scale.specReplicasPath) : []
}

function validateScaleStatus(object: KubeObject, scale: CustomResourceSubresourceScale | undefined): FieldError[] {
  if (!scale) return []
  const errors = validateReplicas(object, scale.statusReplicasPath)
  const { labelSelectorPath } = scale
  if (!labelSelectorPath) return errors
  const { value, problem } = valueAt(object, labelSelectorPath)
  if (problem !== undefined) errors.push(invalid(root(labelSelectorPath), '', problem))
  else if (value !== undefined && typeof value !== 'string')
    errors.push(invalid(root(labelSelectorPath), '', notOfType(labelSelectorPath, value, 'string')))
  return errors
}

/** Go's words for a value of another type than was asked for. */
export function notOfType(path: string, value: unknown, wanted: string): string {
  return `.${pathSteps(path).join('.')} accessor error: ${goValue(value)} is of the type ${goTypeOf(value)}, expected ${wanted}`
}

const standardFinalizers = new Set(['orphan', 'foregroundDeletion', 'kubernetes'])

function finalizerWarnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const before: readonly string[] = old?.metadata['finalizers'] ?? []
  const added: string[] = (object.metadata['finalizers'] ?? []).filter((name: string) => !before.includes(name))
  return [...new Set(added)].sort(compareText).flatMap(name => {
    const start = `metadata.finalizers: ${quote(name)}:`
    const warnings = isQualifiedName(name).map(message => `${start} ${message}`)
    if (name.includes('/') || standardFinalizers.has(name)) return warnings
    const path = name.includes('.') ? ' including a path (/)' : ''
    return [
      ...warnings,
      `${start} prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`,
    ]
  })
}
