import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { UserInfo } from '../user.ts'
import type { AuthorizationAttributes } from './authorizer.ts'
import { forbiddenError } from './forbidden.ts'
import type { PolicyRule } from './policy-rule.ts'
import { privilegedGroups } from './privileged-groups.ts'
import { RbacAuthorizer } from './rbac.ts'
import type { RbacObject } from './rbac-index.ts'
import { unionAuthorizer } from './union.ts'

const user = (name: string, ...groups: string[]): UserInfo => ({ name, groups })

function ask(who: UserInfo, verb: string, what: string, where = '', name = ''): AuthorizationAttributes {
  if (what.startsWith('/')) return { user: who, verb, resourceRequest: false, path: what }
  const [full = '', subresource = ''] = what.split('/')
  const dot = full.indexOf('.')
  const [resource, group] = dot < 0 ? [full, ''] : [full.slice(0, dot), full.slice(dot + 1)]
  return { user: who, verb, resourceRequest: true, group, version: 'v1', resource, subresource, name, namespace: where }
}

const role = (namespace: string, name: string, ...rules: PolicyRule[]): RbacObject => ({
  metadata: { namespace: namespace || undefined, name },
  rules,
})
const binding = (namespace: string, name: string, ref: string, ...subjects: string[]): RbacObject => {
  const [kind = '', roleName = ''] = ref.split(':')
  return {
    metadata: { namespace: namespace || undefined, name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: roleName },
    subjects: subjects.map(text => {
      const [subjectKind = '', ...rest] = text.split(' ')
      const [subjectName = '', subjectNamespace] = rest.join(' ').split('@')
      return { kind: subjectKind, name: subjectName, namespace: subjectNamespace }
    }),
  }
}

let rbac: RbacAuthorizer

beforeEach(() => {
  rbac = new RbacAuthorizer()
  rbac.upsert(
    'ClusterRole',
    role('', 'reader', { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', 'pods/log'] }),
  )
  rbac.upsert('ClusterRole', role('', 'everything', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }))
  rbac.upsert('ClusterRole', role('', 'scaler', { verbs: ['update'], apiGroups: ['apps'], resources: ['*/scale'] }))
  rbac.upsert('ClusterRole', role('', 'urls', { verbs: ['get'], nonResourceURLs: ['/healthz', '/api*', '/logs/*'] }))
  rbac.upsert('ClusterRole', role('', 'any-url', { verbs: ['get'], nonResourceURLs: ['*'] }))
  rbac.upsert(
    'Role',
    role('dev', 'named', {
      verbs: ['get', 'update'],
      apiGroups: [''],
      resources: ['configmaps'],
      resourceNames: ['a', 'b'],
    }),
  )
  rbac.upsert('ClusterRoleBinding', binding('', 'readers', 'ClusterRole:reader', 'Group readers', 'User alice'))
  rbac.upsert('ClusterRoleBinding', binding('', 'root', 'ClusterRole:everything', 'User root'))
  rbac.upsert('ClusterRoleBinding', binding('', 'scalers', 'ClusterRole:scaler', 'ServiceAccount hpa@kube-system'))
  rbac.upsert('ClusterRoleBinding', binding('', 'urls', 'ClusterRole:urls', 'Group system:authenticated'))
  rbac.upsert('ClusterRoleBinding', binding('', 'any-url', 'ClusterRole:any-url', 'User monitor'))
  rbac.upsert('RoleBinding', binding('dev', 'named', 'Role:named', 'User bob'))
  rbac.upsert('RoleBinding', binding('dev', 'local-everything', 'ClusterRole:everything', 'ServiceAccount builder'))
})

describe('who may do what', () => {
  const hpa = user('system:serviceaccount:kube-system:hpa', 'system:serviceaccounts')
  const builder = user('system:serviceaccount:dev:builder', 'system:serviceaccounts')
  const impostor = user('system:serviceaccount:prod:builder', 'system:serviceaccounts')
  const alice = user('alice')
  const reader = user('carol', 'readers', 'system:authenticated')
  const bob = user('bob')
  const root = user('root')

  test.each<[boolean, UserInfo, string, string, string?, string?]>([
    [true, alice, 'get', 'pods', 'dev', 'x'],
    [true, alice, 'list', 'pods', 'dev'],
    [true, alice, 'list', 'pods'],
    [true, alice, 'get', 'pods/log', 'dev', 'x'],
    [true, reader, 'get', 'pods', 'prod'],
    [false, alice, 'watch', 'pods', 'dev'],
    [false, alice, 'get', 'pods/exec', 'dev', 'x'],
    [false, alice, 'get', 'pods.metrics.k8s.io', 'dev'],
    [false, alice, 'get', 'secrets', 'dev'],
    [false, user('Alice'), 'get', 'pods', 'dev'],
    [false, user('readers'), 'get', 'pods', 'dev'],
    [true, root, 'delete', 'nodes', '', 'n'],
    [true, root, 'impersonate', 'users', '', 'bob'],
    [true, root, 'create', 'anything.example.com/sub', 'dev'],
    [false, root, 'get', '/metrics'],
    [true, hpa, 'update', 'deployments.apps/scale', 'dev', 'd'],
    [true, hpa, 'update', 'statefulsets.apps/scale', 'dev', 'd'],
    [false, hpa, 'update', 'deployments.apps', 'dev', 'd'],
    [false, hpa, 'update', 'deployments.apps/status', 'dev', 'd'],
    [false, hpa, 'update', 'replicationcontrollers/scale', 'dev', 'd'],
    [true, bob, 'get', 'configmaps', 'dev', 'a'],
    [true, bob, 'update', 'configmaps', 'dev', 'b'],
    [false, bob, 'get', 'configmaps', 'dev', 'c'],
    [false, bob, 'list', 'configmaps', 'dev'],
    [false, bob, 'get', 'configmaps', 'dev'],
    [false, bob, 'get', 'configmaps', 'prod', 'a'],
    [true, builder, 'create', 'pods', 'dev'],
    [true, builder, 'delete', 'rolebindings.rbac.authorization.k8s.io', 'dev'],
    [false, builder, 'create', 'pods', 'prod'],
    [false, builder, 'list', 'pods'],
    [false, builder, 'list', 'nodes'],
    [false, impostor, 'create', 'pods', 'dev'],
    [true, reader, 'get', '/healthz'],
    [false, reader, 'get', '/healthz/'],
    [false, reader, 'get', '/healthz/etcd'],
    [true, reader, 'get', '/api'],
    [true, reader, 'get', '/apis/apps'],
    [true, reader, 'get', '/logs/x'],
    [false, reader, 'get', '/logs'],
    [false, reader, 'post', '/healthz'],
    [true, user('monitor'), 'get', '/metrics'],
    [false, user('monitor'), 'get', 'pods'],
    [false, user('nobody'), 'get', '/healthz'],
  ])('%s: %o %s %s %s %s', (allowed, who, verb, what, where, name) => {
    expect(rbac.authorize(ask(who, verb, what, where, name)).allowed).toBe(allowed)
  })
})

describe('reasons', () => {
  test.each<[string, AuthorizationAttributes]>([
    [
      'RBAC: allowed by ClusterRoleBinding "readers" of ClusterRole "reader" to User "alice"',
      ask(user('alice'), 'get', 'pods', 'dev', 'x'),
    ],
    [
      'RBAC: allowed by ClusterRoleBinding "readers" of ClusterRole "reader" to Group "readers"',
      ask(user('x', 'readers'), 'get', 'pods', 'dev', 'x'),
    ],
    [
      'RBAC: allowed by RoleBinding "named/dev" of Role "named" to User "bob"',
      ask(user('bob'), 'get', 'configmaps', 'dev', 'a'),
    ],
    [
      'RBAC: allowed by RoleBinding "local-everything/dev" of ClusterRole "everything" to ServiceAccount "builder/dev"',
      ask(user('system:serviceaccount:dev:builder'), 'get', 'pods', 'dev'),
    ],
    ['', ask(user('nobody'), 'get', 'pods', 'dev')],
  ])('%s', (reason, attributes) => {
    expect(rbac.authorize(attributes).reason).toBe(reason)
  })

  test('name the roles that bindings refer to in vain', () => {
    rbac.upsert('ClusterRoleBinding', binding('', 'dangling', 'ClusterRole:gone', 'User dan'))
    expect(rbac.authorize(ask(user('dan'), 'get', 'pods', 'dev')).reason).toBe(
      'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found',
    )
    rbac.upsert('RoleBinding', binding('dev', 'dangling', 'Role:gone', 'User dan'))
    expect(rbac.authorize(ask(user('dan'), 'get', 'pods', 'dev')).reason).toBe(
      'RBAC: [clusterrole.rbac.authorization.k8s.io "gone" not found, role.rbac.authorization.k8s.io "gone" not found]',
    )
  })
})

describe('a change is in force at once', () => {
  const alice = user('alice')
  const allowed = (attributes: AuthorizationAttributes) => rbac.authorize(attributes).allowed

  test('a role gains and loses a rule', () => {
    const question = ask(alice, 'delete', 'pods', 'dev', 'x')
    expect(allowed(question)).toBe(false)
    rbac.upsert('ClusterRole', role('', 'reader', { verbs: ['delete'], apiGroups: [''], resources: ['pods'] }))
    expect(allowed(question)).toBe(true)
    rbac.remove('ClusterRole', 'reader')
    expect(allowed(question)).toBe(false)
  })

  test('a binding loses a subject, and goes', () => {
    const question = ask(alice, 'get', 'pods', 'dev', 'x')
    expect(allowed(question)).toBe(true)
    rbac.upsert('ClusterRoleBinding', binding('', 'readers', 'ClusterRole:reader', 'Group readers'))
    expect(allowed(question)).toBe(false)
    rbac.upsert('ClusterRoleBinding', binding('', 'readers', 'ClusterRole:reader', 'User alice'))
    expect(allowed(question)).toBe(true)
    rbac.remove('ClusterRoleBinding', 'readers')
    expect(allowed(question)).toBe(false)
  })

  test('bindings of one name in two namespaces are two', () => {
    rbac.upsert('RoleBinding', binding('prod', 'named', 'ClusterRole:reader', 'User bob'))
    rbac.remove('RoleBinding', 'dev/named')
    expect(allowed(ask(user('bob'), 'get', 'pods', 'prod'))).toBe(true)
    expect(allowed(ask(user('bob'), 'get', 'configmaps', 'dev', 'a'))).toBe(false)
  })
})

describe('remembered answers', () => {
  test('are the same as fresh ones, in whatever order questions and changes come', () => {
    const users = [user('u1', 'g1'), user('u1', 'g2'), user('u2', 'g1')]
    const rules = fc.record({
      verbs: fc.subarray(['get', 'list', '*'], { minLength: 1 }),
      apiGroups: fc.subarray(['', 'apps', '*'], { minLength: 1 }),
      resources: fc.subarray(['pods', 'pods/log', '*/log'], { minLength: 1 }),
      resourceNames: fc.option(fc.subarray(['a', 'b'], { minLength: 1 }), { nil: undefined }),
    })
    const step = fc.oneof(
      fc.record({ set: fc.constantFrom('r1', 'r2'), rules: fc.array(rules, { maxLength: 2 }) }),
      fc.record({
        bind: fc.constantFrom('r1', 'r2', 'r3'),
        to: fc.constantFrom('User u1', 'Group g1', 'Group g2'),
        in: fc.constantFrom('', 'ns'),
      }),
      fc.record({ unbind: fc.constantFrom('r1', 'r2', 'r3'), in: fc.constantFrom('', 'ns') }),
    )
    const questions = users.flatMap(who =>
      ['get', 'list'].flatMap(verb =>
        ['pods', 'pods.apps', 'pods/log'].flatMap(what =>
          ['', 'ns'].flatMap(where => ['', 'a', 'b'].map(name => ask(who, verb, what, where, name))),
        ),
      ),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), steps => {
        const remembering = new RbacAuthorizer()
        const apply = (to: RbacAuthorizer, change: (typeof steps)[number]) => {
          if ('set' in change) to.upsert('ClusterRole', role('', change.set, ...change.rules))
          else if ('bind' in change) {
            const object = binding(change.in, change.bind, `ClusterRole:${change.bind}`, change.to)
            to.upsert(change.in ? 'RoleBinding' : 'ClusterRoleBinding', object)
          } else if (change.in) to.remove('RoleBinding', `ns/${change.unbind}`)
          else to.remove('ClusterRoleBinding', change.unbind)
        }
        steps.forEach((change, index) => {
          apply(remembering, change)
          const fresh = new RbacAuthorizer()
          for (const earlier of steps.slice(0, index + 1)) apply(fresh, earlier)
          for (const question of questions)
            expect(remembering.authorize(question).allowed).toBe(
              fresh.authorize({ ...question, user: { ...question.user } }).allowed,
            )
        })
      }),
      { numRuns: 30 },
    )
  })
})

describe('a refusal in words', () => {
  test.each<[string, AuthorizationAttributes, string]>([
    [
      'pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "dev"',
      ask(user('alice'), 'list', 'pods', 'dev'),
      '',
    ],
    [
      'pods "x" is forbidden: User "alice" cannot get resource "pods/log" in API group "" in the namespace "dev"',
      ask(user('alice'), 'get', 'pods/log', 'dev', 'x'),
      '',
    ],
    [
      'deployments.apps "d" is forbidden: User "al\\"ice" cannot update resource "deployments" in API group "apps" at the cluster scope: RBAC: why',
      ask(user('al"ice'), 'update', 'deployments.apps', '', 'd'),
      'RBAC: why',
    ],
    ['forbidden: User "alice" cannot get path "/metrics"', ask(user('alice'), 'get', '/metrics'), ''],
  ])('%s', (message, attributes, reason) => {
    const error = forbiddenError(attributes, reason)
    expect(error.message).toBe(message)
    expect(error.status).toMatchObject({ code: 403, reason: 'Forbidden', status: 'Failure' })
  })

  test('names the object in its details', () => {
    expect(forbiddenError(ask(user('a'), 'get', 'deployments.apps', 'dev', 'd'), '').status.details).toEqual({
      name: 'd',
      group: 'apps',
      kind: 'deployments',
    })
  })
})

describe('several authorizers', () => {
  const says = (allowed: boolean, reason: string, denied = false) => ({
    authorize: () => ({ allowed, reason, denied }),
  })
  const question = ask(user('alice'), 'get', 'pods')

  test.each([
    ['the first to allow decides', [says(false, 'a'), says(true, 'b'), says(false, 'c')], true, 'b'],
    ['a denial is final', [says(false, 'no', true), says(true, 'b')], false, 'no'],
    ['reasons are told together', [says(false, 'a'), says(false, ''), says(false, 'c')], false, 'a\nc'],
  ] as const)('%s', (_name, authorizers, allowed, reason) => {
    expect(unionAuthorizer(...authorizers).authorize(question)).toMatchObject({ allowed, reason })
  })

  test('system:masters may do everything', () => {
    expect(privilegedGroups.authorize(ask(user('x', 'system:masters'), 'delete', 'nodes')).allowed).toBe(true)
    expect(privilegedGroups.authorize(ask(user('system:masters'), 'delete', 'nodes')).allowed).toBe(false)
  })
})

test('rulesFor gathers the rules of the namespace and of the cluster', () => {
  expect(rbac.rulesFor(user('bob', 'readers'), 'dev').rules.map(rule => rule.resources)).toEqual([
    ['pods', 'pods/log'],
    ['configmaps'],
  ])
  expect(rbac.rulesFor(user('bob', 'readers'), 'prod').rules).toHaveLength(1)
})
