import { describe, expect, test } from 'vitest'
import { parseYaml } from '../../machinery/yaml/parse.ts'
import { type Policy, PolicyEvaluator, type PolicyRule, readPolicy } from './policy.ts'

const read = (yaml: string) => readPolicy(parseYaml(yaml).value)
const head = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n'

describe('a policy', () => {
  test('is read from YAML, whatever has no meaning being told of', () => {
    const { policy, unknownFields } = read(`${head}omitStages: [RequestReceived]
rules:
- level: Metadata
  resources:
  - group: ""
    resources: [secrets]
  user: [bob]
`)
    expect(policy).toMatchObject({
      omitStages: ['RequestReceived'],
      rules: [{ level: 'Metadata', resources: [{ group: '', resources: ['secrets'] }] }],
    })
    expect(unknownFields).toEqual(['unknown field "rules[0].user"'])
  })

  test.each<[string, string, string]>([
    ['of another kind', 'apiVersion: v1\nkind: Pod\n', 'no kind "Pod" is registered for version "v1"'],
    ['without a kind', 'rules: []', 'unknown group version field audit.k8s.io/__internal, Kind=Policy in policy'],
    ['without rules', head, 'loaded illegal policy with 0 rules'],
    ['with a rule without a level', `${head}rules: [{users: [a]}]`, 'rules[0].level: Required value'],
    [
      'with a level that there is not',
      `${head}rules: [{level: Everything}]`,
      'rules[0].level: Unsupported value: "Everything": supported values: "None", "Metadata", "Request", "RequestResponse"',
    ],
    [
      'with a stage that there is not',
      `${head}rules: [{level: None, omitStages: [Begin]}]`,
      'rules[0].omitStages[0]: Invalid value: "Begin": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic',
    ],
    [
      'with a path that is none',
      `${head}rules: [{level: None, nonResourceURLs: [healthz]}]`,
      `rules[0].nonResourceURLs[0]: Invalid value: "healthz": non-resource URL rules must begin with a '/' character`,
    ],
    [
      'with a wildcard in the middle',
      `${head}rules: [{level: None, nonResourceURLs: ["/a*b"]}]`,
      'rules[0].nonResourceURLs[0]: Invalid value: "/a*b": non-resource URL wildcards \'*\' must be the final character of the rule',
    ],
    [
      'with a group and version',
      `${head}rules: [{level: None, resources: [{group: rbac.authorization.k8s.io/v1}]}]`,
      'rules[0].resources.group: Invalid value: "rbac.authorization.k8s.io/v1": a lowercase RFC 1123 subdomain',
    ],
    [
      'with names of no resource',
      `${head}rules: [{level: None, resources: [{resourceNames: [a]}]}]`,
      'using resourceNames requires at least one resource',
    ],
    [
      'about both resources and paths',
      `${head}rules: [{level: None, namespaces: [a], nonResourceURLs: [/a]}]`,
      'rules cannot apply to both regular resources and non-resource URLs',
    ],
    ['with a number for a name', `${head}rules: [{level: None, users: [1]}]`, 'rules[0].users[0]: must be a string'],
  ])('%s is refused', (_name, yaml, problem) => {
    let message = ''
    try {
      read(yaml)
    } catch (error) {
      message = (error as Error).message
    }
    expect(message).toContain(problem)
  })
})

describe('a rule', () => {
  const alice = { name: 'alice', groups: ['dev', 'system:authenticated'] }
  const pods = {
    user: alice,
    verb: 'get',
    resourceRequest: true,
    group: '',
    resource: 'pods',
    namespace: 'a',
    name: 'x',
  }
  const path = (text: string) => ({ user: alice, verb: 'get', resourceRequest: false, path: text })
  test.each<[string, Omit<PolicyRule, 'level'>, object, boolean]>([
    ['of everything', {}, pods, true],
    ['of a user', { users: ['alice'] }, pods, true],
    ['of another user', { users: ['bob'] }, pods, false],
    ['of a user, before anybody knows who asks', { users: ['alice'] }, { ...pods, user: undefined }, false],
    ['of a group', { userGroups: ['dev'] }, pods, true],
    ['of another group', { userGroups: ['ops'] }, pods, false],
    ['of a verb', { verbs: ['get'] }, pods, true],
    ['of another verb', { verbs: ['list'] }, pods, false],
    ['of a namespace', { namespaces: ['a'] }, pods, true],
    ['of what has no namespace', { namespaces: [''] }, { ...pods, namespace: '', resource: 'nodes' }, true],
    ['of a namespace, for a path', { namespaces: ['a'] }, path('/healthz'), false],
    ['of a group of resources', { resources: [{ group: '' }] }, pods, true],
    ['of any group', { resources: [{ group: '*', resources: ['pods'] }] }, pods, true],
    ['of another group of resources', { resources: [{ group: 'apps' }] }, pods, false],
    [
      'of a resource, for its subresource',
      { resources: [{ resources: ['pods'] }] },
      { ...pods, subresource: 'log' },
      false,
    ],
    ['of a subresource', { resources: [{ resources: ['pods/log'] }] }, { ...pods, subresource: 'log' }, true],
    ['of a subresource of anything', { resources: [{ resources: ['*/log'] }] }, { ...pods, subresource: 'log' }, true],
    ['of any subresource', { resources: [{ resources: ['pods/*'] }] }, { ...pods, subresource: 'log' }, true],
    ['of all resources', { resources: [{ resources: ['*'] }] }, { ...pods, subresource: 'log' }, true],
    ['of a name', { resources: [{ resources: ['pods'], resourceNames: ['x'] }] }, pods, true],
    ['of another name', { resources: [{ resources: ['pods'], resourceNames: ['y'] }] }, pods, false],
    ['of a path', { nonResourceURLs: ['/healthz'] }, path('/healthz'), true],
    ['of a path, for one below', { nonResourceURLs: ['/healthz'] }, path('/healthz/ping'), false],
    ['of paths', { nonResourceURLs: ['/healthz*'] }, path('/healthz/ping'), true],
    ['of all paths, for a resource', { nonResourceURLs: ['*'] }, pods, false],
  ])('%s', (_name, rule, attributes, matches) => {
    const evaluator = new PolicyEvaluator({ rules: [{ level: 'Request', ...rule }] })
    expect(evaluator.evaluate(attributes as never).level).toBe(matches ? 'Request' : 'None')
  })

  test('is the first that matches; stages are left out by it and by the policy', () => {
    const policy: Policy = {
      omitStages: ['RequestReceived'],
      omitManagedFields: true,
      rules: [
        { level: 'Metadata', verbs: ['list'] },
        { level: 'Request', omitStages: ['Panic'], omitManagedFields: false },
        { level: 'None' },
      ],
    }
    const evaluator = new PolicyEvaluator(policy)
    expect(evaluator.evaluate({ ...pods, verb: 'list' })).toEqual({
      level: 'Metadata',
      omitStages: new Set(['RequestReceived']),
      omitManagedFields: true,
    })
    expect(evaluator.evaluate(pods)).toEqual({
      level: 'Request',
      omitStages: new Set(['RequestReceived', 'Panic']),
      omitManagedFields: false,
    })
  })
})
