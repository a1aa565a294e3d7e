// Clients that are not ours, in their own languages and with their default settings, against `k8ts up`: see test/clients.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { K8ts } from './environment/k8ts.ts'
import type { Kubectl } from './environment/kubectl.ts'
import { runOrThrow } from './environment/process.ts'

const sources = new URL('../clients', import.meta.url).pathname
const built = join(process.env['K8TS_E2E_CACHE'] ?? '/var/cache/k8ts-e2e', 'clients')

let k8ts: K8ts
let kubectl: Kubectl
beforeAll(async () => {
  await runOrThrow('bash', [join(sources, 'build.sh'), built], { timeout: 1_800_000 })
  k8ts = await K8ts.start({ nodes: 2 })
  kubectl = k8ts.kubectl()
}, 1_800_000)
afterAll(() => k8ts?.stop())

const program = (command: string, ...args: string[]) =>
  runOrThrow(command, args, {
    env: { ...process.env, KUBECONFIG: k8ts.kubeconfig, HOME: k8ts.directory },
    timeout: 110_000,
  })

test('client-go: informers, patches, protobuf, paging, election', async () => {
  expect(await program(join(built, 'bin/informers'))).toContain('client-go: all went well')
})

test('controller-runtime: a manager over a custom resource', async () => {
  expect(await program(join(built, 'bin/manager'))).toContain('controller-runtime: all went well')
})

test('Python', async () => {
  expect(await program(join(built, 'python/bin/python'), join(sources, 'python/client.py'))).toContain(
    'python: all went well',
  )
})

test('Java', async () => {
  const libraries = await readFile(join(built, 'java/classpath'), 'utf8')
  const classpath = `${join(built, 'java/target/classes')}:${libraries}`
  expect(await program('java', '-cp', classpath, 'dev.k8ts.clients.Main')).toContain('fabric8: all went well')
})

test('Rust', async () => {
  expect(await program(join(built, 'bin/rust'))).toContain('kube-rs: all went well')
})

describe('Helm', () => {
  const helm = (...args: string[]) => program(join(built, 'bin/helm'), ...args)
  const chart = join(sources, 'helm/chart')
  const greeting = async () => (await kubectl.get('configmap/web-settings')).data.greeting

  test('install: hooks, CRDs, and waiting until everything is ready', async () => {
    expect(await helm('install', 'web', chart, '--wait', '--timeout=60s')).toMatch(/STATUS: deployed/)
    expect((await kubectl.get('deployment/web')).status.readyReplicas).toBe(2)
    expect((await kubectl.get('job/web-pre-install')).status.succeeded).toBe(1)
    expect((await kubectl.get('visit/web')).spec).toEqual({ count: 1 })
  })

  test('upgrade and rollback', async () => {
    await helm('upgrade', 'web', chart, '--set=greeting=bye,replicas=3', '--wait', '--timeout=60s')
    expect(await greeting()).toBe('bye')
    expect((await kubectl.get('deployment/web')).status.readyReplicas).toBe(3)
    expect((await kubectl.get('job/web-post-upgrade')).status.succeeded).toBe(1)
    await helm('rollback', 'web', '1', '--wait', '--timeout=60s')
    expect(await greeting()).toBe('hello')
    expect((await kubectl.get('deployment/web')).spec.replicas).toBe(2)
    expect(await helm('history', 'web')).toMatch(/3\s.*deployed.*Rollback to 1/)
  })

  test('what somebody else changed survives an upgrade that does not speak of it', async () => {
    await kubectl.output('label', 'configmap/web-settings', 'kept=yes')
    await helm('upgrade', 'web', chart, '--set=greeting=again')
    expect((await kubectl.get('configmap/web-settings')).metadata.labels.kept).toBe('yes')
    expect(await greeting()).toBe('again')
  })

  test('uninstall', async () => {
    expect(await helm('uninstall', 'web', '--wait', '--timeout=60s')).toContain('release "web" uninstalled')
    expect((await kubectl.get('deployments,services,visits')).items.map((item: any) => item.metadata.name)).toEqual([
      'kubernetes',
    ])
  })
})
