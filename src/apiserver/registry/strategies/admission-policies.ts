// Admission policies and their bindings. Their expressions are compiled when they are written, for which CEL is loaded
// with the first of them.

import type { KubeObject } from '../../../api/resource.ts'
import { deepEqual } from '../../../machinery/deep-equal.ts'
import { type FieldError, forbidden } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import type { ServerContext } from '../../server-context.ts'
import { systemPrivilegedGroup, type UserInfo } from '../../user.ts'
import type { Strategy, StrategyContext } from '../strategy.ts'

type Validation = typeof import('../../../api/admissionregistration/v1/policy.validation.ts')

let validation: Validation | undefined

function load(): Promise<void> | undefined {
  if (validation) return undefined
  return import('../../../api/admissionregistration/v1/policy.validation.ts').then(loaded => {
    validation = loaded
  })
}

type Check = (validation: Validation, object: any, old?: any) => FieldError[]
type ReadCheck = (object: KubeObject, old: KubeObject | undefined, context: StrategyContext) => FieldError[]

const checked = (check: Check, mayRead: ReadCheck): Strategy => ({
  tracksGeneration: true,
  allowUnconditionalUpdate: false,
  load,
  validate(object, context) {
    const errors = check(validation!, object)
    return errors.length > 0 ? errors : mayRead(object, undefined, context)
  },
  validateUpdate(object, old, context) {
    const errors = check(validation!, object, old)
    return errors.length > 0 ? errors : mayRead(object, old, context)
  },
})

/** Whoever makes a policy depend on parameters must be allowed to read them: a policy may tell what they say. */
const mayReadKind: ReadCheck = ({ spec }, old, { server, user }) => {
  const { paramKind } = spec
  if (!paramKind || deepEqual(old?.['spec'].paramKind, paramKind) || isSuperuser(user)) return []
  const wanted = { ...resourceOf(paramKind, server), name: '*', namespace: '*' }
  if (server.authorizer.authorize({ user, verb: 'get', resourceRequest: true, ...wanted }).allowed) return []
  const kind = `(kind=${paramKind.kind}, apiVersion=${paramKind.apiVersion})`
  const message = `user ${userText(user)} must have "get" permission on all objects of the referenced paramKind ${kind}`
  return [forbidden(root('spec', 'paramKind'), message)]
}

const mayReadParam =
  (policies: string): ReadCheck =>
  ({ spec }, old, { server, user }) => {
    const { paramRef, policyName } = spec
    const unchanged = deepEqual(old?.['spec'].paramRef, paramRef) && old?.['spec'].policyName === policyName
    if (!paramRef || unchanged || isSuperuser(user)) return []
    const policy = server.registry.storage(policies).get('', policyName)?.object
    const wanted = {
      ...resourceOf(policy?.['spec'].paramKind, server),
      name: paramRef.name ?? '',
      namespace: paramRef.namespace ?? '',
    }
    if (server.authorizer.authorize({ user, verb: 'get', resourceRequest: true, ...wanted }).allowed) return []
    const message = `user ${userText(user)} does not have "get" permission on the object referenced by paramRef`
    return [forbidden(root('spec', 'paramRef'), message)]
  }

const isSuperuser = ({ groups }: UserInfo): boolean => groups.includes(systemPrivilegedGroup)

/** What to ask for: everything, as far as the kind is not known. */
function resourceOf(
  kind: { readonly apiVersion?: string; readonly kind?: string } | undefined,
  { registry }: ServerContext,
): { group: string; version: string; resource: string } {
  if (!kind) return { group: '*', version: '*', resource: '*' }
  const [group, version] = kind.apiVersion?.includes('/') ? kind.apiVersion.split('/') : ['', kind.apiVersion]
  for (const { declaration } of registry.resources())
    if (declaration.kind === kind.kind && declaration.group === group && declaration.version === version)
      return { group, version, resource: declaration.resource }
  return { group: group ?? '', version: version ?? '', resource: '*' }
}

/** A user as Go prints one. */
function userText({ name, uid = '', groups, extra = {} }: UserInfo): string {
  const values = Object.entries(extra).map(([key, texts]) => `${key}:[${texts.join(' ')}]`)
  return `&{${name} ${uid} [${groups.join(' ')}] map[${values.join(' ')}]}`
}

const validatingPolicies = 'validatingadmissionpolicies.admissionregistration.k8s.io'
const mutatingPolicies = 'mutatingadmissionpolicies.admissionregistration.k8s.io'

export const admissionPolicyStrategies: Readonly<Record<string, Strategy>> = {
  [validatingPolicies]: {
    ...checked(
      ({ validateValidatingAdmissionPolicy }, policy, old) => validateValidatingAdmissionPolicy(policy, old),
      mayReadKind,
    ),
    statusKeepsMetadata: true,
  },
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': checked(
    ({ validateValidatingAdmissionPolicyBinding }, binding) => validateValidatingAdmissionPolicyBinding(binding),
    mayReadParam(validatingPolicies),
  ),
  [mutatingPolicies]: checked(
    ({ validateMutatingAdmissionPolicy }, policy, old) => validateMutatingAdmissionPolicy(policy, old),
    mayReadKind,
  ),
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': checked(
    ({ validateMutatingAdmissionPolicyBinding }, binding) => validateMutatingAdmissionPolicyBinding(binding),
    mayReadParam(mutatingPolicies),
  ),
}
