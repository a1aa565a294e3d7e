import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deployments } from '../api/apps/v1/deployment.ts'
import { replicaSets } from '../api/apps/v1/replicaset.ts'
import { jobs } from '../api/batch/v1/job.ts'
import { events } from '../api/core/v1/event.ts'
import { pods } from '../api/core/v1/pod.ts'
import { serviceAccounts } from '../api/core/v1/serviceaccount.ts'
import { Cluster } from '../cluster/cluster.ts'
import { MetricsRegistry } from '../machinery/metrics/metrics.ts'
import { metricsText } from '../machinery/metrics/text.ts'
import { allControllers } from './all-controllers.ts'
import { ControllerManager, type ControllerManagerOptions } from './controller-manager.ts'
import { controllerList } from './controller-names.ts'

// The controllers as one process: which of them run, and that they may be stopped anywhere and started again.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
})
afterEach(() => cluster.stop())

function manager(controllers?: string[], more: Partial<ControllerManagerOptions> = {}): ControllerManager {
  const { plane, env } = cluster
  return new ControllerManager({
    env,
    client: plane.client(),
    clientFor: name => plane.controllerClient(name),
    rootCA: 'certificate',
    clusterCIDR: '10.244.0.0/16',
    controllers,
    ...more,
  })
}
const account = () =>
  cluster.client
    .resource(serviceAccounts)
    .namespace('default')
    .create({ metadata: { name: 'default' } })
const create = (replicas: number) =>
  cluster.client
    .resource(deployments)
    .namespace('default')
    .create({
      metadata: { name: 'web' },
      spec: {
        replicas,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'app' }] } },
      },
    })
const count = async () => (await cluster.client.resource(pods).list()).items.length
const setCount = async () => (await cluster.client.resource(replicaSets).list()).items.length

describe('which controllers run', () => {
  test.each<[list: string[] | undefined, sets: number, podCount: number]>([
    [undefined, 1, 2],
    [['*'], 1, 2],
    [['*', '-replicaset-controller'], 1, 0],
    [['deployment-controller'], 1, 0],
    [['deployment-controller', 'replicaset-controller'], 1, 2],
    [['-deployment-controller', '*'], 0, 0],
    [['*', '-replicaset'], 1, 0],
    [['deployment', 'replicaset'], 1, 2],
  ])('%j', async (list, sets, podCount) => {
    const running = manager(list)
    await account().catch(() => undefined)
    await running.start()
    await create(2)
    await cluster.clock.advance('5s')
    expect([await setCount(), await count()]).toEqual([sets, podCount])
    await running.stop()
  })
})

test('what they do is counted under upstream’s names, where somebody reads it', async () => {
  const metrics = new MetricsRegistry()
  await account()
  const running = manager(['deployment', 'replicaset'], {
    metrics,
    concurrency: new Map([['replicaset-controller', 1]]),
  })
  await running.start()
  expect(running.running).toEqual(['deployment-controller', 'replicaset-controller'])
  await create(2)
  await cluster.clock.advance('5s')
  const text = metricsText(metrics)
  expect(text).toMatch(/^workqueue_adds_total\{name="deployment"\} [1-9]/m)
  expect(text).toMatch(/^workqueue_work_duration_seconds_count\{name="replicaset"\} [1-9]/m)
  expect(text).toMatch(/^workqueue_depth\{name="replicaset"\} 0$/m)
  await running.stop()
})

test('a Job’s end is counted with its reason', async () => {
  const metrics = new MetricsRegistry()
  await account()
  const running = manager(['job'], { metrics })
  await running.start()
  await cluster.client
    .resource(jobs)
    .namespace('default')
    .create({
      metadata: { name: 'work' },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'app' }] } } },
    })
  await cluster.clock.advance('5s')
  const [pod] = (await cluster.client.resource(pods).list()).items
  await cluster.client.resource(pods).updateStatus({ ...pod!, status: { ...pod!.status, phase: 'Succeeded' } })
  await cluster.clock.advance('30s')
  const text = metricsText(metrics)
  const mode = 'completion_mode="NonIndexed"'
  for (const sample of [
    `job_controller_jobs_finished_total{${mode},reason="CompletionsReached",result="succeeded"} 1`,
    `job_controller_job_pods_finished_total{${mode},result="succeeded"} 1`,
    `job_controller_job_pods_finished_total{${mode},result="failed"} 0`,
    'job_controller_job_pods_creation_total{reason="new",status="succeeded"} 1',
    `job_controller_job_syncs_total{action="pods_created",${mode},result="success"} 1`,
  ])
    expect(text).toContain(`${sample}\n`)
  await running.stop()
})

test('every one of upstream’s names is known', () => {
  const names = `bootstrap-signer-controller certificatesigningrequest-approving-controller
    certificatesigningrequest-cleaner-controller certificatesigningrequest-signing-controller
    cloud-node-lifecycle-controller clusterrole-aggregation-controller cronjob-controller daemonset-controller
    deployment-controller device-taint-eviction-controller disruption-controller endpoints-controller
    endpointslice-controller endpointslice-mirroring-controller ephemeral-volume-controller
    garbage-collector-controller horizontal-pod-autoscaler-controller job-controller
    kube-apiserver-serving-clustertrustbundle-publisher-controller legacy-serviceaccount-token-cleaner-controller
    namespace-controller node-ipam-controller node-lifecycle-controller node-route-controller
    persistentvolume-attach-detach-controller persistentvolume-binder-controller persistentvolume-expander-controller
    persistentvolume-protection-controller persistentvolumeclaim-protection-controller
    pod-garbage-collector-controller podcertificaterequest-cleaner-controller podgroup-protection-controller
    replicaset-controller replicationcontroller-controller resourceclaim-controller
    resourcepoolstatusrequest-controller resourcequota-controller root-ca-certificate-publisher-controller
    selinux-warning-controller service-cidr-controller service-lb-controller serviceaccount-controller
    serviceaccount-token-controller statefulset-controller storage-version-migrator-controller
    storageversion-garbage-collector-controller taint-eviction-controller token-cleaner-controller
    ttl-after-finished-controller ttl-controller validatingadmissionpolicy-status-controller
    volumeattributesclass-protection-controller`.split(/\s+/)
  expect(controllerList(names)).toEqual(names)
  // Upstream has the last only where there is a cloud.
  expect(
    allControllers
      .filter(each => each.disabledByDefault)
      .map(({ name }) => name)
      .sort(),
  ).toEqual([
    'bootstrap-signer-controller',
    'selinux-warning-controller',
    'service-lb-controller',
    'token-cleaner-controller',
  ])
})

test('a name that nobody knows is refused', async () => {
  await expect(manager(['*', '-red-controller']).start()).rejects.toThrow(
    '"red-controller" is not in the list of known controllers',
  )
  await expect(manager(['red', '*', '-blue', 'red']).start()).rejects.toThrow(
    '["red" is not in the list of known controllers, "blue" is not in the list of known controllers]',
  )
  // Known upstream, though it does not start by default.
  const running = manager(['*', '-storage-version-migrator-controller', '-svm'])
  await running.start()
  await running.stop()
})

test('stopped, they do nothing more', async () => {
  const running = manager()
  await running.start()
  await cluster.clock.advance('1s')
  await running.stop()
  await create(2)
  await cluster.clock.advance('1m')
  expect(await setCount()).toBe(0)
})

test.each([0, 1, 2, 3, 5, 8, 13, 21, 34])(
  'stopped %i turns of the event loop into their work, they finish it when started again, with no pod too many',
  async turns => {
    await account()
    await create(40)
    const first = manager()
    await first.start()
    for (let turn = 0; turn < turns; turn++) await new Promise<void>(resolve => setImmediate(resolve))
    await first.stop()
    const second = manager()
    await second.start()
    await cluster.clock.advance('1m')
    expect([await setCount(), await count()]).toEqual([1, 40])
    const told = (await cluster.client.resource(events).list()).items.map(({ reason }) => reason)
    expect(told).not.toContain('SuccessfulDelete')
    await second.stop()
  },
)

test('left alone, they do nothing at all', async () => {
  const running = manager()
  await account()
  await running.start()
  await create(3)
  await cluster.clock.advance('1m')
  const revision = async () => (await cluster.client.resource(pods).list()).metadata.resourceVersion
  const at = await revision()
  await cluster.clock.advance('9m')
  expect(await revision()).toBe(at)
  await running.stop()
})
