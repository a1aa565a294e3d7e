// The kubelet as a whole, on the simulated runtime and virtual time.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NodeBench, testPod } from './testing/node-bench.ts'

let bench: NodeBench

beforeEach(async () => {
  bench = new NodeBench()
  await bench.start()
})

afterEach(() => bench.stop())

describe('a pod', () => {
  test('bound to the node becomes Running and Ready', async () => {
    bench.create(testPod('web', { containers: [{ name: 'web', image: 'nginx:1.27' }] }))
    await bench.advance(5)
    const { status } = bench.pod('web')!
    expect(status.phase).toBe('Running')
    expect(status.podIP).toMatch(/^10\.244\.1\./)
    expect(status.podIPs).toEqual([{ ip: status.podIP }])
    expect(status.hostIP).toBe('192.168.1.10')
    expect(status.startTime).toMatch(/^2026-01-01T00:00:00Z$/)
    expect(Object.fromEntries(status.conditions!.map(({ type, status }) => [type, status]))).toEqual({
      PodReadyToStartContainers: 'True',
      Initialized: 'True',
      Ready: 'True',
      ContainersReady: 'True',
      PodScheduled: 'True',
    })
    expect(status.containerStatuses).toMatchObject([
      { name: 'web', ready: true, started: true, restartCount: 0, state: { running: {} }, lastState: {} },
    ])
    expect(status.containerStatuses![0]!.containerID).toMatch(/^simulated:\/\//)
  })

  test('is said to be ready again where others wrote that it is not', async () => {
    bench.create(testPod('web'))
    await bench.advance(15)
    const pod = bench.pod('web')!
    const conditions = pod.status.conditions!.map(each => (each.type === 'Ready' ? { ...each, status: 'False' } : each))
    const path = '/api/v1/namespaces/default/pods/web'
    bench.api.put(path, { ...pod, status: { ...pod.status, conditions } } as never)
    const ready = () => bench.pod('web')!.status.conditions!.find(({ type }) => type === 'Ready')?.status
    expect(ready()).toBe('False')
    await bench.advance(11)
    expect(ready()).toBe('True')
    const writes = bench.api.requests.length
    await bench.advance(9)
    expect(bench.api.requests.slice(writes).filter(({ path: to }) => to === `${path}/status`)).toEqual([])
  })

  test('is said to be ready again where others wrote that it is not while it was looked at', async () => {
    bench.create(testPod('web'))
    await bench.advance(15)
    const pod = bench.pod('web')!
    const labelled = { ...pod, metadata: { ...pod.metadata, labels: { app: 'released' } } }
    const conditions = pod.status.conditions!.map(each => (each.type === 'Ready' ? { ...each, status: 'False' } : each))
    // The first has it looked at; the second is heard of before anything is said.
    bench.create(labelled)
    bench.create({ ...labelled, status: { ...pod.status, conditions } })
    await bench.advance(11)
    expect(bench.pod('web')!.status.conditions!.find(({ type }) => type === 'Ready')?.status).toBe('True')
  })

  test('tells its story in events', async () => {
    bench.create(testPod('web', { containers: [{ name: 'web', image: 'nginx:1.27' }] }))
    await bench.advance(5)
    const events = bench.events().filter(event => /^(Pulling|Pulled|Created|Started)/.test(event))
    expect(events).toEqual([
      'Pulling: Pulling image "nginx:1.27"',
      expect.stringMatching(
        /^Pulled: Successfully pulled image "nginx:1.27" in \S+ \(\S+ including waiting\). Image size: \d+ bytes.$/,
      ),
      'Created: Container created',
      'Started: Container started',
    ])
  })

  test('is stopped and its object deleted when it is to go', async () => {
    bench.create(testPod('web'))
    await bench.advance(5)
    bench.markDeleted('web', 30)
    await bench.advance(40)
    expect(bench.pod('web')).toBeUndefined()
    expect((await bench.runtime.listContainers({})).containers).toEqual([])
    expect((await bench.runtime.listPodSandbox({})).items).toEqual([])
    expect(bench.events()).toContain('Killing: Stopping container main')
  })

  test('that is to go before anything of it was started has Failed', async () => {
    const path = '/api/v1/namespaces/default/pods/web/status'
    bench.create(testPod('web', { restartPolicy: 'Never' }))
    bench.markDeleted('web', 30)
    await bench.advance(5)
    expect(bench.pod('web')).toBeUndefined()
    const said = bench.api.requests.filter(({ method, path: to }) => method === 'PATCH' && to === path)
    expect(said.at(-1)!.body).toMatchObject({
      status: {
        phase: 'Failed',
        containerStatuses: [{ state: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } } }],
      },
    })
  })

  test('whose object vanishes is stopped as well', async () => {
    bench.create(testPod('web'))
    await bench.advance(5)
    bench.api.remove('/api/v1/namespaces/default/pods/web')
    await bench.advance(40)
    expect((await bench.runtime.listPodSandbox({})).items).toEqual([])
  })

  test('that runs to its end Succeeds, and stays', async () => {
    bench.create(testPod('job', { restartPolicy: 'Never', containers: [{ command: ['sh', '-c', 'sleep 3; exit 0'] }] }))
    await bench.advance(20)
    const { status } = bench.pod('job')!
    expect(status.phase).toBe('Succeeded')
    expect(status.containerStatuses![0]!.state.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' })
    expect(status.conditions!.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'PodCompleted',
    })
  })

  test('that fails for good is Failed', async () => {
    bench.create(testPod('job', { restartPolicy: 'Never', containers: [{ command: ['sh', '-c', 'exit 3'] }] }))
    await bench.advance(20)
    const { status } = bench.pod('job')!
    expect(status.phase).toBe('Failed')
    expect(status.containerStatuses![0]!.state.terminated).toMatchObject({ exitCode: 3, reason: 'Error' })
  })

  test.each([
    ['echo first; echo -n last; exit 1', 'first\nlast'],
    ['echo first; echo last; exit 1', 'first\nlast\n'],
    ['echo -n well; exit 0', undefined],
  ])('that ran %s leaves the end of its output as its message, if it failed', async (script, message) => {
    const container = { command: ['sh', '-c', script], terminationMessagePolicy: 'FallbackToLogsOnError' }
    bench.create(testPod('job', { restartPolicy: 'Never', containers: [container] }))
    await bench.advance(20)
    expect(bench.pod('job')!.status.containerStatuses![0]!.state.terminated!.message).toBe(message)
  })

  test('that lingers is killed when its grace is over', async () => {
    bench.create(testPod('slow', {}, { annotations: { 'simulated.k8ts.dev/ignore-stop': 'true' } }))
    await bench.advance(5)
    bench.markDeleted('slow', 20)
    await bench.advance(15)
    expect(bench.pod('slow')).toBeDefined()
    await bench.advance(10)
    expect(bench.pod('slow')).toBeUndefined()
  })

  test('is killed sooner when its deletion is asked for with less grace', async () => {
    bench.create(testPod('slow', {}, { annotations: { 'simulated.k8ts.dev/ignore-stop': 'true' } }))
    await bench.advance(5)
    bench.markDeleted('slow', 600)
    await bench.advance(15)
    bench.markDeleted('slow', 1)
    await bench.advance(5)
    expect(bench.pod('slow')).toBeUndefined()
  })

  test('past its deadline is Failed', async () => {
    bench.create(testPod('late', { activeDeadlineSeconds: 60 }))
    await bench.advance(50)
    expect(bench.pod('late')!.status.phase).toBe('Running')
    await bench.advance(60)
    expect(bench.pod('late')!.status).toMatchObject({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    })
  })
})

describe('a container that exits', () => {
  test('restarts at once, then after 10 s, 20 s, 40 s', async () => {
    bench.create(testPod('crash', { containers: [{ command: ['sh', '-c', 'sleep 1; exit 1'] }] }))
    await bench.advance(8)
    const status = () => bench.pod('crash')!.status.containerStatuses![0]!
    expect(status()).toMatchObject({
      restartCount: 1,
      ready: false,
      state: {
        waiting: {
          reason: 'CrashLoopBackOff',
          message: 'back-off 10s restarting failed container=main pod=crash_default(uid-of-crash)',
        },
      },
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
    })
    expect(bench.pod('crash')!.status.phase).toBe('Running')
    expect(bench.events()).toContain(
      'BackOff: Back-off restarting failed container main in pod crash_default(uid-of-crash)',
    )
    await bench.advance(12)
    expect(status().restartCount).toBe(2)
    expect(status().state.waiting?.message).toContain('back-off 20s')
    await bench.advance(22)
    expect(status().restartCount).toBe(3)
    expect(status().state.waiting?.message).toContain('back-off 40s')
  })
})

describe('init containers', () => {
  test('run one after another before the others start', async () => {
    bench.create(
      testPod('staged', {
        initContainers: [
          { name: 'first', command: ['sh', '-c', 'sleep 5'] },
          { name: 'second', command: ['sh', '-c', 'sleep 5'] },
        ],
      }),
    )
    await bench.advance(4)
    const states = () => bench.pod('staged')!.status.initContainerStatuses!.map(({ state }) => Object.keys(state)[0])
    expect(states()).toEqual(['running', 'waiting'])
    expect(bench.pod('staged')!.status).toMatchObject({ phase: 'Pending' })
    expect(bench.pod('staged')!.status.conditions!.find(({ type }) => type === 'Initialized')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotInitialized',
      message: 'containers with incomplete status: [first second]',
    })
    await bench.advance(6)
    expect(states()).toEqual(['terminated', 'running'])
    await bench.advance(8)
    expect(bench.pod('staged')!.status.phase).toBe('Running')
    expect(bench.pod('staged')!.status.containerStatuses![0]!.ready).toBe(true)
  })

  test('that stay (sidecars) run beside them', async () => {
    bench.create(testPod('meshed', { initContainers: [{ name: 'proxy', restartPolicy: 'Always' }] }))
    await bench.advance(8)
    const { status } = bench.pod('meshed')!
    expect(status.phase).toBe('Running')
    expect(status.initContainerStatuses).toMatchObject([{ name: 'proxy', started: true, ready: true }])
  })
})

describe('what goes wrong', () => {
  const waiting = (name: string) => bench.pod(name)!.status.containerStatuses![0]!.state.waiting

  test('an image that cannot be pulled', async () => {
    bench.create(testPod('bad', { containers: [{ image: 'Not An Image' }] }))
    await bench.advance(3)
    expect(waiting('bad')).toMatchObject({ reason: 'InvalidImageName' })
    expect(bench.pod('bad')!.status.phase).toBe('Pending')
    expect(bench.events()).toContain('Failed: Error: InvalidImageName')
  })

  test('a ConfigMap that comes late', async () => {
    bench.create(
      testPod('late', {
        containers: [{ volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
        volumes: [{ name: 'v', configMap: { name: 'settings' } }],
      }),
    )
    await bench.advance(5)
    expect(waiting('late')).toEqual({ reason: 'ContainerCreating' })
    expect(bench.events()).toContain(
      'FailedMount: MountVolume.SetUp failed for volume "v" : configmap "settings" not found',
    )
    const metadata = { name: 'settings', namespace: 'default' }
    bench.api.put('/api/v1/namespaces/default/configmaps/settings', { metadata, data: {} })
    await bench.advance(10)
    expect(bench.pod('late')!.status.phase).toBe('Running')
  })

  test('a variable from nowhere', async () => {
    const valueFrom = { secretKeyRef: { name: 'absent', key: 'k' } }
    bench.create(testPod('env', { containers: [{ env: [{ name: 'X', valueFrom }] }] }))
    await bench.advance(3)
    expect(waiting('env')).toEqual({ reason: 'CreateContainerConfigError', message: 'secret "absent" not found' })
    expect(bench.events()).toContain('Failed: Error: secret "absent" not found')
  })

  test('a sandbox that dies is made anew, with its containers', async () => {
    bench.create(testPod('web'))
    await bench.advance(5)
    const [sandbox] = (await bench.runtime.listPodSandbox({})).items
    void bench.runtime.stopPodSandbox({ podSandboxId: sandbox!.id })
    await bench.advance(30)
    expect(bench.events()).toContain('SandboxChanged: Pod sandbox changed, it will be killed and re-created.')
    expect(bench.pod('web')!.status).toMatchObject({
      phase: 'Running',
      containerStatuses: [{ restartCount: 1, ready: true }],
    })
  })

  test('an API server that is away for a while', async () => {
    bench.api.faults = () => ({ fault: 'unreachable' })
    bench.create(testPod('web', { containers: [{ command: ['sh', '-c', 'sleep 3; sleep 1000'] }] }))
    await bench.advance(20)
    expect(bench.pod('web')!.status.phase).toBe('Pending')
    bench.api.faults = () => undefined
    await bench.advance(60)
    expect(bench.pod('web')!.status.phase).toBe('Running')
  })

  test('a pod the node has no room for', async () => {
    bench.create(testPod('big', { containers: [{ resources: { requests: { cpu: '5' } } }] }))
    await bench.advance(3)
    expect(bench.pod('big')!.status).toMatchObject({
      phase: 'Failed',
      reason: 'OutOfcpu',
      message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 5000, used: 0, capacity: 4000",
      startTime: '2026-01-01T00:00:00Z',
    })
    expect(bench.pod('big')!.status.containerStatuses).toBeUndefined()
    expect((await bench.runtime.listPodSandbox({})).items).toEqual([])
  })

  test('a pod in the place of one that was deleted at once, and is still stopping', async () => {
    const spec = { containers: [{ resources: { requests: { cpu: '3' } } }], terminationGracePeriodSeconds: 30 }
    bench.create(testPod('old', spec, { annotations: { 'simulated.k8ts.dev/ignore-stop': 'true' } }))
    await bench.advance(3)
    bench.api.remove('/api/v1/namespaces/default/pods/old')
    bench.create(testPod('new', spec))
    await bench.advance(3)
    expect(bench.pod('new')!.status.phase).toBe('Running')
  })
})

describe('probes', () => {
  test('a pod is ready when its container says so, and not ready when it does not', async () => {
    bench.create(
      testPod(
        'web',
        { containers: [{ readinessProbe: { httpGet: { port: 80 }, periodSeconds: 5, failureThreshold: 1 } as any }] },
        { annotations: { 'simulated.k8ts.dev/run': 'unhealthy; sleep 20; healthy; sleep 20; unhealthy; sleep 3600' } },
      ),
    )
    const ready = () => bench.pod('web')!.status.conditions!.find(({ type }) => type === 'Ready')!.status
    await bench.advance(10)
    expect(bench.pod('web')!.status.phase).toBe('Running')
    expect(ready()).toBe('False')
    await bench.advance(20)
    expect(ready()).toBe('True')
    await bench.advance(20)
    expect(ready()).toBe('False')
    expect(bench.events()).toContain('Unhealthy: Readiness probe failed: simulated container: unhealthy')
  })

  test('a container whose liveness probe fails is restarted', async () => {
    bench.create(
      testPod(
        'web',
        { containers: [{ livenessProbe: { httpGet: { port: 80 }, periodSeconds: 5, failureThreshold: 2 } as any }] },
        { annotations: { 'simulated.k8ts.dev/run': 'sleep 20; unhealthy; sleep 3600' } },
      ),
    )
    await bench.advance(45)
    expect(bench.events()).toContain('Killing: Container main failed liveness probe, will be restarted')
    expect(bench.pod('web')!.status.containerStatuses![0]!.restartCount).toBe(1)
  })
})

describe('a pod that is changed while it runs', () => {
  test('restarts the container whose image is another', async () => {
    bench.create(testPod('web', { containers: [{ name: 'a' }, { name: 'b' }] }))
    await bench.advance(5)
    const pod = bench.pod('web')!
    const [a, b] = pod.spec.containers
    const containers = [a!, { ...b!, image: 'nginx:1.28' }]
    bench.create({ ...pod, metadata: { ...pod.metadata, generation: 2 }, spec: { ...pod.spec, containers } })
    await bench.advance(5)
    const { status } = bench.pod('web')!
    expect(status.containerStatuses).toMatchObject([
      { name: 'a', restartCount: 0, image: 'nginx:1.27' },
      { name: 'b', restartCount: 1, image: 'nginx:1.28', ready: true },
    ])
    expect(status.observedGeneration).toBe(2)
    expect(bench.events()).toContain('Killing: Container b definition changed, will be restarted')
  })

  test('gets its ephemeral containers', async () => {
    bench.create(testPod('web'))
    await bench.advance(5)
    const pod = bench.pod('web')!
    const ephemeralContainers = [{ ...pod.spec.containers[0]!, name: 'debug', targetContainerName: 'main' }]
    bench.create({ ...pod, metadata: { ...pod.metadata, generation: 2 }, spec: { ...pod.spec, ephemeralContainers } })
    await bench.advance(5)
    expect(bench.pod('web')!.status.ephemeralContainerStatuses).toMatchObject([
      { name: 'debug', state: { running: {} } },
    ])
  })
})

test('pods that another kubelet made in the same runtime are left alone', async () => {
  const other = bench.newKubelet({ nodeName: 'node-2' })
  await bench.start(other)
  bench.create(testPod('theirs', { nodeName: 'node-2' }))
  await bench.advance(5)
  expect(bench.pod('theirs')!.status.phase).toBe('Running')
  await bench.advance(300)
  expect(bench.pod('theirs')!.status).toMatchObject({ phase: 'Running', containerStatuses: [{ restartCount: 0 }] })
  await other.stop()
})

describe('a kubelet that starts again', () => {
  test('takes over what runs', async () => {
    bench.create(testPod('web'))
    await bench.advance(5)
    const before = (await bench.runtime.listContainers({})).containers
    await bench.stop()
    bench.kubelet = bench.newKubelet()
    await bench.start()
    await bench.advance(30)
    expect((await bench.runtime.listContainers({})).containers).toEqual(before)
    expect(bench.pod('web')!.status).toMatchObject({ phase: 'Running', containerStatuses: [{ restartCount: 0 }] })
  })

  test('stops what was deleted meanwhile', async () => {
    bench.create(testPod('web'))
    await bench.advance(5)
    await bench.stop()
    bench.api.remove('/api/v1/namespaces/default/pods/web')
    bench.kubelet = bench.newKubelet()
    await bench.start()
    await bench.advance(90)
    expect((await bench.runtime.listPodSandbox({})).items).toEqual([])
  })
})

describe('the node', () => {
  test('registers with what it is, and says that it is simulated', () => {
    const [node] = bench.api.contents('/api/v1/nodes')
    expect(node!.metadata['labels']).toMatchObject({
      'kubernetes.io/hostname': 'node-1',
      'kubernetes.io/os': 'linux',
      'k8ts.dev/simulated': 'true',
    })
    expect(node!['status']).toMatchObject({
      capacity: { cpu: '4', memory: '16Gi', pods: '110' },
      addresses: [
        { type: 'InternalIP', address: '192.168.1.10' },
        { type: 'Hostname', address: 'node-1' },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: { osImage: 'simulated by k8ts', containerRuntimeVersion: expect.stringMatching(/^simulated:\/\//) },
    })
    const conditions = node!['status'].conditions.map((c: any) => [c.type, c.status, c.reason, c.message])
    expect(conditions).toEqual([
      ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
      ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
      ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
      ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
    ])
  })

  test('renews its lease every 10 seconds', async () => {
    const lease = () => bench.api.contents('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases')[0]!
    const first = lease()['spec']
    expect(first).toMatchObject({ holderIdentity: 'node-1', leaseDurationSeconds: 40 })
    await bench.advance(10)
    expect(Date.parse(lease()['spec'].renewTime) - Date.parse(first.renewTime)).toBe(10_000)
  })

  test('reports its status every 5 minutes when nothing changes', async () => {
    const patches = () =>
      bench.api.requests.filter(({ method, path }) => method === 'PATCH' && path.includes('/nodes/'))
    const before = patches().length
    await bench.advance(290)
    expect(patches().length - before).toBe(0)
    await bench.advance(20)
    expect(patches().length - before).toBe(1)
  })

  test('that was given up for lost says within seconds that it is ready', async () => {
    const ready = () =>
      bench.api.contents('/api/v1/nodes')[0]!['status'].conditions.find(({ type }: any) => type === 'Ready')
    await bench.advance(15)
    const [node] = bench.api.contents('/api/v1/nodes') as any[]
    const conditions = node.status.conditions.map((each: object) => ({
      ...each,
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      lastTransitionTime: '2026-01-01T00:00:14Z',
    }))
    bench.api.put('/api/v1/nodes/node-1', { ...node, status: { ...node.status, conditions } })
    expect(ready().status).toBe('Unknown')
    await bench.advance(11)
    expect(ready()).toMatchObject({ status: 'True', reason: 'KubeletReady' })
    expect(Date.parse(ready().lastTransitionTime)).toBeGreaterThan(Date.parse('2026-01-01T00:00:14Z'))
  })
})
