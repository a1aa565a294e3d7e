// ABAC: a file with one policy a line (abac.authorization.kubernetes.io/v1beta1). A request is allowed when some line
// matches who asks and what.

import { decodeObject } from '../../machinery/codec/decode.ts'
import { quote } from '../../machinery/go-text.ts'
import { boolean, type Infer, object, ref, string } from '../../machinery/schema/schema.ts'
import { parsedAnswer } from '../go-http-client.ts'
import { allAuthenticated, type UserInfo } from '../user.ts'
import type { AuthorizationAttributes, Authorizer, Decision, Rules } from './authorizer.ts'

const named = (kind: string) => `abac.authorization.kubernetes.io.v1beta1.${kind}`
const of = { user: string(1), group: string(2), readonly: boolean(3), namespace: string(4), resource: string(5) }
const PolicySpec = object(named('PolicySpec'), { ...of, apiGroup: string(6), nonResourcePath: string(7) })
type PolicySpec = Infer<typeof PolicySpec>
const Policy = object(named('Policy'), { apiVersion: string(101), kind: string(102), spec: ref(1, PolicySpec) })
/** The first form, which has no version. */
const OldPolicy = object(named('Policy'), { apiVersion: string(101), kind: string(102), ...of })

const apiVersion = 'abac.authorization.kubernetes.io/v1beta1'
const kind = 'Policy'
const readVerbs = new Set(['get', 'list', 'watch'])
const allowed: Decision = { allowed: true, reason: '' }
const refused: Decision = { allowed: false, reason: 'No policy matched.' }

/** Throws an Error that names the line. */
export function parsePolicyFile(text: string, file: string): PolicySpec[] {
  return text.split('\n').flatMap((line, index) => {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) return []
    try {
      return [parsePolicy(line)]
    } catch (error) {
      throw new Error(`error reading policy file ${file}, line ${index + 1}: ${line}: ${(error as Error).message}`)
    }
  })
}

function parsePolicy(line: string): PolicySpec {
  const policy = parsedAnswer(line) as { readonly apiVersion?: string; readonly kind?: string }
  if (policy.apiVersion === undefined || policy.kind === undefined)
    return fromV0(decodeObject(OldPolicy, policy, { bare: true }).object)
  if (policy.apiVersion !== apiVersion || policy.kind !== kind)
    throw new Error(
      `no kind ${quote(policy.kind)} is registered for version ${quote(policy.apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
    )
  return everybody(decodeObject(Policy, policy, { bare: true }).object.spec ?? {})
}

/** Its fields left out mean everything. */
function fromV0({ user = '', group = '', namespace = '', resource = '', readonly = false }: PolicySpec): PolicySpec {
  return {
    ...everybody({ user, group: user === '' && group === '' ? '*' : group }),
    readonly,
    namespace: namespace || '*',
    resource: resource || '*',
    apiGroup: '*',
    // Only a line about everything is about paths as well.
    ...(namespace === '' && resource === '' && { nonResourcePath: '*' }),
  }
}

/** `*` is everybody who is somebody. */
function everybody(policy: PolicySpec): PolicySpec {
  return policy.user === '*' || policy.group === '*' ? { ...policy, user: '', group: allAuthenticated } : policy
}

export class AbacAuthorizer implements Authorizer {
  readonly #policies: readonly PolicySpec[]

  constructor(policies: readonly PolicySpec[]) {
    this.#policies = policies
  }

  authorize(attributes: AuthorizationAttributes): Decision {
    for (const policy of this.#policies) if (matches(policy, attributes)) return allowed
    return refused
  }

  rulesFor(user: UserInfo, namespace: string): Rules {
    const rules = this.#policies
      .filter(policy => speaksOf(policy, user) && (policy.namespace === '*' || (policy.namespace ?? '') === namespace))
      .flatMap(({ readonly, apiGroup = '', resource, nonResourcePath }) => {
        const verbs = readonly ? [...readVerbs] : ['*']
        return [
          ...(resource ? [{ verbs, apiGroups: [apiGroup], resources: [resource] }] : []),
          ...(nonResourcePath ? [{ verbs, nonResourceURLs: [nonResourcePath] }] : []),
        ]
      })
    return { rules, incomplete: false, errors: [] }
  }
}

function matches(policy: PolicySpec, attributes: AuthorizationAttributes): boolean {
  if (!speaksOf(policy, attributes.user) || (policy.readonly && !readVerbs.has(attributes.verb))) return false
  const { apiGroup, namespace, resource, nonResourcePath } = policy
  if (attributes.resourceRequest)
    return is(namespace, attributes.namespace) && is(resource, attributes.resource) && is(apiGroup, attributes.group)
  if (!nonResourcePath) return false
  const { path = '' } = attributes
  if (nonResourcePath === '*' || nonResourcePath === path) return true
  return nonResourcePath.endsWith('*') && path.startsWith(nonResourcePath.replace(/\*+$/, ''))
}

const is = (wanted: string | undefined, value: string | undefined) => wanted === '*' || (wanted ?? '') === (value ?? '')

function speaksOf({ user = '', group = '' }: PolicySpec, who: UserInfo): boolean {
  if (user === '' && group === '') return false
  return (user === '' || user === who.name) && (group === '' || who.groups.includes(group))
}
