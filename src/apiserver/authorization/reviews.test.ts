import { describe, expect, test } from 'vitest'
import type { UserInfo } from '../user.ts'
import type { AuthorizationAttributes } from './authorizer.ts'
import { NodeAuthorizer } from './node-authorizer.ts'
import { RbacAuthorizer } from './rbac.ts'
import { type AccessReview, type AccessReviewKind, evaluateAccessReview, rulesFor } from './reviews.ts'
import { unionAuthorizer } from './union.ts'

const alice: UserInfo = { name: 'alice', groups: ['devs'] }
const listPods = { resourceAttributes: { verb: 'list', resource: 'pods', namespace: 'dev' } }

/** What an authorizer is asked when the review is evaluated. */
function asked(kind: AccessReviewKind, review: AccessReview): AuthorizationAttributes {
  let question: AuthorizationAttributes | undefined
  evaluateAccessReview(kind, review, alice, {
    authorize: attributes => {
      question = attributes
      return { allowed: false, reason: '' }
    },
  })
  return question!
}

describe('an access review asks', () => {
  test('for the one who sends it, or for another', () => {
    expect(asked('SelfSubjectAccessReview', { spec: listPods }).user).toBe(alice)
    expect(asked('SubjectAccessReview', { spec: { ...listPods, user: 'bob', groups: ['g'], uid: 'u' } }).user).toEqual({
      name: 'bob',
      groups: ['g'],
      uid: 'u',
    })
  })

  test('about a resource', () => {
    expect(
      asked('SelfSubjectAccessReview', {
        spec: {
          resourceAttributes: {
            verb: 'get',
            group: 'apps',
            resource: 'deployments',
            subresource: 'scale',
            name: 'd',
            namespace: 'dev',
            fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }] },
          },
        },
      }),
    ).toMatchObject({
      resourceRequest: true,
      verb: 'get',
      group: 'apps',
      version: '*',
      resource: 'deployments',
      subresource: 'scale',
      name: 'd',
      namespace: 'dev',
      fieldSelector: 'spec.nodeName=n1',
    })
  })

  test('about a path', () => {
    const spec = { nonResourceAttributes: { verb: 'get', path: '/metrics' } }
    expect(asked('SelfSubjectAccessReview', { spec })).toMatchObject({
      resourceRequest: false,
      verb: 'get',
      path: '/metrics',
    })
  })
})

test.each([
  [
    { allowed: true, reason: 'why' },
    { allowed: true, reason: 'why' },
  ],
  [{ allowed: false, reason: '' }, { allowed: false }],
  [
    { allowed: false, denied: true, reason: 'no' },
    { allowed: false, denied: true, reason: 'no' },
  ],
])('the decision %j is told as %j', (decision, status) => {
  const authorizer = { authorize: () => decision }
  expect(evaluateAccessReview('SelfSubjectAccessReview', { spec: listPods }, alice, authorizer)).toEqual(status)
})

test.each<[string, AccessReviewKind, AccessReview]>([
  [
    '.authorization.k8s.io "" is invalid: spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    'SelfSubjectAccessReview',
    {},
  ],
  [
    'cannot be specified in combination with resourceAttributes',
    'SelfSubjectAccessReview',
    { spec: { ...listPods, nonResourceAttributes: { path: '/', verb: 'get' } } },
  ],
  [
    '.authorization.k8s.io "" is invalid: spec.user: Invalid value: "": at least one of user or group must be specified',
    'SubjectAccessReview',
    { spec: listPods },
  ],
  [
    'spec.resourceAttributes.namespace: Invalid value: "dev": must match metadata.namespace',
    'LocalSubjectAccessReview',
    { metadata: { namespace: 'prod' }, spec: { ...listPods, user: 'bob' } },
  ],
  [
    ': disallowed on this kind of request',
    'LocalSubjectAccessReview',
    { metadata: { namespace: 'prod' }, spec: { user: 'bob', nonResourceAttributes: { path: '/', verb: 'get' } } },
  ],
])('%s', (message, kind, review) => {
  expect(() => evaluateAccessReview(kind, review, alice, new RbacAuthorizer())).toThrow(message)
})

describe('SelfSubjectRulesReview', () => {
  const rbac = new RbacAuthorizer()
  rbac.upsert('ClusterRole', {
    metadata: { name: 'r' },
    rules: [
      { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['p'] },
      { verbs: ['get'], nonResourceURLs: ['/healthz'] },
    ],
  })
  for (const name of ['r', 'gone'])
    rbac.upsert('ClusterRoleBinding', {
      metadata: { name },
      roleRef: { kind: 'ClusterRole', name },
      subjects: [{ kind: 'Group', name: 'devs' }],
    })

  test('lists the rules, and what is wrong with others', () => {
    expect(rulesFor(alice, 'dev', rbac)).toEqual({
      resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['p'] }],
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }],
      incomplete: false,
      evaluationError: 'clusterrole.rbac.authorization.k8s.io "gone" not found',
    })
  })

  test('is about a namespace', () => {
    expect(() => rulesFor(alice, '', new RbacAuthorizer())).toThrow('no namespace on request')
  })

  test('is incomplete for a node', () => {
    expect(
      rulesFor(
        { name: 'system:node:n1', groups: ['system:nodes'] },
        'dev',
        unionAuthorizer(new NodeAuthorizer(), rbac),
      ),
    ).toEqual({
      resourceRules: [],
      nonResourceRules: [],
      incomplete: true,
      evaluationError: 'node authorizer does not support user rule resolution',
    })
  })
})

describe('selectors of a review', () => {
  const listing = (selectors: object) => ({
    spec: { resourceAttributes: { verb: 'list', resource: 'pods', ...selectors } },
  })
  test.each([
    [{ fieldSelector: { rawSelector: 'a=b' } }, { fieldSelector: 'a=b' }],
    [{ fieldSelector: { requirements: [{ key: 'a', operator: 'NotIn', values: ['b'] }] } }, { fieldSelector: 'a!=b' }],
    [
      {
        labelSelector: {
          requirements: [
            { key: 'a', operator: 'Exists' },
            { key: 'b', operator: 'In', values: ['c'] },
          ],
        },
      },
      { labelSelector: 'a,b in (c)' },
    ],
  ])('%j is asked as %j', (selectors, expected) => {
    expect(asked('SelfSubjectAccessReview', listing(selectors))).toMatchObject(expected)
  })

  test.each([
    [
      { fieldSelector: { rawSelector: 'nonsense' } },
      'spec.resourceAttributes.fieldSelector ignored due to parse error',
    ],
    [
      {
        labelSelector: {
          requirements: [
            { key: 'a', operator: 'Exists' },
            { key: 'b', operator: 'Near' },
          ],
        },
      },
      'spec.resourceAttributes.labelSelector partially ignored due to parse error',
    ],
  ])('%j: %s', (selectors, evaluationError) => {
    expect(evaluateAccessReview('SelfSubjectAccessReview', listing(selectors), alice, new RbacAuthorizer())).toEqual({
      allowed: false,
      evaluationError,
    })
  })

  test.each([
    [
      { fieldSelector: {} },
      'spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required',
    ],
    [
      { labelSelector: { rawSelector: 'a', requirements: [{ key: 'a', operator: 'Exists' }] } },
      'spec.resourceAttributes.labelSelector.rawSelector: Invalid value: "a": may not specified at the same time as requirements',
    ],
  ])('%j is refused: %s', (selectors, message) => {
    expect(() =>
      evaluateAccessReview('SelfSubjectAccessReview', listing(selectors), alice, new RbacAuthorizer()),
    ).toThrow(message)
  })
})
