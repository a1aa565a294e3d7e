import { describe, expect, test } from 'vitest'
import type { Service } from '../api/core/v1/service.ts'
import { containerEnvironment } from './container-env.ts'
import type { PodSurroundings } from './downward-api.ts'
import { testPod } from './testing/node-bench.ts'

const around: PodSurroundings = {
  podIps: ['10.0.0.5', 'fd00::5'],
  hostIps: ['192.168.1.10'],
  allocatable: { cpu: '3500m', memory: '7Gi' },
}

const configMaps: Record<string, Record<string, string>> = { settings: { level: 'debug', color: 'blue' } }
const secrets: Record<string, Record<string, string>> = { keys: { password: 's3cret' } }
const base64 = (text: string) => Buffer.from(text).toString('base64')

const config = {
  configMap: async (_: string, name: string) =>
    configMaps[name] && ({ metadata: { name }, data: configMaps[name] } as any),
  secret: async (_: string, name: string) =>
    secrets[name] &&
    ({
      metadata: { name },
      data: Object.fromEntries(Object.entries(secrets[name]).map(([key, value]) => [key, base64(value)])),
    } as any),
}

function service(namespace: string, name: string, clusterIP: string, ...ports: object[]): Service {
  return { metadata: { namespace, name }, spec: { clusterIP, ports } } as unknown as Service
}

async function environment(container: object, services: Service[] = [], spec: object = {}) {
  const pod = testPod(
    'web',
    { containers: [container], nodeName: 'node-1', serviceAccountName: 'runner', ...spec },
    {
      labels: { app: 'x', 'example.com/tier': 'front' },
      annotations: { note: 'say "hi"' },
    },
  )
  const found = await containerEnvironment({ pod, container: pod.spec.containers[0]!, around, config, services })
  return Object.fromEntries(found)
}

describe('variables', () => {
  test('expand what stands before them, and only that', async () => {
    const env = [
      { name: 'A', value: 'a' },
      { name: 'B', value: '$(A)-$(C)' },
      { name: 'C', value: 'c' },
      { name: 'D', value: '$$(A)' },
    ]
    expect(await environment({ env })).toEqual({ A: 'a', B: 'a-$(C)', C: 'c', D: '$(A)' })
  })

  test.each([
    ['metadata.name', 'web'],
    ['metadata.namespace', 'default'],
    ['metadata.uid', 'uid-of-web'],
    ["metadata.labels['example.com/tier']", 'front'],
    ["metadata.annotations['note']", 'say "hi"'],
    ["metadata.labels['none']", ''],
    ['spec.nodeName', 'node-1'],
    ['spec.serviceAccountName', 'runner'],
    ['status.podIP', '10.0.0.5'],
    ['status.podIPs', '10.0.0.5,fd00::5'],
    ['status.hostIP', '192.168.1.10'],
  ])('from the field %s', async (fieldPath, value) => {
    expect(await environment({ env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath } } }] })).toEqual({ X: value })
  })

  test.each([
    ['limits.cpu', '1', '2'],
    ['limits.cpu', '1m', '1500'],
    ['requests.cpu', '1m', '250'],
    ['limits.memory', '1Mi', '64'],
    ['limits.memory', '', '67108864'],
    ['requests.memory', '1Mi', '64'],
    ['limits.ephemeral-storage', '1', '0'],
  ])('from the resource %s by %s', async (resource, divisor, value) => {
    const resources = { limits: { cpu: '1500m', memory: '64Mi' }, requests: { cpu: '250m' } }
    const env = [{ name: 'X', valueFrom: { resourceFieldRef: { resource, divisor } } }]
    expect(await environment({ resources, env })).toEqual({ X: value })
  })

  test('a limit that is not set is what the node can give', async () => {
    const valueFrom = { resourceFieldRef: { resource: 'limits.cpu', divisor: '' } }
    expect(await environment({ env: [{ name: 'X', valueFrom }] })).toEqual({ X: '4' })
  })

  test('from ConfigMaps and Secrets, by key', async () => {
    const env = [
      { name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'level' } } },
      { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'keys', key: 'password' } } },
      { name: 'NONE', valueFrom: { configMapKeyRef: { name: 'absent', key: 'x', optional: true } } },
      { name: 'NOKEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'x', optional: true } } },
    ]
    expect(await environment({ env })).toEqual({ LEVEL: 'debug', PASSWORD: 's3cret' })
  })

  test('from all of a ConfigMap or Secret, under what the container says itself', async () => {
    const envFrom = [
      { configMapRef: { name: 'settings' } },
      { prefix: 'KEY_', secretRef: { name: 'keys' } },
      { configMapRef: { name: 'absent', optional: true } },
    ]
    expect(await environment({ envFrom, env: [{ name: 'level', value: '$(color)' }] })).toEqual({
      level: 'blue',
      color: 'blue',
      KEY_password: 's3cret',
    })
  })
})

test.each([
  [{ configMapKeyRef: { name: 'absent', key: 'k' } }, 'configmap "absent" not found'],
  [{ configMapKeyRef: { name: 'settings', key: 'k' } }, "couldn't find key k in ConfigMap default/settings"],
  [{ secretKeyRef: { name: 'absent', key: 'k' } }, 'secret "absent" not found'],
  [{ secretKeyRef: { name: 'keys', key: 'k' } }, "couldn't find key k in Secret default/keys"],
  [{ fieldRef: { fieldPath: 'spec.nope' } }, 'unsupported fieldPath: spec.nope'],
])('what is missing: %j', async (valueFrom, message) => {
  await expect(environment({ env: [{ name: 'X', valueFrom }] })).rejects.toThrow(message)
})

describe('services', () => {
  const services = [
    service('default', 'kubernetes', '10.96.0.1', { name: 'https', port: 443, protocol: 'TCP' }),
    service('default', 'redis-master', '10.96.0.11', { port: 6379, protocol: 'TCP' }),
    service('default', 'headless', 'None', { port: 80 }),
    service('other', 'elsewhere', '10.96.0.12', { port: 80 }),
  ]

  test('are told of, in the way of links', async () => {
    expect(await environment({}, services)).toMatchObject({
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      KUBERNETES_SERVICE_PORT: '443',
      KUBERNETES_SERVICE_PORT_HTTPS: '443',
      KUBERNETES_PORT: 'tcp://10.96.0.1:443',
      KUBERNETES_PORT_443_TCP: 'tcp://10.96.0.1:443',
      KUBERNETES_PORT_443_TCP_PROTO: 'tcp',
      KUBERNETES_PORT_443_TCP_PORT: '443',
      KUBERNETES_PORT_443_TCP_ADDR: '10.96.0.1',
      REDIS_MASTER_SERVICE_HOST: '10.96.0.11',
      REDIS_MASTER_PORT_6379_TCP: 'tcp://10.96.0.11:6379',
    })
  })

  test('only the API server, when the pod wants no links', async () => {
    const found = await environment({}, services, { enableServiceLinks: false })
    expect(new Set(Object.keys(found).map(name => name.split('_')[0]))).toEqual(new Set(['KUBERNETES']))
  })

  test('never of other namespaces or without an address', async () => {
    const names = Object.keys(await environment({}, services)).join()
    expect(names).not.toMatch(/ELSEWHERE|HEADLESS/)
  })

  test('give way to the container’s own', async () => {
    const env = [{ name: 'KUBERNETES_PORT', value: 'mine' }]
    expect((await environment({ env }, services)).KUBERNETES_PORT).toBe('mine')
  })
})
