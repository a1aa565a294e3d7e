// The RBAC authorizer: a request is allowed if a rule of a role bound to the user, or to one of the user's groups,
// allows it.
//
// Every answer is remembered until a role or binding changes: first by user, then by what is asked, without the
// object's name (the remembered answer knows which names it holds for), so that ten thousand GETs of different pods
// are one evaluation.

import { aggregateMessage } from '../../machinery/field-error.ts'
import type { UserInfo } from '../user.ts'
import type { AuthorizationAttributes, Authorizer, Decision, Rules } from './authorizer.ts'
import { nonResourceURLMatches, type PolicyRule, resourceMatches, verbMatches } from './policy-rule.ts'
import { describeGrant, type Grant, RbacIndex, type RbacKind, type RbacObject, type RoleRef } from './rbac-index.ts'

interface GrantedRule {
  readonly rule: PolicyRule
  readonly grant: Grant
}

/** Everything one user may do in one namespace ('' for cluster-wide only). */
interface Rights {
  readonly rules: readonly GrantedRule[]
  readonly errors: readonly Error[]
}

/** What is remembered of one question. */
interface Answer {
  /** For any object. */
  readonly any: Decision | undefined
  /** For these objects only. */
  readonly byName: ReadonlyMap<string, Decision> | undefined
  readonly otherwise: Decision
}

interface Memory {
  readonly generation: number
  readonly rights: Map<string, Rights>
  readonly answers: Map<string, Answer>
}

const maxAnswersPerUser = 4096
const maxUsers = 8192

export class RbacAuthorizer implements Authorizer {
  readonly #index = new RbacIndex()
  #generation = 0
  /** The same user value comes with every request of one credential; equal ones share a memory. */
  #byValue = new WeakMap<UserInfo, Memory>()
  #byIdentity = new Map<string, Memory>()

  upsert(kind: RbacKind, object: RbacObject): void {
    this.#index.upsert(kind, object)
    this.#forget()
  }

  remove(kind: RbacKind, key: string): void {
    this.#index.remove(kind, key)
    this.#forget()
  }

  authorize(attributes: AuthorizationAttributes): Decision {
    const answers = this.#memoryOf(attributes.user).answers
    const question = attributes.resourceRequest
      ? `${attributes.verb} ${attributes.group ?? ''} ${attributes.resource ?? ''}/${attributes.subresource ?? ''} ${attributes.namespace ?? ''}`
      : `${attributes.verb}${attributes.path ?? ''}`
    let answer = answers.get(question)
    if (answer === undefined) {
      if (answers.size >= maxAnswersPerUser) answers.clear()
      answer = this.#evaluate(attributes)
      answers.set(question, answer)
    }
    return answer.any ?? answer.byName?.get(attributes.name ?? '') ?? answer.otherwise
  }

  /** Every rule that applies to the user in the namespace, and what went wrong in finding them. */
  rulesFor(user: UserInfo, namespace: string): Rules {
    const { rules, errors } = this.#rightsOf(user, namespace)
    return {
      rules: rules.map(({ rule }) => rule),
      incomplete: false,
      errors: errors.length > 0 ? [aggregateMessage(errors.map(({ message }) => message))] : [],
    }
  }

  /** As `rulesFor`, with each thing that went wrong by itself. */
  heldBy(user: UserInfo, namespace: string): { rules: readonly PolicyRule[]; errors: readonly Error[] } {
    const { rules, errors } = this.#rightsOf(user, namespace)
    return { rules: rules.map(({ rule }) => rule), errors }
  }

  /** The rules behind a roleRef of a binding in the namespace ('' for a ClusterRoleBinding). */
  roleRules(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | Error {
    return this.#index.rulesOf(roleRef, namespace)
  }

  #forget(): void {
    this.#generation++
    this.#byIdentity.clear()
  }

  #memoryOf(user: UserInfo): Memory {
    const known = this.#byValue.get(user)
    if (known !== undefined && known.generation === this.#generation) return known
    const identity = [user.name, ...user.groups].join('\0')
    let memory = this.#byIdentity.get(identity)
    if (memory === undefined) {
      if (this.#byIdentity.size >= maxUsers) this.#byIdentity.clear()
      memory = { generation: this.#generation, rights: new Map(), answers: new Map() }
      this.#byIdentity.set(identity, memory)
    }
    this.#byValue.set(user, memory)
    return memory
  }

  #rightsOf(user: UserInfo, namespace: string): Rights {
    const known = this.#memoryOf(user).rights
    let rights = known.get(namespace)
    if (rights === undefined) {
      rights = this.#findRights(user, namespace)
      if (known.size >= maxAnswersPerUser) known.clear()
      known.set(namespace, rights)
    }
    return rights
  }

  #findRights(user: UserInfo, namespace: string): Rights {
    const rules: GrantedRule[] = []
    const errors: Error[] = []
    for (const scope of namespace === '' ? [''] : ['', namespace]) {
      for (const grant of this.#index.grantsTo(user, scope)) {
        const found = this.#index.rulesOf(grant.binding.roleRef, scope)
        if (found instanceof Error) errors.push(found)
        else for (const rule of found) rules.push({ rule, grant })
      }
    }
    return { rules, errors }
  }

  #evaluate(attributes: AuthorizationAttributes): Answer {
    const { rules, errors } = this.#rightsOf(attributes.user, attributes.namespace ?? '')
    const { verb, group = '', resource = '', subresource = '', path = '' } = attributes
    const byName = new Map<string, Decision>()
    const otherwise = {
      allowed: false,
      reason: errors.length === 0 ? '' : `RBAC: ${aggregateMessage(errors.map(({ message }) => message))}`,
    }
    for (const { rule, grant } of rules) {
      if (!verbMatches(rule, verb)) continue
      const applies = attributes.resourceRequest
        ? resourceMatches(rule, group, resource, subresource)
        : nonResourceURLMatches(rule, path)
      if (!applies) continue
      const allow = { allowed: true, reason: `RBAC: allowed by ${describeGrant(grant)}` }
      const names = attributes.resourceRequest ? rule.resourceNames : undefined
      if (names === undefined || names.length === 0) return { any: allow, byName: undefined, otherwise }
      for (const name of names) if (!byName.has(name)) byName.set(name, allow)
    }
    return { any: undefined, byName: byName.size > 0 ? byName : undefined, otherwise }
  }
}
