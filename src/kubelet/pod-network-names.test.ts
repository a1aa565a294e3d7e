// What a pod is called and whom it asks for names: hostname, hosts file, resolver.

import { describe, expect, test } from 'vitest'
import { parseResolvConf, podDnsConfig } from './pod-dns.ts'
import { hostsFile, kernelHostname } from './pod-hostname.ts'
import { testPod } from './testing/node-bench.ts'

const cluster = { servers: ['10.96.0.10'], domain: 'cluster.local' }
const host = { servers: ['1.1.1.1', '8.8.8.8'], searches: ['example.com'], options: ['timeout:2'] }
const suffixes = ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local']

describe('resolver', () => {
  test.each([
    ['ClusterFirst', {}, { servers: ['10.96.0.10'], searches: [...suffixes, 'example.com'], options: ['ndots:5'] }],
    ['Default', { dnsPolicy: 'Default' }, host],
    ['ClusterFirst in the host network', { hostNetwork: true }, host],
    [
      'ClusterFirstWithHostNet',
      { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
      { servers: ['10.96.0.10'], searches: [...suffixes, 'example.com'], options: ['ndots:5'] },
    ],
    [
      'None',
      { dnsPolicy: 'None', dnsConfig: { nameservers: ['9.9.9.9'], searches: ['a.b'], options: [{ name: 'debug' }] } },
      { servers: ['9.9.9.9'], searches: ['a.b'], options: ['debug'] },
    ],
    [
      'the pod’s own words are added, and its options win',
      {
        dnsConfig: {
          nameservers: ['9.9.9.9'],
          searches: ['a.b', 'cluster.local'],
          options: [{ name: 'ndots', value: '2' }],
        },
      },
      { servers: ['10.96.0.10', '9.9.9.9'], searches: [...suffixes, 'example.com', 'a.b'], options: ['ndots:2'] },
    ],
  ])('%s', (_, spec, expected) => {
    expect(podDnsConfig(testPod('p', spec), cluster, host)).toEqual(expected)
  })

  test('without cluster DNS the host’s is used', () => {
    expect(podDnsConfig(testPod('p'), { servers: [], domain: 'cluster.local' }, host)).toEqual(host)
  })

  test('a resolv.conf is read', () => {
    const text = '# made by hand\nnameserver 1.1.1.1\nsearch old\nsearch example.com. b.c\noptions a b:2\n'
    expect(parseResolvConf(text)).toEqual({
      servers: ['1.1.1.1'],
      searches: ['example.com', 'b.c'],
      options: ['a', 'b:2'],
    })
  })
})

describe('hostname', () => {
  const long = 'a'.repeat(62)
  test.each([
    ['the pod’s name', 'web-0', {}, 'web-0'],
    ['cut to 63 characters, not ending in a dash', `${long}-bcd`, {}, long],
    ['spec.hostname', 'web-0', { hostname: 'db' }, 'db'],
    ['spec.hostname and subdomain', 'web-0', { hostname: 'db', subdomain: 'sub' }, 'db'],
    ['fully qualified', 'w', { subdomain: 'sub', setHostnameAsFQDN: true }, 'w.sub.default.svc.cluster.local'],
    ['override', 'w', { hostnameOverride: 'x.y.z', subdomain: 'sub' }, 'x.y.z'],
  ])('%s', (_, name, spec, expected) => {
    expect(kernelHostname(testPod(name, spec), 'cluster.local')).toBe(expected)
  })

  test('too long to be fully qualified', () => {
    const pod = testPod('w', { hostname: long, subdomain: 'sub', setHostnameAsFQDN: true })
    expect(() => kernelHostname(pod, 'cluster.local')).toThrow('is too long (64 characters is the max')
  })
})

describe('hosts file', () => {
  test('has the pod under its names, and the aliases', () => {
    const pod = testPod('web', { subdomain: 'sub', hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] })
    expect(hostsFile(pod, ['10.0.0.5'], 'cluster.local', '')).toBe(
      [
        '# Kubernetes-managed hosts file.',
        '127.0.0.1\tlocalhost',
        '::1\tlocalhost ip6-localhost ip6-loopback',
        'fe00::0\tip6-localnet',
        'fe00::0\tip6-mcastprefix',
        'fe00::1\tip6-allnodes',
        'fe00::2\tip6-allrouters',
        '10.0.0.5\tweb.sub.default.svc.cluster.local\tweb',
        '',
        '# Entries added by HostAliases.',
        '1.2.3.4\ta\tb',
        '',
      ].join('\n'),
    )
  })

  test('of the host, in the host network', () => {
    expect(hostsFile(testPod('web', { hostNetwork: true }), [], 'cluster.local', '127.0.0.1 localhost\n')).toBe(
      '# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n',
    )
  })
})
