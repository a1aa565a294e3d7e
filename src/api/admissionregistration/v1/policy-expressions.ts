// The expressions of admission policies: what they may use and how they are compiled. Validation, admission and type
// checking all compile them here, so that what is accepted is what runs.
//
// Brings CEL with it: import this file dynamically.

import type { CelField } from '../../../machinery/cel/cel.ts'
import {
  CelCompileError,
  type CelEnvironment,
  type CelProgram,
  type CelType,
  celEnvironment,
  declaredType,
  objectType,
} from '../../../machinery/cel/cel.ts'

const groupVersionKind = declaredType('kubernetes.GroupVersionKind', {
  group: 'string',
  version: 'string',
  kind: 'string',
})
const groupVersionResource = declaredType('kubernetes.GroupVersionResource', {
  group: 'string',
  version: 'string',
  resource: 'string',
})

/** The variable `request`: an AdmissionRequest without uid and objects. */
export const requestType = declaredType('kubernetes.AdmissionRequest', {
  kind: groupVersionKind,
  resource: groupVersionResource,
  subResource: 'string',
  requestKind: groupVersionKind,
  requestResource: groupVersionResource,
  requestSubResource: 'string',
  name: 'string',
  namespace: 'string',
  operation: 'string',
  userInfo: declaredType('kubernetes.UserInfo', {
    username: 'string',
    uid: 'string',
    groups: { list: 'string' },
    extra: { map: ['string', { list: 'string' }] },
  }),
  dryRun: 'bool',
  options: 'dyn',
})

const texts: CelType = { map: ['string', 'string'] }

/** The variable `namespaceObject`: a Namespace without what does not concern policies. */
export const namespaceType = declaredType('kubernetes.Namespace', {
  metadata: declaredType('kubernetes.NamespaceMetadata', {
    name: 'string',
    generateName: 'string',
    namespace: 'string',
    labels: texts,
    annotations: texts,
    UID: 'string',
    creationTimestamp: 'timestamp',
    deletionGracePeriodSeconds: 'int',
    deletionTimestamp: 'timestamp',
    generation: 'int',
    resourceVersion: 'string',
    finalizers: { list: 'string' },
  }),
  spec: declaredType('kubernetes.NamespaceSpec', { finalizers: { list: 'string' } }),
  status: declaredType('kubernetes.NamespaceStatus', {
    conditions: {
      list: declaredType('kubernetes.NamespaceCondition', {
        status: 'string',
        type: 'string',
        lastTransitionTime: 'timestamp',
        message: 'string',
        reason: 'string',
      }),
    },
    phase: 'string',
  }),
})

/** `JSONPatch{op: 'add', path: '/spec/x', value: 1}`. */
export const jsonPatchType = objectType(
  'JSONPatch',
  { op: 'string', from: 'string', path: 'string', value: 'dyn' },
  { constructible: true },
)

/** Objects of apply configurations have no schema: any field is allowed. */
class AnyField extends Map<string, CelField> {
  override get(name: string): CelField {
    return { json: name, type: 'dyn' }
  }
}
const anyField = new AnyField()
const applyObject = (name: string): CelType => ({ object: name, fields: () => anyField, constructible: true })

/** `Object{…}`, `Object.spec{…}` and so on, each named after where it stands. */
export const applyConfigurationType = applyObject('Object')

function mutationType(name: string): CelType | undefined {
  if (name === 'JSONPatch') return jsonPatchType
  return name === 'Object' || name.startsWith('Object.') ? applyObject(name) : undefined
}

export interface ExpressionOptions {
  readonly params: boolean
  readonly authorizer: boolean
  /** `Object{…}` and `JSONPatch{…}` may be made. */
  readonly mutation?: boolean
}

/** Compiled, or why not. */
export type Compiled =
  | { readonly program: CelProgram; readonly error?: undefined }
  | { readonly program?: undefined; readonly error: string }

export interface Types {
  readonly object: CelType
  readonly params: CelType
}

const untyped: Types = { object: 'dyn', params: 'dyn' }

/** Compiles the expressions of one policy, each of which may use the variables compiled before it. */
export class PolicyCompiler {
  readonly variables = new Map<string, Compiled>()
  readonly #types: Types
  readonly #composed: boolean
  readonly #variableTypes = new Map<string, CelField>()
  readonly #environments = new Map<string, CelEnvironment>()

  /** Unless `composed`, there is no `variables`. */
  constructor(composed = true, types: Types = untyped) {
    this.#composed = composed
    this.#types = types
  }

  /** A variable that does not compile can be named all the same; it fails when it is evaluated. */
  addVariable(name: string, expression: string, options: ExpressionOptions): Compiled {
    const compiled = this.compile(expression, ['any', 'dyn'], options)
    this.variables.set(name, compiled)
    this.#variableTypes.set(name, { json: name, type: compiled.program ? variableType(compiled.program.type) : 'dyn' })
    return compiled
  }

  compile(expression: string, returns: readonly CelType[], options: ExpressionOptions): Compiled {
    try {
      return { program: this.#environment(options).compile(expression, { returns }) }
    } catch (error) {
      const { message } = error as Error
      return { error: error instanceof CelCompileError ? `compilation failed: ${message}` : message }
    }
  }

  #environment({ params, authorizer, mutation = false }: ExpressionOptions): CelEnvironment {
    const key = `${params} ${authorizer} ${mutation}`
    let environment = this.#environments.get(key)
    if (!environment) {
      const variables: Record<string, CelType> = {
        object: this.#types.object,
        oldObject: this.#types.object,
        request: requestType,
        namespaceObject: namespaceType,
      }
      if (this.#composed) variables['variables'] = { object: 'kubernetes.variables', fields: () => this.#variableTypes }
      if (params) variables['params'] = this.#types.params
      if (authorizer) {
        variables['authorizer'] = { opaque: 'kubernetes.authorization.Authorizer' }
        variables['authorizer.requestResource'] = { opaque: 'kubernetes.authorization.ResourceCheck' }
      }
      environment = celEnvironment({ variables, findType: mutation ? mutationType : undefined, mutations: mutation })
      this.#environments.set(key, environment)
    }
    return environment
  }
}

/** Types that upstream does not carry from a variable to where it is used become dyn. */
function variableType(type: CelType): CelType {
  if (typeof type === 'string') return type
  if ('list' in type) return { list: variableType(type.list) }
  return 'map' in type ? { map: [variableType(type.map[0]), variableType(type.map[1])] } : 'dyn'
}
