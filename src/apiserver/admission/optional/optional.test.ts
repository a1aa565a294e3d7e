import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../../api/resource.ts'
import { AdmissionChain } from '../chain.ts'
import { admissionPlugins } from '../default-plugins.ts'
import { cluster, pod, type Request, services } from '../testing/admission-cluster.ts'

/** Runs one plugin alone. */
function only(name: string, { configuration = {}, may = (_verb: string, _resource: string): boolean => true } = {}) {
  const fixture = cluster()
  const all = admissionPlugins(
    {
      ...services(fixture.env),
      authorizer: { authorize: ({ verb, resource = '' }) => ({ allowed: may(verb, resource), reason: 'because' }) },
      served: {
        resources: () => [{ kind: 'Owner', group: '', version: 'v1', resource: 'owners', namespaced: true } as never],
      },
    },
    { enable: [name], configurations: { [name]: configuration } },
  )
  const chain = new AdmissionChain(
    all.filter(plugin => plugin.name === name),
    fixture.objects,
    services(fixture.env).metrics,
  )
  const run = async (request: Request) => {
    const attributes = fixture.attributes(request)
    await chain.admit(attributes)
    await chain.validate(attributes)
    return attributes.object!
  }
  const refused = (request: Request) =>
    run(request).then(
      () => undefined,
      error => (error as Error).message,
    )
  return { ...fixture, run, refused }
}

test('AlwaysPullImages', async () => {
  const { run } = only('AlwaysPullImages')
  const created = await run({ object: pod({ volumes: [{ name: 'v', image: { reference: 'i' } }] }) })
  expect(created['spec'].containers[0].imagePullPolicy).toBe('Always')
  expect(created['spec'].volumes[0].image.pullPolicy).toBe('Always')
  const unchanged = await run({ operation: 'UPDATE', object: pod(), oldObject: pod() })
  expect(unchanged['spec'].containers[0]).not.toHaveProperty('imagePullPolicy')
})

test('ExtendedResourceToleration', async () => {
  const { run } = only('ExtendedResourceToleration')
  const resources = { requests: { 'example.com/gpu': '1', cpu: '1' } }
  const { spec } = (await run({ object: pod({ containers: [{ name: 'c', resources }] }) })) as unknown as {
    spec: object
  }
  expect(spec).toMatchObject({ tolerations: [{ key: 'example.com/gpu', operator: 'Exists', effect: 'NoSchedule' }] })
})

test('PodNodeSelector', async () => {
  const configuration = {
    podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: 'zone=a', dev: 'zone=a,disk=ssd' },
  }
  const { run, refused } = only('PodNodeSelector', { configuration })
  expect((await run({ object: pod({ nodeSelector: { disk: 'ssd' } }) }))['spec'].nodeSelector).toEqual({
    zone: 'a',
    disk: 'ssd',
  })
  expect(await refused({ object: pod({ nodeSelector: { zone: 'b' } }) })).toBe(
    'pods "p" is forbidden: pod node label selector conflicts with its namespace node label selector',
  )
  expect(await refused({ object: pod({ nodeSelector: { cpu: 'x' } }) })).toBe(
    'pods "p" is forbidden: pod node label selector labels conflict with its namespace whitelist',
  )
})

describe('refusals', () => {
  const zonal = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] } }
  const service = (externalIPs: string[]) => ({ metadata: { name: 's' }, spec: { externalIPs } })
  test.each<[string, Request, string | undefined]>([
    ['AlwaysAdmit', { object: pod() }, undefined],
    ['AlwaysDeny', { object: pod() }, 'pods "p" is forbidden: admission control is denying all modifications'],
    ['NamespaceExists', { namespace: 'none', object: pod() }, 'namespaces "none" not found'],
    ['NamespaceExists', { object: pod() }, undefined],
    [
      'LimitPodHardAntiAffinityTopology',
      { object: pod({ affinity: zonal }) },
      'pods "p" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
    ],
    [
      'DenyServiceExternalIPs',
      { resource: 'services', object: service(['1.2.3.4']) },
      'services "s" is forbidden: Use of external IPs is denied by admission control',
    ],
    [
      'DenyServiceExternalIPs',
      {
        resource: 'services',
        operation: 'UPDATE',
        object: service(['1.2.3.4']),
        oldObject: service(['1.2.3.4', '5.6.7.8']),
      },
      undefined,
    ],
  ])('%s', async (name, request, expected) => {
    expect(await only(name).refused(request)).toBe(expected)
  })
})

describe('OwnerReferencesPermissionEnforcement', () => {
  const owned = (more: object = {}) =>
    pod({}, { ownerReferences: [{ apiVersion: 'v1', kind: 'Owner', name: 'o', uid: '1', ...more }] })
  test('setting owners takes the right to delete, but not of what is new', async () => {
    const { refused } = only('OwnerReferencesPermissionEnforcement', { may: verb => verb !== 'delete' })
    const update = (object: KubeObject, oldObject: KubeObject, subresource = '') =>
      refused({ operation: 'UPDATE', object, oldObject, subresource })
    expect(await refused({ object: owned() })).toBeUndefined()
    const message = `pods "p" is forbidden: cannot set an ownerRef on a resource you can't delete: because, <nil>`
    expect(await update(owned(), pod())).toBe(message)
    expect(await update(pod(), owned())).toBe(message)
    expect(await update(owned(), owned())).toBeUndefined()
    expect(await update(owned(), pod(), 'status')).toBeUndefined()
  })

  test('holding owners up takes the right to their finalizers, or to all', async () => {
    const lacking = only('OwnerReferencesPermissionEnforcement', {
      may: (_, resource) => resource !== 'owners' && resource !== '*',
    })
    expect(await lacking.refused({ object: owned() })).toBeUndefined()
    const held = owned({ blockOwnerDeletion: true })
    expect(await lacking.refused({ object: held })).toBe(
      `pods "p" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: because, <nil>`,
    )
    const mighty = only('OwnerReferencesPermissionEnforcement', { may: (_, resource) => resource === '*' })
    expect(await mighty.refused({ object: held })).toBeUndefined()
  })
})

test('PodTopologyLabels', async () => {
  const { run, objects } = only('PodTopologyLabels')
  const labels = { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r', other: 'o' }
  objects.put('nodes', '', 'n', { metadata: { labels } })
  const binding = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } }
  const { other: _, ...copied } = labels
  expect((await run({ subresource: 'binding', object: binding })).metadata['labels']).toEqual(copied)
  expect((await run({ object: pod({ nodeName: 'n' }) })).metadata['labels']).toEqual(copied)
  expect((await run({ object: pod() })).metadata['labels']).toBeUndefined()
})

describe('certificates', () => {
  const resource = 'certificatesigningrequests.certificates.k8s.io'
  const request = (status = {}) => ({ metadata: { name: 'c' }, spec: { signerName: 'example.com/s' }, status })
  test.each<[string, Request, string | undefined]>([
    [
      'CertificateApproval',
      { subresource: 'approval', object: request(), oldObject: request() },
      'user not permitted to approve requests with signerName "example.com/s"',
    ],
    [
      'CertificateSigning',
      { subresource: 'status', object: request({ certificate: 'x' }), oldObject: request() },
      'user not permitted to sign requests with signerName "example.com/s"',
    ],
    ['CertificateSigning', { subresource: 'status', object: request(), oldObject: request() }, undefined],
  ])('%s', async (name, given, expected) => {
    const asked = { resource, operation: 'UPDATE', namespace: '', ...given } as Request
    const message = expected && `certificatesigningrequests.certificates.k8s.io "c" is forbidden: ${expected}`
    expect(await only(name, { may: () => false }).refused(asked)).toBe(message)
    expect(await only(name).refused(asked)).toBeUndefined()
  })
})

test('CertificateSubjectRestriction', async () => {
  const resource = 'certificatesigningrequests.certificates.k8s.io'
  // O=system:masters, O=dev, CN=eve
  const pem = `-----BEGIN CERTIFICATE REQUEST-----
MIHxMIGXAgEAMDUxFzAVBgNVBAoMDnN5c3RlbTptYXN0ZXJzMQwwCgYDVQQKDANk
ZXYxDDAKBgNVBAMMA2V2ZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFxFrNP/
KkvKP0d2fJ/ImR7nRchOmsBPZh5D52XayrpCmWggUJvACRAa17Qh5FE7EbtTgrr8
SRwarHik8/InEV+gADAKBggqhkjOPQQDAgNJADBGAiEA95Iy5031w/5x7qhHSSzT
JX+6paE65UprYZmhsmdL6wACIQCGgR4ZK7j/svEXRF+OtsANRjHmgnGHCa3XrJyg
7P8ncg==
-----END CERTIFICATE REQUEST-----
`
  const { refused } = only('CertificateSubjectRestriction')
  const asked = (signerName: string) => ({
    resource,
    namespace: '',
    object: { metadata: { name: 'c' }, spec: { signerName, request: Buffer.from(pem).toString('base64') } },
  })
  expect(await refused(asked('example.com/s'))).toBeUndefined()
  expect(await refused(asked('kubernetes.io/kube-apiserver-client'))).toBe(
    'certificatesigningrequests.certificates.k8s.io "c" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
  )
})
