import { expect, test } from 'vitest'
import { type FieldError, fieldErrorMessage } from '../../../machinery/field-error.ts'
import type { KubeObject } from '../../resource.ts'
import { validateFlowSchema, validatePriorityLevelConfiguration } from './flowcontrol.validation.ts'

const told = (errors: FieldError[]): string[] => errors.map(fieldErrorMessage)
const user = { kind: 'User', user: { name: '*' } }
const resourceRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['*'] }

function schema(spec: object, name = 's'): KubeObject {
  return {
    metadata: { name },
    spec: { matchingPrecedence: 1000, priorityLevelConfiguration: { name: 'p' }, ...spec },
  }
}
const rule = (of: object) => schema({ rules: [{ subjects: [user], resourceRules: [resourceRule], ...of }] })
const verbs =
  'supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"'

test.each<[string, KubeObject, string[]]>([
  ['that is right', rule({}), []],
  [
    'before all others',
    schema({ matchingPrecedence: 1 }),
    ["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"],
  ],
  [
    'behind the last',
    schema({ matchingPrecedence: 10001, priorityLevelConfiguration: { name: '' } }),
    [
      'spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000',
      'spec.priorityLevelConfiguration.name: Required value: must reference a priority level',
    ],
  ],
  [
    'of an unknown flow',
    schema({ matchingPrecedence: 0, distinguisherMethod: { type: 'x' } }),
    [
      'spec.matchingPrecedence: Invalid value: 0: must be a positive value',
      'spec.distinguisherMethod.type: Unsupported value: {"Type":"x"}: supported values: "ByNamespace", "ByUser"',
    ],
  ],
  [
    'of nobody and nothing',
    rule({ subjects: null, resourceRules: [] }),
    [
      'spec.rules[0].subjects: Required value: subjects must contain at least one value',
      'spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty',
    ],
  ],
  [
    'of two subjects in one',
    rule({
      subjects: [
        { kind: 'Group', user: { name: 'x' } },
        { kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: '' }, group: { name: 'x' } },
        { kind: 'x' },
      ],
    }),
    [
      "spec.rules[0].subjects[0].group: Required value: group is required when subject kind is 'Group'",
      "spec.rules[0].subjects[0].user: Forbidden: user is forbidden when subject kind is not 'User'",
      'spec.rules[0].subjects[1].serviceAccount.namespace: Required value: must specify namespace for service account',
      "spec.rules[0].subjects[1].group: Forbidden: group is forbidden when subject kind is not 'Group'",
      'spec.rules[0].subjects[2].kind: Unsupported value: "x": supported values: "Group", "ServiceAccount", "User"',
    ],
  ],
  [
    'of resources',
    rule({ resourceRules: [{ verbs: ['*', 'get'], apiGroups: null, resources: ['*', 'pods'], namespaces: null }] }),
    [
      `spec.rules[0].resourceRules[0].verbs: Invalid value: ["*","get"]: if '*' is present, must not specify other verbs`,
      'spec.rules[0].resourceRules[0].apiGroups: Required value: resource rules must supply at least one api group',
      `spec.rules[0].resourceRules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources`,
      'spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace',
    ],
  ],
  [
    'of paths',
    rule({
      resourceRules: [],
      nonResourceRules: [{ verbs: ['x'], nonResourceURLs: ['/', 'a', '/a b', '/a//b', '/*/a', '/a/*', ''] }],
    }),
    [
      `spec.rules[0].nonResourceRules[0].verbs: Unsupported value: ["x"]: ${verbs}`,
      'spec.rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid value: "a": must start with slash',
      'spec.rules[0].nonResourceRules[0].nonResourceURLs[2]: Invalid value: "/a b": must not contain white-space',
      'spec.rules[0].nonResourceRules[0].nonResourceURLs[3]: Invalid value: "/a//b": must not contain double slash',
      'spec.rules[0].nonResourceRules[0].nonResourceURLs[4]: Invalid value: "/*/a": wildcard can only do suffix matching',
      'spec.rules[0].nonResourceRules[0].nonResourceURLs[6]: Invalid value: "": must not be empty',
    ],
  ],
])('a flow schema %s', (_name, made, errors) => {
  expect(told(validateFlowSchema(made))).toEqual(errors)
})

const queuing = { queues: 64, handSize: 6, queueLengthLimit: 50 }
const limited = (of: object) => ({
  type: 'Limited',
  limited: { nominalConcurrencyShares: 30, limitResponse: { type: 'Reject' }, ...of },
})
const queue = (of: object) => limited({ limitResponse: { type: 'Queue', queuing: { ...queuing, ...of } } })

test.each<[string, object, string[]]>([
  ['that rejects', limited({}), []],
  ['that queues', queue({}), []],
  [
    'that is exempt',
    { type: 'Exempt', limited: {} },
    [
      "spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'",
      'spec.limited: Forbidden: must be nil if the type is not Limited',
    ],
  ],
  ['without a limit', { type: 'Limited' }, ['spec.limited: Required value: must not be empty when type is Limited']],
  ['of no kind', { type: 'x' }, ['spec.type: Unsupported value: "x": supported values: "Exempt", "Limited"']],
  [
    'with odd shares',
    limited({ nominalConcurrencyShares: -1, lendablePercent: 101, borrowingLimitPercent: -1 }),
    [
      'spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer',
      'spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive',
      'spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer',
    ],
  ],
  [
    'that queues and rejects',
    limited({ limitResponse: { type: 'Reject', queuing } }),
    ['spec.limited.limitResponse.queuing: Forbidden: must be nil if limited.limitResponse.type is not Limited'],
  ],
  [
    'with more hands than queues',
    queue({ handSize: 65, queueLengthLimit: 0 }),
    [
      'spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: 0: must be positive',
      'spec.limited.limitResponse.queuing.handSize: Invalid value: 65: should not be greater than queues (64)',
    ],
  ],
  [
    'with hands too large to deal',
    queue({ queues: 512, handSize: 8 }),
    [
      'spec.limited.limitResponse.queuing.handSize: Invalid value: 8: required entropy bits of deckSize 512 and handSize 8 should not be greater than 60',
    ],
  ],
])('a priority level %s', (_name, spec, errors) => {
  expect(told(validatePriorityLevelConfiguration({ metadata: { name: 'p' }, spec }))).toEqual(errors)
})
