import { describe, expect, test } from 'vitest'
import { type FieldError, fieldErrorMessage } from '../../../machinery/field-error.ts'
import { validateEndpointSlice, validateEndpointSliceUpdate } from '../../discovery/v1/endpointslice.validation.ts'
import type { KubeObject } from '../../resource.ts'
import { validateIngress, validateIngressStatusUpdate } from './ingress.validation.ts'
import { validateIngressClass, validateIngressClassUpdate } from './ingressclass.validation.ts'
import { validateNetworkPolicy } from './networkpolicy.validation.ts'
import * as addresses from './serviceaddresses.validation.ts'

type Validate = (object: KubeObject) => FieldError[]
const told = (errors: FieldError[]): string[] => errors.map(fieldErrorMessage)
const service = { service: { name: 's', port: { number: 80 } } }
const paths = (...list: object[]) => ({ spec: { rules: [{ http: { paths: list } }] } })
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

test.each<[string, Validate, object, string[]]>([
  ['an Ingress', validateIngress, paths({ path: '/', pathType: 'Prefix', backend: service }), []],
  [
    'paths',
    validateIngress,
    paths(
      { path: '/', backend: {} },
      { path: 'a//b%2F/..', pathType: 'Exact', backend: service },
      { path: 'a', pathType: 'ImplementationSpecific', backend: service },
      { path: '/', pathType: 'x', backend: service },
    ),
    [
      'spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified',
      'spec.rules[0].http.paths[1].path: Invalid value: "a//b%2F/..": must be an absolute path',
      `spec.rules[0].http.paths[1].path: Invalid value: "a//b%2F/..": must not contain '//'`,
      `spec.rules[0].http.paths[1].path: Invalid value: "a//b%2F/..": must not contain '%2F'`,
      `spec.rules[0].http.paths[1].path: Invalid value: "a//b%2F/..": cannot end with '/..'`,
      'spec.rules[0].http.paths[2].path: Invalid value: "a": must be an absolute path',
      'spec.rules[0].http.paths[3].pathType: Unsupported value: "x": supported values: "Exact", "ImplementationSpecific", "Prefix"',
    ],
  ],
  [
    'backends',
    validateIngress,
    paths(
      { path: '/', pathType: 'Exact', backend: {} },
      { path: '/', pathType: 'Exact', backend: { resource: { apiGroup: '-', kind: 'a/b' } } },
      { path: '/', pathType: 'Exact', backend: { ...service, resource: { kind: 'a', name: 'b' } } },
      { path: '/', pathType: 'Exact', backend: { service: { name: 's', port: { name: 'a', number: 1 } } } },
    ),
    [
      'spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required',
      `spec.rules[0].http.paths[1].backend.resource.apiGroup: Invalid value: "-": ${subdomain}`,
      `spec.rules[0].http.paths[1].backend.resource.kind: Invalid value: "a/b": may not contain '/'`,
      'spec.rules[0].http.paths[1].backend.resource.name: Required value',
      'spec.rules[0].http.paths[2].backend: Invalid value: "": cannot set both resource and service backends',
      'spec.rules[0].http.paths[3].backend: Invalid value: "": cannot set both port name & port number',
    ],
  ],
  [
    'a class with parameters',
    validateIngressClass,
    { spec: { controller: 'a.b/c', parameters: { kind: 'k', name: 'n', scope: 'Namespace' } } },
    ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
  ],
  [
    'a class with parameters nowhere',
    validateIngressClass,
    { spec: { controller: 'a', parameters: { kind: 'k', scope: 'Cluster', namespace: 'n' } } },
    [
      'spec.controller: Invalid value: "a": must be a domain-prefixed path (such as "acme.io/foo")',
      'spec.parameters.name: Required value',
      "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'",
    ],
  ],
  [
    'a policy',
    validateNetworkPolicy,
    {
      spec: {
        podSelector: {},
        ingress: [{ ports: [{ endPort: 1 }, { port: 5, endPort: 4 }, { port: 'a', endPort: 4 }], from: [{}] }],
        egress: [{ to: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] } }] }],
        policyTypes: ['Ingress', 'x'],
      },
    },
    [
      'spec.ingress[0].ports[0].endPort: Invalid value: 1: may not be specified when `port` is not specified',
      'spec.ingress[0].ports[1].endPort: Invalid value: 5: must be greater than or equal to `port`',
      'spec.ingress[0].ports[2].endPort: Invalid value: 4: may not be specified when `port` is non-numeric',
      'spec.ingress[0].from[0]: Required value: must specify a peer',
      'spec.egress[0].to[0].ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
      'spec.egress[0].to[0]: Forbidden: may not specify both ipBlock and another peer',
      'spec.policyTypes[1]: Unsupported value: "x": supported values: "Ingress", "Egress"',
    ],
  ],
  ['an address of nobody', addresses.validateIPAddress, {}, ['spec.parentRef: Required value']],
  [
    'an address of an odd parent',
    addresses.validateIPAddress,
    { spec: { parentRef: { group: '-', resource: '', name: 'a%' } } },
    [
      `spec.parentRef.group: Invalid value: "-": ${subdomain}`,
      'spec.parentRef.resource: Required value',
      `spec.parentRef.name: Invalid value: "a%": may not contain '%'`,
    ],
  ],
  ['no range', addresses.validateServiceCIDR, {}, ['spec.cidrs: Required value: at least one CIDR required']],
  [
    'two ranges of a family',
    addresses.validateServiceCIDR,
    { spec: { cidrs: ['10.0.0.0/8', '10.0.0.1/8'] } },
    [
      'spec.cidrs[1]: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length',
      'spec.cidrs: Invalid value: ["10.0.0.0/8","10.0.0.1/8"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ],
  ],
  [
    'an endpoint slice',
    validateEndpointSlice,
    {
      addressType: 'IPv4',
      endpoints: [
        { addresses: null },
        {
          addresses: ['::1', '127.0.0.1', 'x'],
          hostname: 'A',
          hints: { forZones: [{ name: 'a' }, { name: 'a' }] },
        },
      ],
      ports: [
        { name: '', protocol: 'TCP' },
        { name: '', protocol: 'x', appProtocol: '-' },
      ],
    },
    [
      'endpoints[0].addresses: Required value: must contain at least 1 address',
      'endpoints[1].addresses: Invalid value: "::1": must be an IPv4 address',
      'endpoints[1].addresses[0]: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      'endpoints[1].addresses[1]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      'endpoints[1].addresses[2]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      "endpoints[1].hostname: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      'endpoints[1].hints.forZones[1].name: Duplicate value: "a"',
      'ports[1].name: Duplicate value: ""',
      'ports[1].protocol: Unsupported value: "x": supported values: "SCTP", "TCP", "UDP"',
      "ports[1].appProtocol: Invalid value: \"-\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
  ],
])('%s', (_name, validate, object, errors) => {
  expect(told(validate({ metadata: { name: 'x' }, ...object }))).toEqual(errors)
})

test('an IPAddress is called by its address', () => {
  expect(addresses.nameIsIPAddress('10.0.0.1')).toEqual([])
  expect(addresses.nameIsIPAddress('2001:DB8::1')).toEqual(['must be in canonical form ("2001:db8::1")'])
  expect(addresses.nameIsIPAddress('x')).toEqual(['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'])
})

describe('a change', () => {
  const parent = (name: string) => ({ spec: { parentRef: { resource: 'services', name } } })
  const cidrs = (...list: string[]) => ({ spec: { cidrs: list } })
  test.each<[string, (next: KubeObject, old: KubeObject) => FieldError[], object, object, string[]]>([
    [
      "of a class's controller",
      validateIngressClassUpdate,
      { spec: { controller: 'a.b/d' } },
      { spec: { controller: 'a.b/c' } },
      ['spec.controller: Invalid value: "a.b/d": field is immutable'],
    ],
    [
      "of an Ingress's addresses",
      validateIngressStatusUpdate,
      { status: { loadBalancer: { ingress: [{ ip: '010.0.0.1' }, { ip: '010.0.0.2', hostname: '1.2.3.4' }] } } },
      { status: { loadBalancer: { ingress: [{ ip: '010.0.0.1' }] } } },
      [
        'status.loadBalancer.ingress[1].ip: Invalid value: "010.0.0.2": must not have leading 0s',
        'status.loadBalancer.ingress[1].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
      ],
    ],
    [
      "of an address's owner",
      addresses.validateIPAddressUpdate,
      parent('b'),
      parent('a'),
      ['spec.parentRef: Invalid value: {"resource":"services","name":"b"}: field is immutable'],
    ],
    [
      'to a second family',
      addresses.validateServiceCIDRUpdate,
      cidrs('10.0.0.0/8', 'fd00::/108'),
      cidrs('10.0.0.0/8'),
      [],
    ],
    [
      'of a range',
      addresses.validateServiceCIDRUpdate,
      cidrs('11.0.0.0/8'),
      cidrs('10.0.0.0/8'),
      ['spec.cidrs[0]: Invalid value: "11.0.0.0/8": field is immutable'],
    ],
    [
      'to one range',
      addresses.validateServiceCIDRUpdate,
      cidrs('10.0.0.0/8'),
      cidrs('10.0.0.0/8', 'fd00::/108'),
      ['spec.cidrs: Invalid value: ["10.0.0.0/8"]: field is immutable'],
    ],
    [
      'of the kind of addresses, and of odd ones that were there',
      validateEndpointSliceUpdate,
      { addressType: 'FQDN', endpoints: [{ addresses: ['a.b'] }] },
      { addressType: 'IPv4', endpoints: [{ addresses: ['010.0.0.1'] }] },
      ['addressType: Invalid value: "FQDN": field is immutable'],
    ],
  ])('%s', (_name, validate, next, old, errors) => {
    const named = { metadata: { name: 'x' } }
    expect(told(validate({ ...named, ...next }, { ...named, ...old }))).toEqual(errors)
  })
})
