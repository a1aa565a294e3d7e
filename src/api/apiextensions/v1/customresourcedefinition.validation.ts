// What upstream refuses in a CustomResourceDefinition (apiextensions validation.go). What an older version of itself got
// wrong already may stay wrong: each requirement is dropped where the old object doesn't meet it.

import { deepEqual } from '../../../machinery/deep-equal.ts'
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
  tooMany,
} from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { byteLength, isPrint } from '../../../machinery/go-text.ts'
import { hasDefaults } from '../../../machinery/structural/default-values.ts'
import { resolveFieldPath } from '../../../machinery/structural/field-reference.ts'
import { type JsonSchema, someSchema } from '../../../machinery/structural/schema.ts'
import { unsupportedIn, validateStructural } from '../../../machinery/structural/structural-rules.ts'
import { isDNS1035Label, isDNS1123Subdomain } from '../../../machinery/validation/names.ts'
import { validateImmutableField } from '../../../machinery/validation/object-meta.ts'
import { validateCABundle, validateWebhookService, validateWebhookURL } from '../../../machinery/validation/webhook.ts'
import { approvalOf, approvedAnnotation, isProtectedGroup } from './api-approval.ts'
import type {
  CustomResourceColumnDefinition,
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
} from './customresourcedefinition.ts'
import { type RuleCheck, validateDefaults } from './default-values.validation.ts'
import {
  hasInvalidType,
  isSetOfOthers,
  type Places,
  type SchemaRules,
  usesExtensions,
  validateMapListKeys,
  validateOpenAPISchema,
  validateRootWithStatus,
} from './jsonschemaprops.validation.ts'

export const maxSelectableFields = 8

/** What is known of expressions, where they can be compiled. */
export interface RuleCompiler {
  /** For one version's schema: how its rules are compiled, and what they all cost together. */
  open(
    schema: JsonSchema,
    options: { readonly isUnchanged: boolean },
  ): {
    readonly place: unknown
    readonly places: Places
    readonly checkRules: NonNullable<SchemaRules['checkRules']>
    total(path: FieldPath): FieldError[]
  }
  readonly checkDefault: RuleCheck
}

interface Options extends Omit<SchemaRules, 'checkRules'> {
  readonly requireRecognizedReviewVersion: boolean
  readonly requireImmutableNames: boolean
  readonly requireSchema: boolean
  readonly requireStructural: boolean
  readonly requirePrunedDefaults: boolean
  readonly allowInvalidCABundle: boolean
  readonly tooManySelectableFields: ReadonlySet<string>
  readonly unchangedSchemas: ReadonlySet<string>
  readonly compiler?: RuleCompiler
}

const schemaOf = ({ schema }: CustomResourceDefinitionVersion): JsonSchema | undefined => schema?.openAPIV3Schema
/** A client may send null. */
const versionsOf = ({ versions }: CustomResourceDefinitionSpec): readonly CustomResourceDefinitionVersion[] =>
  versions ?? []

const schemasOf = (spec: CustomResourceDefinitionSpec): JsonSchema[] =>
  versionsOf(spec)
    .map(schemaOf)
    .filter(schema => schema !== undefined)

export function isConditionTrue({ status }: CustomResourceDefinition, type: string): boolean {
  return status?.conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false
}

export function validateCustomResourceDefinition(crd: CustomResourceDefinition, compiler?: RuleCompiler): FieldError[] {
  return [
    ...validateSpec(crd.spec, root('spec'), {
      requireRecognizedReviewVersion: true,
      requireImmutableNames: false,
      requireSchema: true,
      requireValidPropertyType: true,
      requireStructural: true,
      requirePrunedDefaults: true,
      requireAtomicSetType: true,
      requireMapListKeys: true,
      allowInvalidCABundle: true,
      tooManySelectableFields: new Set(),
      unchangedSchemas: new Set(),
      compiler,
    }),
    ...validateCustomResourceDefinitionStatus(crd),
    ...validateStoredVersions(crd),
    ...validateApproval(crd, undefined),
    ...validatePreserveUnknownFields(crd, undefined),
  ]
}

/** Further problems of the name, which must be made of the plural and the group. */
export function validateCustomResourceDefinitionName({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  const name = metadata.name ?? ''
  return name === `${spec.names.plural}.${spec.group}` || name === ''
    ? []
    : [invalid(root('metadata', 'name'), name, 'must be spec.names.plural+"."+spec.group')]
}

export function validateCustomResourceDefinitionUpdate(
  crd: CustomResourceDefinition,
  old: CustomResourceDefinition,
  compiler?: RuleCompiler,
): FieldError[] {
  const oldSchemas = schemasOf(old.spec)
  const has = (is: (schema: JsonSchema) => boolean) => oldSchemas.some(schema => someSchema(schema, is))
  const options: Options = {
    requireRecognizedReviewVersion: hasRecognizedVersion(old.spec.conversion?.webhook?.conversionReviewVersions),
    requireImmutableNames: isConditionTrue(old, 'Established'),
    requireSchema: oldSchemas.length === versionsOf(old.spec).length,
    requireValidPropertyType: !oldSchemas.some(hasInvalidType),
    requireStructural: !oldSchemas.some(isNonStructural),
    requirePrunedDefaults: true,
    requireAtomicSetType: !has(isSetOfOthers),
    requireMapListKeys: !has(schema => validateMapListKeys(schema, root('')).length > 0),
    allowInvalidCABundle: mayHaveInvalidCABundle(old),
    tooManySelectableFields: new Set(
      versionsOf(crd.spec)
        .filter(({ name, selectableFields }) => {
          const before = versionsOf(old.spec).find(version => version.name === name)?.selectableFields
          return (before?.length ?? 0) > maxSelectableFields && deepEqual(before, selectableFields)
        })
        .map(({ name }) => name),
    ),
    unchangedSchemas: new Set(
      versionsOf(crd.spec)
        .filter(version => {
          const before = versionsOf(old.spec).find(({ name }) => name === version.name)
          return before !== undefined && deepEqual(version.schema, before.schema)
        })
        .map(({ name }) => name),
    ),
    compiler,
  }
  return [
    ...validateSpecUpdate(crd.spec, old.spec, options),
    ...validateCustomResourceDefinitionStatus(crd),
    ...validateStoredVersions(crd),
    ...validateApproval(crd, old),
    ...validatePreserveUnknownFields(crd, old),
  ]
}

export function isNonStructural(schema: JsonSchema): boolean {
  return unsupportedIn(schema) !== undefined || validateStructural(undefined, schema).length > 0
}

function validateSpecUpdate(
  spec: CustomResourceDefinitionSpec,
  old: CustomResourceDefinitionSpec,
  options: Options,
): FieldError[] {
  const path = root('spec')
  const errors = validateSpec(spec, path, options)
  if (options.requireImmutableNames)
    errors.push(
      ...validateImmutableField(spec.scope, old.scope, path.child('scope')),
      ...validateImmutableField(spec.names.kind, old.names.kind, path.child('names', 'kind')),
    )
  errors.push(
    ...validateImmutableField(spec.group, old.group, path.child('group')),
    ...validateImmutableField(spec.names.plural, old.names.plural, path.child('names', 'plural')),
  )
  return errors
}

function validateSpec(spec: CustomResourceDefinitionSpec, path: FieldPath, given: Options): FieldError[] {
  const errors: FieldError[] = []
  const versions = versionsOf(spec)
  checkGroup(spec.group, path.child('group'), errors)
  checkOneOf(spec.scope, ['Cluster', 'Namespaced'], path.child('scope'), errors)
  let options = given
  const requireStructural = () => {
    options = { ...options, requireStructural: true }
  }
  const prunes = !spec.preserveUnknownFields
  if (prunes) requireStructural()
  versions.forEach((version, index) => {
    if (schemaOf(version)) return
    const at = path.child('versions').index(index).child('schema', 'openAPIV3Schema')
    if (options.requireSchema) errors.push(required(at, ''))
    else if (prunes && version.served) errors.push(required(at, 'because otherwise all fields are pruned'))
  })
  const schemas = schemasOf(spec)
  if (schemas.some(hasDefaults)) {
    requireStructural()
    if (!prunes)
      errors.push(
        invalid(path.child('preserveUnknownFields'), true, 'must be false in order to use defaults in the schema'),
      )
  }
  if (schemas.some(usesExtensions)) requireStructural()
  const versionsPath = path.child('versions')
  const shared = sharedParts(versions)
  versions.forEach((version, index) => {
    const at = versionsPath.index(index)
    const problems = isDNS1035Label(version.name)
    if (problems.length > 0) errors.push(invalid(at.child('name'), version.name, problems.join(',')))
    checkVersion(version, at, shared, options, errors)
  })
  if (new Set(versions.map(({ name }) => name)).size !== versions.length)
    errors.push(invalid(versionsPath, printed(versions, shared), 'must contain unique version names'))
  if (versions.filter(({ storage }) => storage).length !== 1)
    errors.push(
      invalid(versionsPath, printed(versions, shared), 'must have exactly one version marked as storage version'),
    )
  // Upstream's own form has the first version's name in a field that was before there were more.
  const [first] = versions
  const wrong = first?.name ? isDNS1035Label(first.name) : []
  if (wrong.length > 0) errors.push(invalid(path.child('version'), first!.name, wrong.join(',')))
  for (const name of ['plural', 'singular', 'kind', 'listKind'] as const)
    if (!spec.names[name]) errors.push(required(path.child('names', name), ''))
  errors.push(...validateNames(spec.names, path.child('names')))
  checkShared(versions, path, shared, options, errors)
  const { conversion } = spec
  if (conversion && conversion.strategy !== 'None' && !prunes)
    errors.push(
      invalid(
        path.child('conversion', 'strategy'),
        conversion.strategy,
        'must be None if spec.preserveUnknownFields is true',
      ),
    )
  if (conversion) checkConversion(conversion, path.child('conversion'), options, errors)
  return errors
}

function checkGroup(group: string, path: FieldPath, errors: FieldError[]): void {
  if (group === '') {
    errors.push(required(path, ''))
    return
  }
  const problems = isDNS1123Subdomain(group)
  if (problems.length > 0) errors.push(invalid(path, group, problems.join(',')))
  else if (!group.includes('.')) errors.push(invalid(path, group, 'should be a domain with at least one dot'))
}

function checkOneOf(value: string, allowed: readonly string[], path: FieldPath, errors: FieldError[]): void {
  if (!value) errors.push(required(path, ''))
  else if (!allowed.includes(value)) errors.push(notSupported(path, value, allowed))
}

/** Parts that all versions have alike are, to upstream, parts of the spec: its messages name them there. */
interface SharedParts {
  readonly schema: boolean
  readonly subresources: boolean
  readonly additionalPrinterColumns: boolean
  readonly selectableFields: boolean
}

function sharedParts(versions: readonly CustomResourceDefinitionVersion[]): SharedParts {
  const alike = (part: keyof SharedParts) =>
    versions.every(version => deepEqual(version[part] ?? [], versions[0]![part] ?? []))
  return {
    schema: alike('schema'),
    subresources: alike('subresources'),
    additionalPrinterColumns: alike('additionalPrinterColumns'),
    selectableFields: alike('selectableFields'),
  }
}

/** As upstream has them: without what they share. */
function printed(versions: readonly CustomResourceDefinitionVersion[], shared: SharedParts): object[] | null {
  if (versions.length === 0) return null
  return versions.map(version => {
    const own: Partial<Record<string, unknown>> = { ...version }
    for (const part of Object.keys(shared) as (keyof SharedParts)[]) if (shared[part]) delete own[part]
    return own
  })
}

function checkVersion(
  version: CustomResourceDefinitionVersion,
  path: FieldPath,
  shared: SharedParts,
  options: Options,
  errors: FieldError[],
): void {
  for (const problem of deprecationProblems(version))
    errors.push(invalid(path.child('deprecationWarning'), version.deprecationWarning, problem))
  if (!shared.schema) checkSchema(version, path.child('schema'), !!version.subresources?.status, options, errors)
  if (!shared.subresources) errors.push(...validateSubresources(version.subresources, path.child('subresources')))
  if (!shared.additionalPrinterColumns) checkColumns(version, path, errors)
  if (shared.selectableFields || (version.selectableFields?.length ?? 0) === 0) return
  if (!shared.schema && schemaOf(version)) checkSelectableFields(version, path, options, errors)
  else
    errors.push(
      invalid(
        path.child('selectableFields'),
        '',
        'may only be set when `version.schema.openAPIV3Schema` is not included',
      ),
    )
}

function checkShared(
  versions: readonly CustomResourceDefinitionVersion[],
  path: FieldPath,
  shared: SharedParts,
  options: Options,
  errors: FieldError[],
): void {
  const [first] = versions
  if (!first) return
  const hasStatus = versions.some(({ subresources }) => subresources?.status !== undefined)
  if (shared.schema) checkSchema(first, path.child('validation'), hasStatus, options, errors)
  if (shared.subresources) errors.push(...validateSubresources(first.subresources, path.child('subresources')))
  if (shared.additionalPrinterColumns) checkColumns(first, path, errors)
  if (!shared.selectableFields || (first.selectableFields?.length ?? 0) === 0) return
  if (shared.schema && first.schema) checkSelectableFields(first, path, options, errors)
  else errors.push(invalid(path.child('selectableFields'), '', 'may only be set when validations.schema is included'))
}

function checkColumns(version: CustomResourceDefinitionVersion, path: FieldPath, errors: FieldError[]): void {
  version.additionalPrinterColumns?.forEach((column, index) => {
    errors.push(...validateColumn(column, path.child('additionalPrinterColumns').index(index)))
  })
}

function deprecationProblems({ deprecated, deprecationWarning: warning }: CustomResourceDefinitionVersion): string[] {
  if (warning === undefined) return []
  if (!deprecated) return ['can only be set for deprecated versions']
  const problems: string[] = []
  if (byteLength(warning) > 256) problems.push('must be <= 256 characters long')
  if (warning === '') problems.push('must not be an empty string')
  let index = 0
  for (const character of warning) {
    if (!isPrint(character)) {
      problems.push(`must only contain printable UTF-8 characters; non-printable character found at index ${index}`)
      break
    }
    index += byteLength(character)
  }
  return problems
}

function checkSchema(
  version: CustomResourceDefinitionVersion,
  path: FieldPath,
  hasStatus: boolean,
  options: Options,
  errors: FieldError[],
): void {
  const schema = schemaOf(version)
  if (!schema) return
  const at = path.child('openAPIV3Schema')
  const found: FieldError[] = []
  if (hasStatus) found.push(...validateRootWithStatus(schema, path))
  if (schema.nullable)
    found.push(forbidden(path.child('openAPIV3Schema.nullable'), 'nullable cannot be true at the root'))
  let notConvertible: string | undefined
  let structural = false
  if (options.requireStructural) {
    notConvertible = unsupportedIn(schema)
    if (notConvertible === undefined) {
      const problems = validateStructural(at, schema)
      if (problems.length > 0) found.push(...problems)
      else {
        const defaults = validateDefaults(at, schema, {
          requirePruned: options.requirePrunedDefaults,
          checkRules: options.compiler?.checkDefault,
        })
        found.push(...defaults)
        structural = defaults.length === 0
      }
    }
  }
  const { compiler } = options
  const opened = structural
    ? compiler?.open(schema, { isUnchanged: options.unchangedSchemas.has(version.name) })
    : undefined
  found.push(...validateOpenAPISchema(schema, at, { ...options, checkRules: opened?.checkRules }, opened))
  if (found.length === 0 && notConvertible !== undefined) found.push(invalid(at, '', notConvertible))
  if (opened) found.push(...opened.total(at))
  errors.push(...found)
}

function checkSelectableFields(
  version: CustomResourceDefinitionVersion,
  path: FieldPath,
  options: Options,
  errors: FieldError[],
): void {
  const fields = version.selectableFields ?? []
  const schema = schemaOf(version) ?? {}
  const fieldsPath = path.child('selectableFields')
  const unsupported = unsupportedIn(schema)
  if (unsupported) {
    errors.push(invalid(path.child('schema.openAPIV3Schema'), '', unsupported))
    return
  }
  const seen = new Set<string>()
  fields.forEach(({ jsonPath }, index) => {
    const at = fieldsPath.index(index).child('jsonPath')
    if (!jsonPath) {
      errors.push(required(at, ''))
      return
    }
    const found = resolveFieldPath(jsonPath, schema, { brackets: false })
    if (found.problem !== undefined) {
      errors.push(invalid(at, jsonPath, `is an invalid path: ${found.problem}`))
      return
    }
    const text = String(found.path)
    if (/^metadata(\.|$)/.test(text)) errors.push(invalid(at, jsonPath, 'must not point to fields in metadata'))
    if (!['string', 'boolean', 'integer'].includes(found.schema?.type ?? ''))
      errors.push(
        invalid(
          at,
          jsonPath,
          'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
        ),
      )
    if (seen.has(text)) errors.push(duplicate(at, jsonPath))
    seen.add(text)
  })
  if (seen.size > maxSelectableFields && !options.tooManySelectableFields.has(version.name))
    errors.push(tooMany(fieldsPath, seen.size, maxSelectableFields))
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string']
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']

function validateColumn(column: CustomResourceColumnDefinition, path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const { name, type, format, jsonPath } = column
  const oneOf = (allowed: readonly string[]) => `must be one of ${allowed.join(',')}`
  if (!name) errors.push(required(path.child('name'), ''))
  if (!type) errors.push(required(path.child('type'), oneOf(columnTypes)))
  else if (!columnTypes.includes(type)) errors.push(invalid(path.child('type'), type, oneOf(columnTypes)))
  if (format && !columnFormats.includes(format))
    errors.push(invalid(path.child('format'), format, oneOf(columnFormats)))
  const at = path.child('JSONPath')
  if (!jsonPath) errors.push(required(at, ''))
  else errors.push(...validateSimplePath(jsonPath, at))
  return errors
}

function validateSimplePath(text: string, path: FieldPath): FieldError[] {
  return text.startsWith('.') ? [] : [invalid(path, text, 'must be a simple json path starting with .')]
}

function validateSubresources(subresources: CustomResourceSubresources | undefined, path: FieldPath): FieldError[] {
  const scale = subresources?.scale
  if (!scale) return []
  const errors: FieldError[] = []
  const check = (text: string, name: string, prefixes: readonly string[], detail: string) => {
    const at = path.child(`scale.${name}`)
    const problems = validateSimplePath(text, at)
    if (problems.length > 0) errors.push(...problems)
    else if (!prefixes.some(prefix => text.startsWith(prefix))) errors.push(invalid(at, text, detail))
  }
  if (!scale.specReplicasPath) errors.push(required(path.child('scale.specReplicasPath'), ''))
  else check(scale.specReplicasPath, 'specReplicasPath', ['.spec.'], 'should be a json path under .spec')
  if (!scale.statusReplicasPath) errors.push(required(path.child('scale.statusReplicasPath'), ''))
  else check(scale.statusReplicasPath, 'statusReplicasPath', ['.status.'], 'should be a json path under .status')
  if (scale.labelSelectorPath)
    check(
      scale.labelSelectorPath,
      'labelSelectorPath',
      ['.spec.', '.status.'],
      'should be a json path under either .spec or .status',
    )
  return errors
}

function validateNames(names: CustomResourceDefinitionNames, path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  for (const name of ['plural', 'singular'] as const) {
    const problems = names[name] ? isDNS1035Label(names[name]) : []
    if (problems.length > 0) errors.push(invalid(path.child(name), names[name], problems.join(',')))
  }
  for (const name of ['kind', 'listKind'] as const) {
    const problems = names[name] ? isDNS1035Label(names[name].toLowerCase()) : []
    if (problems.length > 0)
      errors.push(
        invalid(
          path.child(name),
          names[name],
          `may have mixed case, but should otherwise match: ${problems.join(',')}`,
        ),
      )
  }
  const checkEach = (list: readonly string[] | undefined, field: string) =>
    list?.forEach((each, index) => {
      const problems = isDNS1035Label(each)
      if (problems.length > 0) errors.push(invalid(path.child(field).index(index), each, problems.join(',')))
    })
  checkEach(names.shortNames, 'shortNames')
  if (names.kind && names.kind === names.listKind)
    errors.push(invalid(path.child('listKind'), names.listKind, 'kind and listKind may not be the same'))
  checkEach(names.categories, 'categories')
  return errors
}

const acceptedReviewVersions = ['v1', 'v1beta1']

function hasRecognizedVersion(versions: readonly string[] | undefined): boolean {
  return !versions || versions.length === 0 || versions.some(version => acceptedReviewVersions.includes(version))
}

function mayHaveInvalidCABundle(old: CustomResourceDefinition): boolean {
  if (!isConditionTrue(old, 'Established')) return true
  const bundle = old.spec.conversion?.webhook?.clientConfig?.caBundle
  return bundle ? validateCABundle(root('caBundle'), bundle).length > 0 : false
}

function checkConversion(
  conversion: CustomResourceConversion,
  path: FieldPath,
  options: Options,
  errors: FieldError[],
): void {
  checkOneOf(conversion.strategy, ['None', 'Webhook'], path.child('strategy'), errors)
  const config = conversion.webhook?.clientConfig
  const versions = conversion.webhook?.conversionReviewVersions ?? []
  const at = path.child('webhookClientConfig')
  if (conversion.strategy !== 'Webhook') {
    const detail = 'should not be set when strategy is not set to Webhook'
    if (config) errors.push(forbidden(at, detail))
    if (versions.length > 0) errors.push(forbidden(path.child('conversionReviewVersions'), detail))
    return
  }
  if (!config) errors.push(required(at, 'required when strategy is set to Webhook'))
  else {
    if ((config.url === undefined) === (config.service === undefined))
      errors.push(required(at, 'exactly one of url or service is required'))
    else if (config.url !== undefined) errors.push(...validateWebhookURL(at.child('url'), config.url))
    else errors.push(...validateWebhookService(at.child('service'), config.service!))
    if (config.caBundle && !options.allowInvalidCABundle)
      errors.push(...validateCABundle(at.child('caBundle'), config.caBundle))
  }
  checkReviewVersions(versions, path.child('conversionReviewVersions'), options, errors)
}

function checkReviewVersions(
  versions: readonly string[],
  path: FieldPath,
  { requireRecognizedReviewVersion }: Options,
  errors: FieldError[],
): void {
  if (versions.length === 0) {
    errors.push(required(path, ''))
    return
  }
  versions.forEach((version, index) => {
    if (versions.indexOf(version) < index) errors.push(invalid(path.index(index), version, 'duplicate version'))
    else for (const problem of isDNS1035Label(version)) errors.push(invalid(path.index(index), version, problem))
  })
  if (requireRecognizedReviewVersion && !hasRecognizedVersion(versions))
    errors.push(invalid(path, versions, `must include at least one of ${acceptedReviewVersions.join(', ')}`))
}

export function validateCustomResourceDefinitionStatus({ status }: CustomResourceDefinition): FieldError[] {
  return status?.acceptedNames ? validateNames(status.acceptedNames, root('status', 'acceptedNames')) : []
}

function validateStoredVersions({ spec, status }: CustomResourceDefinition): FieldError[] {
  const stored = status?.storedVersions ?? []
  const left = new Set(stored)
  const path = root('status', 'storedVersions')
  if (stored.length === 0) return [invalid(path, null, 'must have at least one stored version')]
  const errors: FieldError[] = []
  const versions = versionsOf(spec)
  // A name that versions share counts for the first of them.
  for (const { name, storage } of versions)
    if (!left.delete(name) && storage) errors.push(invalid(path, stored, `must have the storage version ${name}`))
  stored.forEach((version, index) => {
    if (versions.some(({ name }) => name === version)) return
    errors.push(
      invalid(
        path.index(index),
        version,
        `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`,
      ),
    )
  })
  return errors
}

function validateApproval(crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined): FieldError[] {
  if (!isProtectedGroup(crd.spec.group)) return []
  const { state, reason } = approvalOf(crd.metadata.annotations)
  if (old && approvalOf(old.metadata.annotations).state === state) return []
  const path = root('metadata', 'annotations').key(approvedAnnotation)
  if (state === 'missing') return [required(path, reason)]
  if (state === 'invalid') return [invalid(path, crd.metadata.annotations?.[approvedAnnotation], reason)]
  return []
}

function validatePreserveUnknownFields(
  crd: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  if (old?.spec.preserveUnknownFields || !crd.spec.preserveUnknownFields) return []
  return [
    invalid(
      root('spec', 'preserveUnknownFields'),
      true,
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ),
  ]
}
