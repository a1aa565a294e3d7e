import { expect, test } from 'vitest'
import { type FieldError, fieldErrorMessage } from '../../../machinery/field-error.ts'
import type { KubeObject } from '../../resource.ts'
import { validateNode, validateNodeStatusUpdate, validateNodeUpdate } from './node.validation.ts'

const told = (errors: FieldError[]): string[] => errors.map(fieldErrorMessage)
const node = (spec: object, status: object = {}): KubeObject => ({ metadata: { name: 'n' }, spec, status })
const once = (what: string): string => `node updates may not change ${what} except from "" to valid`

test.each<[string, KubeObject, string[]]>([
  ['both families', node({ podCIDRs: ['10.0.0.0/24', 'fd00::/64'] }), []],
  [
    'one family twice',
    node({ podCIDRs: ['10.0.0.0/24', '10.0.1.0/24'] }),
    [
      'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.1.0/24"]: may specify no more than one CIDR for each IP family',
    ],
  ],
  [
    'no range at all',
    node({ podCIDRs: ['x'] }),
    ['spec.podCIDRs[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
  ],
  [
    'taints',
    node({
      taints: [
        { key: '', effect: 'x' },
        { key: 'a', effect: 'NoSchedule' },
        { key: 'a', effect: 'NoSchedule' },
      ],
    }),
    [
      'metadata.taints[0].key: Invalid value: "": name part must be non-empty',
      "metadata.taints[0].key: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'metadata.taints[0].effect: Unsupported value: "x": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      'metadata.taints[2]: Duplicate value: {"Key":"a","Value":"","Effect":"NoSchedule","TimeAdded":null}: taints must be unique by key and effect pair',
    ],
  ],
  [
    'less than nothing',
    node({}, { capacity: { cpu: '-1' }, declaredFeatures: ['B', 'A', 'a'] }),
    [
      'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
      'status.declaredFeatures[1]: Invalid value: "A": list must be sorted alphabetically',
      'status.declaredFeatures[2]: Invalid value: "a": invalid feature name "a": must start with an UpperCamelCase segment, with subsequent segments separated by \'/\' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes',
    ],
  ],
])('%s', (_name, made, errors) => {
  expect(told(validateNode(made))).toEqual(errors)
})

test.each<[string, KubeObject, KubeObject, string[]]>([
  ['gets its range', node({ podCIDRs: ['10.0.0.0/24'] }), node({}), []],
  [
    'keeps its range',
    node({ podCIDRs: ['10.0.1.0/24'] }),
    node({ podCIDRs: ['10.0.0.0/24'] }),
    [`spec.podCIDRs: Forbidden: ${once('podCIDR')}`],
  ],
  [
    'keeps its provider',
    node({ providerID: 'b' }),
    node({ providerID: 'a' }),
    [`spec.providerID: Forbidden: ${once('providerID')}`],
  ],
  ['keeps its old name', node({ externalID: 'b' }), node({}), ['spec.externalID: Forbidden: may not be updated']],
  [
    'has an address once',
    node(
      {},
      {
        addresses: [
          { type: 'Hostname', address: 'a' },
          { type: 'Hostname', address: 'a' },
        ],
      },
    ),
    node({}),
    ['status.addresses[1]: Duplicate value: {"type":"Hostname","address":"a"}'],
  ],
  [
    'names its configuration wholly',
    node({ configSource: { configMap: { uid: 'x', name: 'a', namespace: '' } } }),
    node({}),
    [
      'spec.configSource.configMap.uid: Forbidden: uid must not be set in spec',
      'spec.configSource.configMap.namespace: Required value',
      'spec.configSource.configMap.kubeletConfigKey: Required value',
    ],
  ],
])('a node %s', (_name, next, old, errors) => {
  expect(told(validateNodeStatusUpdate(next, old))).toEqual(errors)
})

test('upstream checks a changed node twice', () => {
  const bad = node({}, { capacity: { cpu: '-1' } })
  expect(validateNodeUpdate(bad, node({}))).toHaveLength(2)
})
