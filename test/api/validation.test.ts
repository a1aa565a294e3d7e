// What the API server refuses, warns of, resets and counts, over HTTPS as any client would see it.

import { request } from 'node:https'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Cluster } from '../../src/cluster/cluster.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({
    nodes: 0,
    withoutControllers: true,
    withoutScheduler: true,
    listen: { address: '127.0.0.1', port: 0 },
    staticTokens: [['secret', { name: 'admin', groups: ['system:masters'] }]],
  })
  await send('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
})
afterAll(() => cluster.stop())

interface Answer {
  readonly status: number
  readonly warnings: string[]
  readonly body: any
}

function send(method: string, path: string, body?: object, type = 'application/json'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: cluster.plane.port,
        method,
        path,
        rejectUnauthorized: false,
        headers: { authorization: 'Bearer secret', 'content-type': type },
      },
      response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('end', () => {
          const warning = (response.headers['warning'] as string | undefined) ?? ''
          resolve({
            status: response.statusCode!,
            warnings: [...warning.matchAll(/299 - ("(?:[^"\\]|\\.)*")/g)].map(([, text]) => JSON.parse(text!)),
            body: JSON.parse(Buffer.concat(chunks).toString()),
          })
        })
      },
    )
    sent.on('error', reject)
    sent.end(body && JSON.stringify(body))
  })
}

const merge = (path: string, body: object) => send('PATCH', path, body, 'application/merge-patch+json')
const causes = ({ body }: Answer): string[] =>
  (body.details?.causes ?? []).map(({ field, message }: any) => `${field}: ${message.split('\n')[0]}`)

const pods = '/api/v1/namespaces/default/pods'
const pod = (name: string, spec: object = {}, metadata: object = {}) => ({
  metadata: { name, ...metadata },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
})
const deployments = '/apis/apps/v1/namespaces/default/deployments'
const template = (spec: object = {}) => ({
  metadata: { labels: { app: 'a' } },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
})
const selector = { matchLabels: { app: 'a' } }

describe('a pod', () => {
  test('needs containers', async () => {
    const answer = await send('POST', pods, { metadata: { name: 'empty' }, spec: {} })
    expect([answer.status, answer.body.message]).toEqual([
      422,
      'Pod "empty" is invalid: spec.containers: Required value',
    ])
  })

  test('is warned of once, when it is made', async () => {
    const nodeSelector = { 'beta.kubernetes.io/os': 'linux' }
    const made = await send('POST', pods, pod('warned.of', { nodeSelector }))
    expect([made.status, made.warnings]).toEqual([
      201,
      [
        "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
        'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
      ],
    ])
    const changed = await merge(`${pods}/warned.of`, { metadata: { labels: { a: 'b' } } })
    expect([changed.status, changed.warnings]).toEqual([200, []])
  })

  test('counts the changes of its spec', async () => {
    const made = await send('POST', pods, pod('counted'))
    expect(made.body.metadata.generation).toBe(1)
    const labelled = await merge(`${pods}/counted`, { metadata: { labels: { a: 'b' } } })
    expect(labelled.body.metadata.generation).toBe(1)
    const patch = { spec: { containers: [{ name: 'c', image: 'j' }] } }
    const changed = await send('PATCH', `${pods}/counted`, patch, 'application/strategic-merge-patch+json')
    expect([changed.body.metadata.generation, changed.body.spec.containers[0].image]).toEqual([2, 'j'])
  })

  test('hardly changes', async () => {
    await send('POST', pods, pod('fixed'))
    const answer = await merge(`${pods}/fixed`, { spec: { priorityClassName: 'high', hostNetwork: true } })
    expect(answer.status).toBe(422)
    expect(causes(answer)).toContain(
      'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    )
  })

  test('has its AppArmor profile as a field, also when it came as an annotation', async () => {
    const key = 'container.apparmor.security.beta.kubernetes.io/c'
    const old = await send('POST', pods, pod('armored', {}, { annotations: { [key]: 'unconfined' } }))
    expect(old.body.spec.containers[0].securityContext).toEqual({ appArmorProfile: { type: 'Unconfined' } })
    expect(old.warnings).toEqual([
      `metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`,
    ])
    const securityContext = { appArmorProfile: { type: 'RuntimeDefault' } }
    const now = await send('POST', pods, pod('armored-2', { securityContext }))
    expect(now.body.metadata.annotations).toBeUndefined()
  })

  test('loses what belongs to features that are off', async () => {
    const sources = [{ clusterTrustBundle: { name: 'b', path: 'p' } }]
    const made = await send('POST', pods, pod('off', { volumes: [{ name: 'v', projected: { sources } }] }))
    expect(made.status).toBe(201)
    expect(made.body.spec.volumes[0].projected.sources).toEqual([{}])
  })
})

describe('a workload', () => {
  test('has a status that only its status subresource changes, and a selector that nothing does', async () => {
    const made = await send('POST', deployments, {
      metadata: { name: 'd' },
      spec: { selector, template: template() },
      status: { replicas: 7 },
    })
    expect([made.status, made.body.status, made.body.metadata.generation]).toEqual([201, {}, 1])
    const status = { replicas: 1, readyReplicas: 2 }
    const ignored = await merge(`${deployments}/d`, { status })
    expect(ignored.body.status).toEqual({})
    expect(causes(await merge(`${deployments}/d/status`, { status }))).toEqual([
      'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
    ])
    const reported = await merge(`${deployments}/d/status`, { spec: { replicas: 9 }, status: { replicas: 1 } })
    expect([reported.body.spec.replicas, reported.body.status, reported.body.metadata.generation]).toEqual([
      1,
      { replicas: 1 },
      1,
    ])
    expect(causes(await merge(`${deployments}/d`, { spec: { selector: { matchLabels: { b: 'c' } } } }))).toContain(
      'spec.selector: Invalid value: {"matchLabels":{"app":"a","b":"c"}}: field is immutable',
    )
  })

  test('counts templates, when it is a DaemonSet', async () => {
    const sets = '/apis/apps/v1/namespaces/default/daemonsets'
    const count = (answer: Answer) => answer.body.metadata.annotations['deprecated.daemonset.template.generation']
    const made = await send('POST', sets, { metadata: { name: 's' }, spec: { selector, template: template() } })
    expect(count(made)).toBe('1')
    const changed = await merge(`${sets}/s`, {
      metadata: { annotations: { 'deprecated.daemonset.template.generation': '9' } },
      spec: { template: template({ hostNetwork: true }) },
    })
    expect([count(changed), changed.body.metadata.generation]).toEqual(['2', 2])
  })

  test('is warned of its template', async () => {
    const made = await send('POST', deployments, {
      metadata: { name: 'w' },
      spec: { selector, template: template({ terminationGracePeriodSeconds: -1 }) },
    })
    const text =
      'spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1'
    expect(made.warnings).toEqual([text])
    expect((await merge(`${deployments}/w`, { metadata: { labels: { a: 'b' } } })).warnings).toEqual([])
    expect((await merge(`${deployments}/w`, { spec: { replicas: 2 } })).warnings).toEqual([text])
  })
})

test.each<[string, string, object, string[]]>([
  [
    'an autoscaler of the older version is checked as the newer one',
    '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers',
    {
      metadata: { name: 'h' },
      spec: { maxReplicas: 1, scaleTargetRef: { kind: 'a', name: 'b' }, targetCPUUtilizationPercentage: -1 },
    },
    [
      'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
      'spec.metrics[0].resource.target.averageUtilization: Invalid value: -1: must be greater than 0',
    ],
  ],
  [
    'a webhook says what it does',
    '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
    { metadata: { name: 'w' }, webhooks: [{ name: 'a.b.c', clientConfig: { url: 'https://a' } }] },
    [
      'webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun',
      'webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1',
    ],
  ],
  [
    'a claim on others’ devices needs a marked namespace',
    '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims',
    {
      metadata: { name: 'c' },
      spec: {
        devices: {
          requests: ['q', 'r', 's'].map(name => ({
            name,
            exactly: { deviceClassName: 'd', adminAccess: name !== 'q' },
          })),
        },
      },
    },
    [
      'spec.devices.requests[1].adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace',
    ],
  ],
  [
    'a class selects devices',
    '/apis/resource.k8s.io/v1/deviceclasses',
    { metadata: { name: 'd' }, spec: { selectors: [{ cel: { expression: 'device.driver' } }] } },
    [
      'spec.selectors[0].cel.expression: Invalid value: "device.driver": must evaluate to bool or the unknown type, not string',
    ],
  ],
  [
    'a claim selects devices, in either way',
    '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims',
    {
      metadata: { name: 'c' },
      spec: {
        devices: {
          requests: [
            { name: 'r', exactly: { deviceClassName: 'd', selectors: [{ cel: { expression: '1' } }] } },
            {
              name: 's',
              firstAvailable: [{ name: 'a', deviceClassName: 'd', selectors: [{ cel: { expression: '2' } }] }],
            },
          ],
        },
      },
    },
    [
      'spec.devices.requests[0].exactly.selectors[0].cel.expression: Invalid value: "1": must evaluate to bool or the unknown type, not int',
      'spec.devices.requests[1].firstAvailable[0].selectors[0].cel.expression: Invalid value: "2": must evaluate to bool or the unknown type, not int',
    ],
  ],
  [
    'a template of claims selects devices',
    '/apis/resource.k8s.io/v1/namespaces/default/resourceclaimtemplates',
    {
      metadata: { name: 'c' },
      spec: {
        spec: {
          devices: {
            requests: [
              {
                name: 'r',
                exactly: {
                  deviceClassName: 'd',
                  selectors: [{ cel: { expression: 'lists.range(1000001).all(x, true)' } }],
                },
              },
            ],
          },
        },
      },
    },
    ['spec.spec.devices.requests[0].exactly.selectors[0].cel.expression: Forbidden: too complex, exceeds cost limit'],
  ],
  [
    'a revision has data',
    '/apis/apps/v1/namespaces/default/controllerrevisions',
    { metadata: { name: 'r' }, revision: -1 },
    ['revision: Invalid value: -1: must be greater than or equal to 0', 'data: Required value: data is mandatory'],
  ],
  [
    'annotations are not books',
    '/api/v1/namespaces/default/configmaps',
    { metadata: { name: 'c', annotations: { a: 'x'.repeat(256 * 1024) } } },
    ['metadata.annotations: Too long: may not be more than 262144 bytes'],
  ],
])('%s', async (_name, path, object, expected) => {
  const answer = await send('POST', path, object)
  expect([answer.status, causes(answer)]).toEqual([422, expected])
})

test('a claim is not given others’ devices in a namespace that is not marked', async () => {
  const claims = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims'
  const claim = await send('POST', claims, {
    metadata: { name: 'given' },
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'd' } }] } },
  })
  const result = { request: 'r', driver: 'a.b', pool: 'p', device: 'd', adminAccess: true }
  const answer = await send('PUT', `${claims}/given/status`, {
    ...claim.body,
    status: { allocation: { devices: { results: [result] } } },
  })
  expect([answer.status, causes(answer)]).toEqual([
    422,
    [
      'status.allocation.devices.results[0].adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace',
    ],
  ])
})

test('lists that are nil in Go are null', async () => {
  const role = await send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'r' },
    rules: [],
  })
  expect(role.body.rules).toBeNull()
  const slice = await send('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 's' },
    addressType: 'IPv4',
  })
  expect([slice.status, slice.body.endpoints, slice.body.ports]).toEqual([201, null, null])
  const read = await send('GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles/r')
  expect(read.body.rules).toBeNull()
  const none = await send('GET', '/api/v1/namespaces/default/replicationcontrollers')
  expect(none.body.items).toEqual([])
})

test('what everybody needs stays as it is', async () => {
  const schemas = '/apis/flowcontrol.apiserver.k8s.io/v1'
  const answer = await merge(`${schemas}/flowschemas/exempt`, { spec: { matchingPrecedence: 2 } })
  expect(answer.status).toBe(422)
  expect(causes(answer)[0]).toMatch(/^spec: Invalid value: .*: spec of 'exempt' must equal the fixed value$/)
  const lent = await merge(`${schemas}/prioritylevelconfigurations/exempt`, {
    spec: { exempt: { lendablePercent: 5 } },
  })
  expect([lent.status, lent.body.metadata.generation]).toEqual([200, 2])
})

test('a priority class does not count its changes, a ConfigMap has nothing to count', async () => {
  const classes = '/apis/scheduling.k8s.io/v1/priorityclasses'
  await send('POST', classes, { metadata: { name: 'p' }, value: 1 })
  const changed = await merge(`${classes}/p`, { description: 'x' })
  expect(changed.body.metadata.generation).toBe(1)
  expect(causes(await merge(`${classes}/p`, { value: 2 }))).toEqual([
    'value: Forbidden: may not be changed in an update.',
  ])
  const map = await send('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'm' } })
  expect(map.body.metadata.generation).toBeUndefined()
})

test('a claim names its source in both ways, and a volume says since when it is what it is', async () => {
  const dataSource = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' }
  const claim = await send('POST', '/api/v1/namespaces/default/persistentvolumeclaims', {
    metadata: { name: 'c' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, dataSource },
  })
  expect([claim.status, claim.body.spec.dataSourceRef]).toEqual([201, dataSource])
  const volume = await send('POST', '/api/v1/persistentvolumes', {
    metadata: { name: 'v' },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/v' } },
  })
  expect(volume.body.status).toEqual({ phase: 'Pending', lastPhaseTransitionTime: expect.any(String) })
})

test('an account keeps only the names of its secrets', async () => {
  const account = await send('POST', '/api/v1/namespaces/default/serviceaccounts', {
    metadata: { name: 'a', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
    secrets: [{ name: 's', namespace: 'x' }],
  })
  expect(account.body.secrets).toEqual([{ name: 's' }])
  expect(account.warnings).toEqual([
    'metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets',
  ])
})
