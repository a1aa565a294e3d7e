// `k8ts controller-manager` and `k8ts scheduler`: the components in processes of their own, over HTTPS, with leases.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppsV1Api, CoordinationV1Api, CoreV1Api, KubeConfig } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { RunningProcess } from '../e2e/environment/process.ts'
import { buildProgram } from './built-program.ts'

let directory: string
let remove: () => void
let program: string
const children: RunningProcess[] = []
const config = new KubeConfig()

function start(...args: string[]): RunningProcess {
  const child = new RunningProcess(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'], HOME: directory },
    cwd: directory,
  })
  children.push(child)
  return child
}

const kubeconfig = () => ['--kubeconfig', join(directory, 'data/kubeconfig'), '--secure-port=0']
const eventually = <T>(check: () => Promise<T>) => vi.waitFor(check, { timeout: 15_000, interval: 50 })
const logs = (child: RunningProcess, line: RegExp) => eventually(async () => expect(child.stderr).toMatch(line))

beforeAll(async () => {
  ;({ program, remove } = await buildProgram())
  directory = mkdtempSync(join(tmpdir(), 'k8ts-components-'))
  const up = ['--runtime', 'simulated', '--port', '0', '--data-dir', join(directory, 'data'), '--no-merge-kubeconfig']
  await start('up', ...up, '--no-controller-manager', '--no-scheduler').says(/Ctrl-C/)
  config.loadFromFile(join(directory, 'data/kubeconfig'))
}, 60_000)

afterAll(async () => {
  for (const child of children.reverse()) await child.stop('SIGTERM')
  rmSync(directory, { recursive: true, force: true })
  remove()
})

const holder = async (name: string) =>
  (await config.makeApiClient(CoordinationV1Api).readNamespacedLease({ namespace: 'kube-system', name })).spec
    ?.holderIdentity

test('they run a Deployment', async () => {
  start('controller-manager', ...kubeconfig(), '--use-service-account-credentials')
  start('scheduler', ...kubeconfig())
  const apps = config.makeApiClient(AppsV1Api)
  const labels = { app: 'web' }
  await apps.createNamespacedDeployment({
    namespace: 'default',
    body: {
      metadata: { name: 'web' },
      spec: {
        replicas: 3,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'example.com/web:1' }] } },
      },
    },
  })
  await eventually(async () => {
    const { status } = await apps.readNamespacedDeployment({ namespace: 'default', name: 'web' })
    expect(status).toMatchObject({ readyReplicas: 3, observedGeneration: 1 })
  })
  const { items } = await config.makeApiClient(CoreV1Api).listNamespacedServiceAccount({ namespace: 'kube-system' })
  expect(items.map(({ metadata }) => metadata!.name)).toContain('deployment-controller')
})

describe('of two', () => {
  test('one leads; the other takes over when it is stopped', async () => {
    const first = start('scheduler', ...kubeconfig(), '--leader-elect-resource-name=elected', '-v')
    await logs(first, /became leader/)
    const leader = await holder('elected')
    const second = start('scheduler', ...kubeconfig(), '--leader-elect-resource-name=elected', '-v')
    await logs(second, /New leader elected/)
    expect(await holder('elected')).toBe(leader)
    expect((await first.stop('SIGTERM')).code).toBe(0)
    await logs(second, /became leader/)
    expect(await holder('elected')).not.toBe(leader)
  })
})

describe('one clear line, and a non-zero exit', () => {
  test.each([
    [['controller-manager'], /^k8ts: no API server to work with: name its kubeconfig with --kubeconfig\n$/],
    [['scheduler', '--kubeconfig', '/none'], /^k8ts: --kubeconfig: error loading config file "\/none": ENOENT.*\n$/],
    [['controller-manager', '--leader-elect=maybe'], /must be true or false\./],
    [['scheduler', '--leader-elect-lease-duration=soon'], /must be a duration, such as 15s\./],
    [['scheduler', '--leader-elect-resource-lock=endpoints'], /Allowed choices are leases\./],
    [['controller-manager', '--concurrent-job-syncs=0'], /must be at least 1\./],
    [['controller-manager', '--controllers=*,-job,mine'], /^k8ts: "mine" is not in the list of known controllers\n$/],
  ])('%j', async (args, message) => {
    const { code, stderr } = await start(...args).exited()
    expect(code).toBe(1)
    expect(stderr).toMatch(message)
  })

  test('deadlines that cannot be kept', async () => {
    const { code, stderr } = await start('scheduler', ...kubeconfig(), '--leader-elect-lease-duration=5s').exited()
    expect([code, stderr]).toEqual([1, 'k8ts: leaseDuration must be greater than renewDeadline\n'])
  })

  test.each(['--root-ca-file', '--client-ca-file'])('a file that %s names and is not there', async flag => {
    const args = [...kubeconfig(), '--secure-port=10257', `${flag}=/none`]
    const { code, stderr } = await start('controller-manager', ...args).exited()
    expect([code, stderr]).toEqual([1, `k8ts: ${flag} /none: cannot be read (ENOENT)\n`])
  })
})
