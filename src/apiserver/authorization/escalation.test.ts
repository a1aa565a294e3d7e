import { beforeEach, describe, expect, test } from 'vitest'
import type { KubeObject } from '../../api/resource.ts'
import type { UserInfo } from '../user.ts'
import { checkEscalation, uncovered } from './escalation.ts'
import type { PolicyRule } from './policy-rule.ts'
import { RbacAuthorizer } from './rbac.ts'

const alice: UserInfo = { name: 'alice', groups: ['devs', 'system:authenticated'] }
let rbac: RbacAuthorizer

beforeEach(() => {
  rbac = new RbacAuthorizer()
  rbac.upsert('ClusterRole', {
    metadata: { name: 'held' },
    rules: [
      { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] },
      {
        verbs: ['bind'],
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['clusterroles'],
        resourceNames: ['bindable'],
      },
      { verbs: ['escalate'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], resourceNames: ['free'] },
    ],
  })
  rbac.upsert('ClusterRole', {
    metadata: { name: 'bindable' },
    rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
  })
  rbac.upsert('ClusterRoleBinding', {
    metadata: { name: 'held' },
    roleRef: { kind: 'ClusterRole', name: 'held' },
    subjects: [{ kind: 'Group', name: 'devs' }],
  })
})

const write = (
  resource: string,
  object: KubeObject,
  options: { user?: UserInfo; oldObject?: KubeObject; requestName?: string } = {},
) =>
  checkEscalation({
    resource,
    namespace: resource.startsWith('cluster') ? '' : 'dev',
    object,
    oldObject: options.oldObject,
    requestName: options.requestName ?? (options.oldObject ? (object.metadata.name ?? '') : ''),
    user: options.user ?? alice,
    authorizer: rbac,
    rbac,
  })
const role = (name: string, ...rules: PolicyRule[]): KubeObject => ({ metadata: { name }, rules })
const binding = (kind: string, name: string): KubeObject => ({
  metadata: { name: 'b' },
  roleRef: { kind, name },
  subjects: [{ kind: 'User', name: 'eve' }],
})

describe('writing a role', () => {
  test.each<[string, PolicyRule]>([
    ['a right held', { verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
    [
      'a right held, for some names only',
      { verbs: ['list'], apiGroups: [''], resources: ['pods'], resourceNames: ['x'] },
    ],
    ['no right at all', { verbs: [], apiGroups: [''], resources: ['secrets'] }],
  ])('with %s is allowed', (_name, rule) => {
    expect(() => write('roles', role('r', rule))).not.toThrow()
  })

  test('with rights not held is refused, saying which', () => {
    expect(() =>
      write(
        'roles',
        role('r', { verbs: ['get', 'delete', 'create'], apiGroups: [''], resources: ['pods', 'secrets'] }),
      ),
    ).toThrow(
      [
        'roles.rbac.authorization.k8s.io "r" is forbidden: user "alice" (groups=["devs" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:',
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "create"]}',
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete" "create"]}',
      ].join('\n'),
    )
  })

  test('is allowed to those who may escalate it, and to system:masters', () => {
    const everything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }
    expect(() => write('roles', role('free', everything), { requestName: 'free' })).not.toThrow()
    // A POST names nothing that a rule for some names could be about.
    expect(() => write('roles', role('free', everything))).toThrow('is attempting to grant')
    expect(() =>
      write('roles', role('r', everything), { user: { name: 'x', groups: ['system:masters'] } }),
    ).not.toThrow()
    expect(() => write('clusterroles', role('free', everything), { requestName: 'free' })).toThrow(
      'is attempting to grant',
    )
  })

  test('is allowed to the garbage collector, whatever is in it', () => {
    const rule = { verbs: ['delete'], apiGroups: [''], resources: ['secrets'] }
    const with_ = (metadata: object): KubeObject => ({ metadata: { name: 'r', ...metadata }, rules: [{ ...rule }] })
    const oldObject = with_({ finalizers: ['a/b'], ownerReferences: [{ uid: 'u' }] })
    expect(() => write('roles', role('r', rule), { oldObject })).not.toThrow()
    expect(() => write('roles', with_({ labels: { a: 'b' } }), { oldObject })).toThrow('is attempting to grant')
    expect(() => write('roles', role('r', rule), { oldObject: role('r') })).toThrow('is attempting to grant')
  })

  test('that aggregates takes every right there is', () => {
    const aggregating = { ...role('r'), aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } }
    expect(() => write('clusterroles', aggregating)).toThrow(
      'clusterroles.rbac.authorization.k8s.io "r" is forbidden: must have cluster-admin privileges to use the aggregationRule',
    )
  })
})

describe('writing a binding', () => {
  test('to a role whose rights are held is allowed', () => {
    rbac.upsert('Role', {
      metadata: { namespace: 'dev', name: 'r' },
      rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
    })
    expect(() => write('rolebindings', binding('Role', 'r'))).not.toThrow()
  })

  test('to a role that may be bound is allowed', () => {
    expect(() => write('rolebindings', binding('ClusterRole', 'bindable'))).not.toThrow()
    expect(() => write('clusterrolebindings', binding('ClusterRole', 'bindable'))).not.toThrow()
  })

  test('to any other is refused', () => {
    rbac.upsert('Role', {
      metadata: { namespace: 'dev', name: 'r' },
      rules: [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }],
    })
    expect(() => write('rolebindings', binding('Role', 'r'))).toThrow(
      '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}',
    )
    expect(() => write('rolebindings', binding('ClusterRole', 'gone'))).toThrow(
      'rolebindings.rbac.authorization.k8s.io "gone" not found',
    )
  })
})

describe('covering', () => {
  const get = { verbs: ['get'] }
  test.each<[boolean, PolicyRule, PolicyRule]>([
    [true, { ...get, nonResourceURLs: ['/a/*'] }, { ...get, nonResourceURLs: ['/a/b', '/a/c/*'] }],
    [false, { ...get, nonResourceURLs: ['/a/b'] }, { ...get, nonResourceURLs: ['/a/*'] }],
    [true, { verbs: ['*'], nonResourceURLs: ['*'] }, { ...get, nonResourceURLs: ['/'] }],
    [true, { ...get, apiGroups: [''], resources: ['*/log'] }, { ...get, apiGroups: [''], resources: ['pods/log'] }],
    [false, { ...get, apiGroups: [''], resources: ['pods'] }, { ...get, apiGroups: [''], resources: ['pods/log'] }],
    [false, { ...get, apiGroups: [''], resources: ['pods'] }, { ...get, apiGroups: [''], resources: ['*'] }],
    [
      false,
      { ...get, apiGroups: [''], resources: ['pods'], resourceNames: ['a'] },
      { ...get, apiGroups: [''], resources: ['pods'] },
    ],
  ])('%s: %j covers %j', (covered, held, wanted) => {
    expect(uncovered([held], [wanted]).length === 0).toBe(covered)
  })
})
