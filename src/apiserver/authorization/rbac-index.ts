// The roles and bindings of the cluster, kept so that "which bindings speak of this user" is a look-up: bindings are
// filed under each subject's user or group name, cluster-wide ones apart from each namespace's.

import { quote } from '../../machinery/go-text.ts'
import { serviceAccountUsername, type UserInfo } from '../user.ts'
import type { PolicyRule } from './policy-rule.ts'

export type RbacKind = 'Role' | 'ClusterRole' | 'RoleBinding' | 'ClusterRoleBinding'

/** As much of a role or binding as authorization reads. */
export interface RbacObject {
  readonly metadata: { readonly name?: string; readonly namespace?: string }
  readonly rules?: readonly PolicyRule[]
  readonly subjects?: readonly Subject[]
  readonly roleRef?: RoleRef
}

export interface RoleRef {
  readonly apiGroup?: string
  readonly kind: string
  readonly name: string
}

interface Subject {
  readonly kind: string
  readonly name: string
  readonly namespace?: string
  readonly apiGroup?: string
}

export interface Binding {
  readonly namespace: string
  readonly name: string
  readonly roleRef: RoleRef
  readonly subjects: readonly Subject[]
}

/** A grant that applies to a user: the binding, and the first of its subjects that is the user. */
export interface Grant {
  readonly binding: Binding
  readonly subject: Subject
}

type BindingsBySubject = Map<string, Map<string, Grant>>

const userKey = (name: string) => `user:${name}`
const groupKey = (name: string) => `group:${name}`

export class RbacIndex {
  readonly #roles = new Map<string, readonly PolicyRule[]>()
  readonly #clusterRoles = new Map<string, readonly PolicyRule[]>()
  readonly #bindings = new Map<string, Binding>()
  /** namespace ('' for cluster-wide) → subject → bindings. */
  readonly #bySubject = new Map<string, BindingsBySubject>()

  upsert(kind: RbacKind, object: RbacObject): void {
    const name = object.metadata.name ?? ''
    const namespace = object.metadata.namespace ?? ''
    switch (kind) {
      case 'Role':
        this.#roles.set(`${namespace}/${name}`, object.rules ?? [])
        break
      case 'ClusterRole':
        this.#clusterRoles.set(name, object.rules ?? [])
        break
      case 'RoleBinding':
      case 'ClusterRoleBinding':
        this.remove(kind, kind === 'RoleBinding' ? `${namespace}/${name}` : name)
        this.#addBinding({ namespace, name, roleRef: object.roleRef!, subjects: object.subjects ?? [] })
    }
  }

  /** The key is `namespace/name` for namespaced kinds and `name` for the others. */
  remove(kind: RbacKind, key: string): void {
    switch (kind) {
      case 'Role':
        this.#roles.delete(key)
        break
      case 'ClusterRole':
        this.#clusterRoles.delete(key)
        break
      default:
        this.#removeBinding(kind === 'RoleBinding' ? key : `/${key}`)
    }
  }

  /** The grants to a user: cluster-wide ones for namespace '', else those of that namespace only. */
  *grantsTo(user: UserInfo, namespace: string): Generator<Grant> {
    const bySubject = this.#bySubject.get(namespace)
    if (!bySubject) return
    const seen = new Set<Binding>()
    for (const key of [userKey(user.name), ...user.groups.map(groupKey)]) {
      for (const grant of bySubject.get(key)?.values() ?? []) {
        if (seen.has(grant.binding)) continue
        seen.add(grant.binding)
        yield grant
      }
    }
  }

  /** The rules of the role that a binding in the namespace refers to, or what is wrong with the reference. */
  rulesOf(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | Error {
    switch (roleRef.kind) {
      case 'Role':
        return this.#roles.get(`${namespace}/${roleRef.name}`) ?? new RoleNotFound('role', roleRef.name)
      case 'ClusterRole':
        return this.#clusterRoles.get(roleRef.name) ?? new RoleNotFound('clusterrole', roleRef.name)
      default:
        return new Error(`unsupported role reference kind: ${quote(roleRef.kind)}`)
    }
  }

  #addBinding(binding: Binding): void {
    const key = `${binding.namespace}/${binding.name}`
    this.#bindings.set(key, binding)
    const bySubject: BindingsBySubject = this.#bySubject.get(binding.namespace) ?? new Map()
    this.#bySubject.set(binding.namespace, bySubject)
    for (const subject of binding.subjects) {
      const subjectKey = keyOf(subject, binding.namespace)
      if (subjectKey === undefined) continue
      const grants: Map<string, Grant> = bySubject.get(subjectKey) ?? new Map()
      bySubject.set(subjectKey, grants)
      if (!grants.has(key)) grants.set(key, { binding, subject })
    }
  }

  #removeBinding(key: string): void {
    const binding = this.#bindings.get(key)
    if (!binding) return
    this.#bindings.delete(key)
    const bySubject = this.#bySubject.get(binding.namespace)!
    for (const subject of binding.subjects) {
      const subjectKey = keyOf(subject, binding.namespace)
      const grants = subjectKey === undefined ? undefined : bySubject.get(subjectKey)
      if (grants?.delete(key) && grants.size === 0) bySubject.delete(subjectKey!)
    }
    if (bySubject.size === 0) this.#bySubject.delete(binding.namespace)
  }
}

function keyOf(subject: Subject, bindingNamespace: string): string | undefined {
  switch (subject.kind) {
    case 'User':
      return userKey(subject.name)
    case 'Group':
      return groupKey(subject.name)
    case 'ServiceAccount': {
      const namespace = subject.namespace || bindingNamespace
      return namespace === '' ? undefined : userKey(serviceAccountUsername(namespace, subject.name))
    }
    default:
      return undefined
  }
}

/** A binding's role that is not there. */
export class RoleNotFound extends Error {
  override readonly name = 'RoleNotFound'
  readonly role: string

  constructor(resource: string, role: string) {
    super(`${resource}.rbac.authorization.k8s.io ${quote(role)} not found`)
    this.role = role
  }
}

/** Where a right comes from, as upstream says it in the reason of a decision. */
export function describeGrant({ binding, subject }: Grant): string {
  const { roleRef } = binding
  const role = `${roleRef.kind} ${quote(roleRef.name)}`
  const to =
    subject.kind === 'ServiceAccount'
      ? `${subject.kind} ${quote(`${subject.name}/${subject.namespace || binding.namespace}`)}`
      : `${subject.kind} ${quote(subject.name)}`
  return binding.namespace === ''
    ? `ClusterRoleBinding ${quote(binding.name)} of ${role} to ${to}`
    : `RoleBinding ${quote(`${binding.name}/${binding.namespace}`)} of ${role} to ${to}`
}
