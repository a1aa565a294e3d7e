// A CustomResourceDefinition as resources: the same declarations that built-in kinds make at start, one per served version.

import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '../../api/apiextensions/v1/customresourcedefinition.ts'
import { objectSchemaFields } from '../../api/apiextensions/v1/resource-fields.ts'
import { readObjectMeta } from '../../api/meta/v1/read-objectmeta.ts'
import {
  apiVersionOf,
  type CustomBehaviour,
  type KubeObject,
  type ResourceDeclaration,
  scaleSubresource,
  statusSubresource,
  type Verb,
} from '../../api/resource.ts'
import { quote } from '../../machinery/go-text.ts'
import { parseJsonPath } from '../../machinery/json-path.ts'
import { compareVersions } from '../../machinery/kube-version.ts'
import { applyStructuralDefaults, dropNulls } from '../../machinery/structural/default-values.ts'
import { readEmbedded } from '../../machinery/structural/embedded-resources.ts'
import { objectSchemaOf } from '../../machinery/structural/object-schema.ts'
import { prune } from '../../machinery/structural/prune.ts'
import { ruleValidator } from '../../machinery/structural/rules/validator.ts'
import type { JsonSchema } from '../../machinery/structural/schema.ts'
import type { Addition } from '../registry/registry.ts'
import { asParent, type Handlers } from '../registry/subresources/subresources.ts'
import type { CelMetrics } from './cel-metrics.ts'
import type { Converter } from './conversion.ts'
import { customOpenAPI } from './openapi.ts'
import { customPrinter } from './printer.ts'
import { scaleHandlers } from './scale.ts'
import { customStrategy } from './strategy.ts'

export interface DefinitionOptions {
  readonly converter: Converter
  readonly isTerminating: boolean
  /** Whether the definition, as it is stored, says that it is established. */
  isEstablished(): boolean
  readonly celMetrics: CelMetrics
}

/** In the order in which upstream lists them for custom resources. */
const verbsInOrder: readonly Verb[] = [
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'create',
  'update',
  'watch',
]
const whileTerminating = verbsInOrder.filter(verb => !['create', 'patch', 'update'].includes(verb))

/** The resources of a definition whose names have been accepted. */
export function resourcesOf(crd: CustomResourceDefinition, options: DefinitionOptions): Addition[] {
  const schemas = new Map(
    crd.spec.versions.map(version => [
      apiVersionOf({ group: crd.spec.group, version: version.name }),
      new VersionSchema(crd, version),
    ]),
  )
  return crd.spec.versions.filter(({ served }) => served).map(version => additionOf(crd, version, schemas, options))
}

/** How the objects of one version are read: the part of a definition that conversions need of every version. */
class VersionSchema {
  /** undefined: nothing is known of the fields, and (in old definitions only) none is dropped. */
  readonly schema: JsonSchema | undefined
  readonly #prunes: boolean

  constructor({ spec }: CustomResourceDefinition, version: CustomResourceDefinitionVersion) {
    this.schema = version.schema?.openAPIV3Schema
    this.#prunes = !spec.preserveUnknownFields
  }

  /** Without unknown fields, metadata of embedded resources in normal form. Copies what it changes. */
  conform(object: KubeObject, unknownFields?: string[], keepsNulls = false): KubeObject {
    let value: unknown = object
    if (this.#prunes) {
      value = prune(value, this.schema ?? {}, { isResource: true, unknownFields })
      value = dropNulls(value, this.schema, keepsNulls)
    }
    return readEmbedded(value, this.schema, readObjectMeta, unknownFields) as KubeObject
  }

  withDefaults(object: KubeObject): KubeObject {
    return applyStructuralDefaults(object, this.schema) as KubeObject
  }
}

let made = 0

function additionOf(
  crd: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  schemas: ReadonlyMap<string, VersionSchema>,
  { converter, isTerminating, isEstablished, celMetrics }: DefinitionOptions,
): Addition {
  const { group } = crd.spec
  const names = crd.status.acceptedNames
  const apiVersion = apiVersionOf({ group, version: version.name })
  const own = schemas.get(apiVersion)!
  const storageVersion = crd.spec.versions.find(({ storage }) => storage)!.name
  const storageApiVersion = apiVersionOf({ group, version: storageVersion })
  const kind = names.kind
  const conformTo = (to: string) => (object: KubeObject) => schemas.get(to)?.conform(object) ?? object

  const custom: CustomBehaviour = {
    id: `custom:${++made}`,
    decode(value, mode, keepsNulls) {
      const unknownFields: string[] | undefined = mode === 'Ignore' ? undefined : []
      return { object: decode(value as KubeObject, own, unknownFields, keepsNulls), unknownFields: unknownFields ?? [] }
    },
    applyDefaults(object) {
      Object.assign(object, own.withDefaults(object))
    },
    toStorage(object) {
      if (storageVersion === version.name) return object
      const converted = converter.convert([object], storageApiVersion)
      const [conform] = [conformTo(storageApiVersion)]
      return converted instanceof Promise ? converted.then(([only]) => conform(only!)) : conform(converted[0]!)
    },
    fromStorage(objects) {
      // What is stored may have been stored under another version, or an older state of the schema.
      const read = objects.map(object => {
        const schema = schemas.get(object.apiVersion!)
        return schema ? schema.withDefaults(schema.conform(object)) : object
      })
      if (read.every(object => object.apiVersion === apiVersion)) return read
      const conform = conformTo(apiVersion)
      const converted = converter.convert(read, apiVersion)
      return converted instanceof Promise ? converted.then(all => all.map(conform)) : converted.map(conform)
    },
    isListed: isEstablished,
    printer: customPrinter(version.additionalPrinterColumns),
    deprecationWarning: deprecationOf(crd, version),
    openAPI: customOpenAPI(crd, version),
  }

  const declaration: ResourceDeclaration = {
    group,
    version: version.name,
    kind,
    resource: names.plural,
    singular: names.singular ?? kind.toLowerCase(),
    listKind: names.listKind ?? `${kind}List`,
    ...(names.shortNames && { shortNames: names.shortNames }),
    ...(names.categories && { categories: names.categories }),
    namespaced: crd.spec.scope === 'Namespaced',
    verbs: isTerminating ? whileTerminating : verbsInOrder,
    schema: objectSchemaOf(modelName(group, version.name, kind), own.schema, objectSchemaFields),
    subresources: [
      ...(version.subresources?.status ? [statusSubresource] : []),
      ...(version.subresources?.scale ? [scaleSubresource] : []),
    ],
    columns: [],
    selectableFields: selectableFieldsOf(version),
    storage: { group, version: storageVersion },
    custom,
  }
  const rules = own.schema && celMetrics.compiled(() => ruleValidator(own.schema!, true))
  const strategy = customStrategy({ declaration, version, schema: own.schema, rules, isTerminating })
  const subresources: Record<string, Handlers> = {}
  if (version.subresources?.status) subresources['status'] = asParent
  if (version.subresources?.scale) subresources['scale'] = scaleHandlers(version.subresources.scale)
  return { declaration, strategy, subresources }
}

/** A fresh object: what `given` says that the schema knows. Throws an Error for metadata of the wrong type. */
function decode(
  given: KubeObject,
  schema: VersionSchema,
  unknownFields: string[] | undefined,
  keepsNulls: boolean,
): KubeObject {
  const metaUnknown: string[] | undefined = unknownFields && []
  const metadata = readObjectMeta(given.metadata ?? {}, metaUnknown)
  for (const field of metaUnknown ?? []) unknownFields!.push(`metadata.${field}`)
  const { apiVersion, kind, ...rest } = schema.conform(given, unknownFields, keepsNulls)
  if (unknownFields)
    for (const [index, field] of unknownFields.entries()) unknownFields[index] = `unknown field ${quote(field)}`
  return { apiVersion, kind, ...rest, metadata: metadata as KubeObject['metadata'] }
}

/** `io.example.stable.v1.CronTab`: the group's labels the other way round. */
export function modelName(group: string, version: string, kind: string): string {
  return `${group.split('.').reverse().join('.')}.${version}.${kind}`
}

function selectableFieldsOf({ selectableFields = [] }: CustomResourceDefinitionVersion) {
  return Object.fromEntries(
    selectableFields.map(({ jsonPath }) => {
      const find = parseJsonPath(jsonPath)
      const read = (object: KubeObject): string => {
        const [value] = find(object)
        return value === undefined || value === null ? '' : String(value)
      }
      return [jsonPath.replace(/^\./, ''), read]
    }),
  )
}

function deprecationOf(
  { spec }: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
): string | undefined {
  if (!version.deprecated) return undefined
  if (version.deprecationWarning !== undefined) return version.deprecationWarning
  const named = (name: string) => `${spec.group}/${name} ${spec.names.kind}`
  const newer = spec.versions
    .filter(({ name, served, deprecated }) => served && !deprecated && compareVersions(version.name, name) < 0)
    .map(({ name }) => name)
    .sort((a, b) => compareVersions(b, a))
  const instead = newer[0] === undefined ? '' : `; use ${named(newer[0])}`
  return `${named(version.name)} is deprecated${instead}`
}
