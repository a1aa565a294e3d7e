import { expect, test } from 'vitest'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { metricsText } from '../../machinery/metrics/text.ts'
import type { AuthorizationAttributes } from '../authorization/authorizer.ts'
import type { UserInfo } from '../user.ts'
import { Impersonation } from './impersonation.ts'
import { ImpersonationMetrics } from './impersonation-metrics.ts'

const alice: UserInfo = { name: 'alice', groups: [] }
const account: UserInfo = {
  name: 'system:serviceaccount:kube-system:agent',
  groups: [],
  extra: { 'authentication.kubernetes.io/node-name': ['n1'] },
}
const listPods = { verb: 'list', resourceRequest: true, group: '', resource: 'pods', namespace: 'dev' } as const

/** `verb resource/name` of everything that is allowed. */
function attempt(
  user: UserInfo,
  headers: Record<string, string | string[]>,
  allowed: readonly string[],
  metrics = new MetricsRegistry(),
) {
  const asked = ({ verb, resource, subresource, name }: AuthorizationAttributes) =>
    `${verb} ${resource}${subresource ? `.${subresource}` : ''}/${name ?? ''}`
  const authorizer = {
    authorize: (attributes: AuthorizationAttributes) => ({
      allowed: allowed.includes(asked(attributes)),
      reason: '',
    }),
  }
  const counted = new ImpersonationMetrics(metrics, virtualEnv().clock)
  return new Impersonation(authorizer, counted).impersonate({ headers }, { ...listPods, user })
}

test.each<[string, UserInfo, Record<string, string>, string[], { constraint: string; user: UserInfo }]>([
  [
    'by the legacy right',
    alice,
    { 'impersonate-user': 'bob', 'impersonate-group': 'dev', 'impersonate-uid': '7', 'impersonate-extra-a%2fb': 'c' },
    ['impersonate users/bob', 'impersonate groups/dev', 'impersonate uids/7', 'impersonate userextras.a/b/c'],
    {
      constraint: '',
      user: { name: 'bob', uid: '7', groups: ['dev', 'system:authenticated'], extra: { 'a/b': ['c'] } },
    },
  ],
  [
    'for what the request does',
    alice,
    { 'impersonate-user': 'bob' },
    ['impersonate-on:user-info:list pods/', 'impersonate:user-info users/bob'],
    { constraint: 'impersonate:user-info', user: { name: 'bob', groups: ['system:authenticated'] } },
  ],
  [
    'a service account',
    alice,
    { 'impersonate-user': 'system:serviceaccount:dev:robot' },
    ['impersonate-on:serviceaccount:list pods/', 'impersonate:serviceaccount serviceaccounts/robot'],
    {
      constraint: 'impersonate:serviceaccount',
      user: {
        name: 'system:serviceaccount:dev:robot',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:dev', 'system:authenticated'],
      },
    },
  ],
  [
    'the node of one’s pod',
    account,
    { 'impersonate-user': 'system:node:n1' },
    ['impersonate-on:associated-node:list pods/', 'impersonate:associated-node nodes/*'],
    {
      constraint: 'impersonate:associated-node',
      user: { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] },
    },
  ],
  [
    'nobody at all',
    alice,
    { 'impersonate-user': 'system:anonymous' },
    ['impersonate users/system:anonymous'],
    { constraint: '', user: { name: 'system:anonymous', groups: ['system:unauthenticated'] } },
  ],
])('acting as somebody else is allowed: %s', (_name, user, headers, allowed, expected) => {
  expect(attempt(user, headers, allowed)).toEqual(expected)
})

test.each<[string, Record<string, string>, string[], number, string]>([
  [
    'without a name',
    { 'impersonate-group': 'dev' },
    [],
    400,
    'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"dev"}, Extra:map[string][]string(nil)} without impersonating a user name',
  ],
  [
    'without any right',
    { 'impersonate-user': 'bob' },
    [],
    403,
    'pods is forbidden: User "alice" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "dev"',
  ],
  [
    'as a node one has nothing to do with',
    { 'impersonate-user': 'system:node:n2' },
    ['impersonate-on:arbitrary-node:list pods/'],
    403,
    'nodes.authentication.k8s.io "n2" is forbidden: User "alice" cannot impersonate:arbitrary-node resource "nodes" in API group "authentication.k8s.io" at the cluster scope',
  ],
  [
    'as a master, by the narrow right',
    { 'impersonate-user': 'bob', 'impersonate-group': 'system:masters' },
    [
      'impersonate-on:user-info:list pods/',
      'impersonate:user-info users/bob',
      'impersonate:user-info groups/system:masters',
    ],
    403,
    'groups.authentication.k8s.io "system:masters" is forbidden: User "alice" cannot impersonate:user-info resource "groups" in API group "authentication.k8s.io" at the cluster scope: impersonating the system:masters group is not allowed',
  ],
])('acting as somebody else is refused: %s', (_name, headers, allowed, code, message) => {
  let refusal: unknown
  try {
    attempt(alice, headers, allowed)
  } catch (error) {
    refusal = error
  }
  expect(refusal).toMatchObject({ code, message })
})

test.each<[string, string[], string[]]>([
  [
    'by the legacy right',
    ['impersonate users/bob'],
    [
      'attempts_total{decision="allowed",mode="legacy"} 1',
      'authorization_attempts_total{decision="denied",mode="user-info"} 1',
      'authorization_attempts_total{decision="allowed",mode="legacy"} 1',
    ],
  ],
  [
    'for what the request does',
    ['impersonate-on:user-info:list pods/', 'impersonate:user-info users/bob'],
    [
      'attempts_total{decision="allowed",mode="user-info"} 1',
      'authorization_attempts_total{decision="allowed",mode="user-info"} 2',
    ],
  ],
  [
    'without any right',
    [],
    [
      'attempts_total{decision="denied",mode=""} 1',
      'authorization_attempts_total{decision="denied",mode="user-info"} 1',
      'authorization_attempts_total{decision="denied",mode="legacy"} 1',
    ],
  ],
])('acting as somebody else is counted: %s', (_name, allowed, expected) => {
  const metrics = new MetricsRegistry()
  try {
    attempt(alice, { 'impersonate-user': 'bob' }, allowed, metrics)
  } catch {
    // That it was refused is counted too.
  }
  const prefix = 'apiserver_impersonation_'
  const lines = metricsText(metrics).split('\n')
  expect(lines.filter(line => line.startsWith(prefix) && line.includes('_total{'))).toEqual(
    expected.map(line => prefix + line),
  )
})
