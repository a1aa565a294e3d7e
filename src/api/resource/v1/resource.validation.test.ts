import { describe, expect, test } from 'vitest'
import { type FieldError, fieldErrorMessage } from '../../../machinery/field-error.ts'
import type { KubeObject } from '../../resource.ts'
import {
  validateDeviceClass,
  validateResourceClaim,
  validateResourceClaimStatusUpdate,
  validateResourceClaimTemplate,
  validateSpecUnchanged,
} from './resourceclaim.validation.ts'
import { validateResourceSlice, validateResourceSliceUpdate } from './resourceslice.validation.ts'

const told = (errors: FieldError[]): string[] => errors.map(fieldErrorMessage)
const exactly = { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 }
const claim = (devices: object, status: object = {}): KubeObject => ({
  metadata: { name: 'c' },
  spec: { devices: { requests: [{ name: 'r', exactly }], ...devices } },
  status,
})
const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const unknown = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

test.each<[string, object, string[]]>([
  ['that is right', {}, []],
  [
    'of nothing',
    { requests: [{ name: 'R' }] },
    [
      `spec.devices.requests[0].name: Invalid value: "R": ${label}`,
      'spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required',
    ],
  ],
  [
    'of one thing in two ways',
    { requests: [{ name: 'r', exactly, firstAvailable: [{ name: 'a', ...exactly }] }] },
    [
      'spec.devices.requests[0]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set',
    ],
  ],
  [
    'of odd amounts',
    {
      requests: [
        { name: 'a', exactly: { deviceClassName: '', allocationMode: 'All', count: 1, selectors: [{}] } },
        { name: 'b', exactly: { ...exactly, count: -1 } },
        {
          name: 'b',
          exactly: { ...exactly, allocationMode: 'x', tolerations: [{ key: 'a', operator: 'x', effect: 'y' }] },
        },
      ],
    },
    [
      'spec.devices.requests[0].exactly.deviceClassName: Required value',
      'spec.devices.requests[0].exactly.selectors[0].cel: Required value',
      "spec.devices.requests[0].exactly.count: Invalid value: 1: must not be specified when allocationMode is 'All'",
      'spec.devices.requests[1].exactly.count: Invalid value: -1: must be greater than zero',
      'spec.devices.requests[2].exactly.allocationMode: Unsupported value: "x": supported values: "All", "ExactCount"',
      'spec.devices.requests[2].exactly.tolerations[0].operator: Unsupported value: "x": supported values: "Equal", "Exists"',
      'spec.devices.requests[2].exactly.tolerations[0].effect: Unsupported value: "y": supported values: "NoExecute", "NoSchedule", "None"',
      'spec.devices.requests[2]: Duplicate value: "b"',
    ],
  ],
  [
    'of too much',
    { requests: Array.from({ length: 33 }, (_, index) => ({ name: `r${index}`, exactly })) },
    ['spec.devices.requests: Too many: 33: must have at most 32 items'],
  ],
  [
    'with constraints',
    { constraints: [{ requests: ['r', 'x', 'r'], matchAttribute: 'a' }, {}] },
    [
      `spec.devices.constraints[0].requests[1]: Invalid value: "x": ${unknown}`,
      'spec.devices.constraints[0].requests[2]: Duplicate value: "r"',
      'spec.devices.constraints[0].matchAttribute: Invalid value: "a": a fully qualified name must be a domain and a name separated by a slash',
      'spec.devices.constraints[1]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
    ],
  ],
  [
    'with configurations',
    { config: [{}, { opaque: { driver: 'a.b', parameters: [] } }, { opaque: { driver: 'a.b' } }] },
    [
      'spec.devices.config[0].opaque: Required value',
      'spec.devices.config[1].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
      'spec.devices.config[2].opaque.parameters: Required value',
    ],
  ],
])('a claim %s', (_name, devices, errors) => {
  expect(told(validateResourceClaim(claim(devices)))).toEqual(errors)
})

test('a template, and a class', () => {
  const spec = { metadata: { labels: { '': '' } }, spec: { devices: { requests: [{ name: 'r' }] } } }
  expect(told(validateResourceClaimTemplate({ metadata: { name: 't' }, spec })).slice(-1)).toEqual([
    'spec.spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required',
  ])
  const deviceClass = { metadata: { name: 'c' }, spec: { selectors: [{}], extendedResourceName: 'cpu' } }
  expect(told(validateDeviceClass(deviceClass))).toEqual([
    'spec.selectors[0].cel: Required value',
    'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name',
  ])
  expect(told(validateSpecUnchanged(claim({ config: [{}] }), claim({})))[0]).toMatch(
    /^spec: Invalid value: .*: field is immutable$/,
  )
})

const result = { request: 'r', driver: 'a.b', pool: 'p', device: 'd' }
const allocation = { devices: { results: [result] } }

describe('the status of a claim', () => {
  test.each<[string, object, object, string[]]>([
    ['that is allocated', { allocation, reservedFor: [{ resource: 'pods', name: 'a', uid: 'u' }] }, {}, []],
    [
      'that is reserved before',
      {
        reservedFor: [
          { resource: 'pods', name: 'a', uid: 'u' },
          { resource: 'pods', name: '', uid: 'u' },
        ],
      },
      {},
      [
        'status.reservedFor[1].name: Required value',
        'status.reservedFor[1]: Duplicate value: "u"',
        'status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
      ],
    ],
    [
      'that is allocated anew',
      { allocation: { devices: { results: [{ ...result, device: 'e' }] } } },
      { allocation },
      [
        'status.allocation: Invalid value: {"devices":{"results":[{"request":"r","driver":"a.b","pool":"p","device":"e"}]}}: field is immutable',
      ],
    ],
    [
      'that is allocated oddly',
      {
        allocation: {
          devices: {
            results: [{ ...result, request: 'x', pool: 'A', bindingConditions: ['a', 'a'] }],
            config: [{ source: 'x', opaque: { driver: 'a.b', parameters: {} } }],
          },
        },
      },
      {},
      [
        `status.allocation.devices.results[0].request: Invalid value: "x": ${unknown}`,
        `status.allocation.devices.results[0].pool: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
        'status.allocation.devices.results[0].bindingConditions[1]: Duplicate value: "a"',
        'status.allocation.devices.results[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions',
        'status.allocation.devices.config[0].source: Unsupported value: "x": supported values: "FromClaim", "FromClass"',
      ],
    ],
    [
      'of a device it does not have',
      {
        allocation,
        devices: [{ ...result, device: 'e', conditions: [{ type: 'Ready' }], networkData: { ips: ['x'] } }],
      },
      { allocation },
      [
        'status.devices[0]: Invalid value: {"Driver":"a.b","Pool":"p","Device":"e","ShareID":""}: must be an allocated device in the claim',
        'status.devices[0].conditions[0].status: Unsupported value: "": supported values: "False", "True", "Unknown"',
        'status.devices[0].conditions[0].lastTransitionTime: Required value',
        'status.devices[0].conditions[0].reason: Required value',
        'status.devices[0].networkData.ips[0]: Invalid value: "x": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
      ],
    ],
  ])('%s', (_name, next, old, errors) => {
    expect(told(validateResourceClaimStatusUpdate(claim({}, next), claim({}, old)))).toEqual(errors)
  })
})

const slice = (spec: object): KubeObject => ({
  metadata: { name: 's' },
  spec: {
    driver: 'a.b',
    pool: { name: 'p', generation: 0, resourceSliceCount: 1 },
    nodeName: 'n',
    ...spec,
  },
})
const device = (of: object) => slice({ devices: [{ name: 'd', ...of }] })
const one = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'

test.each<[string, KubeObject, string[]]>([
  [
    'that is right',
    device({ attributes: { model: { string: 'x' } }, capacity: { 'a.b/memory': { value: '1Gi' } } }),
    [],
  ],
  [
    'of nobody',
    slice({ driver: '', pool: { name: '', generation: -1, resourceSliceCount: 0 }, nodeName: undefined }),
    [
      'spec.driver: Required value',
      'spec.pool.name: Required value',
      'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
      'spec.pool.generation: Invalid value: -1: must be greater than or equal to zero',
      `spec: Required value: ${one}`,
    ],
  ],
  [
    'of two places',
    slice({ allNodes: true, perDeviceNodeSelection: false }),
    [
      'spec.perDeviceNodeSelection: Invalid value: false: must be either unset or set to true',
      `spec: Invalid value: "{\`nodeName\`, \`allNodes\`}": ${one}, but multiple fields are set`,
    ],
  ],
  [
    'of odd attributes',
    device({
      attributes: { 'a/b/c': { int: 1 }, '/x': { int: 1 }, v: { version: '1' }, n: {}, t: { int: 1, bool: true } },
      taints: [{ key: 'a', effect: 'x' }],
      nodeName: 'n',
    }),
    [
      'spec.devices[0].attributes: Invalid value: "a/b/c": must not contain more than one slash',
      'spec.devices[0].attributes: Invalid value: "": the domain must not be empty',
      'spec.devices[0].attributes[v].version: Invalid value: "1": must be a string compatible with semver.org spec 2.0.0',
      'spec.devices[0].attributes[n]: Invalid value: "": exactly one value must be specified',
      'spec.devices[0].attributes[t]: Invalid value: {"int":1,"bool":true}: exactly one value must be specified',
      'spec.devices[0].taints[0].effect: Unsupported value: "x": supported values: "NoExecute", "NoSchedule", "None"',
      'spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
    ],
  ],
  [
    'of shared devices',
    device({
      allowMultipleAllocations: true,
      capacity: {
        a: { value: '10', requestPolicy: { default: '3', validValues: ['2', '1', '11'] } },
        b: { value: '10', requestPolicy: { default: '1', validRange: { min: '2', max: '20', step: '3' } } },
        c: { value: '10', requestPolicy: { validRange: { min: '1' } } },
      },
    }),
    [
      'spec.devices[0].capacity[a].requestPolicy.validValues[1]: Invalid value: "1": values must be sorted in ascending order',
      'spec.devices[0].capacity[a].requestPolicy.validValues[2]: Invalid value: "11": option is larger than capacity value: 10',
      'spec.devices[0].capacity[a].requestPolicy.validValues: Invalid value: "3": default value is not valid according to the requestPolicy',
      'spec.devices[0].capacity[b].requestPolicy.validRange.default: Invalid value: "1": default is less than min: 2',
      'spec.devices[0].capacity[b].requestPolicy.validRange.max: Invalid value: "20": max is larger than capacity value: 10',
      'spec.devices[0].capacity[b].requestPolicy.validRange.step: Invalid value: "1": value is not a multiple of a given step (3) from (2)',
      'spec.devices[0].capacity[c].requestPolicy.default: Required value: required when validRange is defined',
    ],
  ],
  [
    'of counters',
    slice({
      sharedCounters: [
        { name: '', counters: {} },
        { name: 'a', counters: { B: { value: '1' } } },
      ],
    }),
    [
      'spec.sharedCounters[0].name: Required value',
      'spec.sharedCounters[0].counters: Required value',
      `spec.sharedCounters[1].counters: Invalid value: "B": ${label}`,
    ],
  ],
])('a slice %s', (_name, made, errors) => {
  expect(told(validateResourceSlice(made))).toEqual(errors)
})

test('a slice stays where it is', () => {
  const moved = slice({ nodeName: 'm', driver: 'c.d', pool: { name: 'q', generation: 1, resourceSliceCount: 1 } })
  expect(told(validateResourceSliceUpdate(moved, slice({})))).toEqual([
    'spec.pool.name: Invalid value: "q": field is immutable',
    'spec.driver: Invalid value: "c.d": field is immutable',
    'spec.nodeName: Invalid value: "m": field is immutable',
  ])
})
