import { expect, test } from 'vitest'
import { type FieldError, fieldErrorMessage } from '../machinery/field-error.ts'
import * as config from './core/v1/config.validation.ts'
import { validateIngress } from './networking/v1/ingress.validation.ts'
import { validateNetworkPolicy } from './networking/v1/networkpolicy.validation.ts'
import { validatePodDisruptionBudget } from './policy/v1/poddisruptionbudget.validation.ts'
import { validateRole, validateRoleBinding } from './rbac/v1/rbac.validation.ts'
import type { KubeObject } from './resource.ts'
import { validatePriorityClass } from './scheduling/v1/priorityclass.validation.ts'

const secret = 'c2VjcmV0'

test.each<[string, (object: KubeObject) => FieldError[], object, string[]]>([
  [
    'a ConfigMap says a key once',
    config.validateConfigMap,
    { data: { a: '' }, binaryData: { a: '' } },
    ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
  ],
  [
    'a TLS Secret has a key',
    config.validateSecret,
    { type: 'kubernetes.io/tls', data: { 'tls.crt': secret } },
    ['data[tls.key]: Required value'],
  ],
  [
    'a login has a name or a password',
    config.validateSecret,
    { type: 'kubernetes.io/basic-auth' },
    ['data[username]: Required value', 'data[password]: Required value'],
  ],
  [
    'a quota counts what is counted',
    config.validateResourceQuota,
    { spec: { hard: { apples: '1', pods: '1.5' } } },
    [
      'spec.hard[apples]: Invalid value: "apples": must be a standard resource type or fully qualified',
      'spec.hard[apples]: Invalid value: "apples": must be a standard resource for quota',
      'spec.hard[pods]: Invalid value: "1500m": must be an integer',
    ],
  ],
  [
    'a limit is not below what is least',
    config.validateLimitRange,
    { spec: { limits: [{ type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } }] } },
    ['spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1'],
  ],
  [
    'endpoints are elsewhere',
    config.validateEndpoints,
    { subsets: [{ addresses: [{ ip: '127.0.0.1' }] }] },
    ['subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  ],
  [
    'an Ingress leads somewhere',
    validateIngress,
    { spec: {} },
    ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'],
  ],
  [
    'a policy has peers',
    validateNetworkPolicy,
    { spec: { podSelector: {}, ingress: [{ from: [{}] }] } },
    ['spec.ingress[0].from[0]: Required value: must specify a peer'],
  ],
  [
    'a Role allows something',
    validateRole,
    { kind: 'Role', rules: [{}] },
    [
      'rules[0].verbs: Required value: verbs must contain at least one value',
      'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
      'rules[0].resources: Required value: resource rules must supply at least one resource',
    ],
  ],
  [
    'a binding names a role',
    validateRoleBinding,
    { kind: 'ClusterRoleBinding', roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' } },
    ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
  ],
  [
    'a budget says one thing',
    validatePodDisruptionBudget,
    { spec: { minAvailable: 1, maxUnavailable: '200%' } },
    [
      'spec: Invalid value: {"minAvailable":1,"maxUnavailable":"200%"}: minAvailable and maxUnavailable cannot be both set',
      'spec.maxUnavailable: Invalid value: "200%": must not be greater than 100%',
    ],
  ],
  [
    'high priorities are the system’s',
    validatePriorityClass,
    { value: 1000000001 },
    ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
  ],
])('%s', (_name, validate, object, errors) => {
  expect(validate({ metadata: { name: 'x' }, ...object }).map(fieldErrorMessage)).toEqual(errors)
})
