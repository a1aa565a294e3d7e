// What lasts: containers that fail come back, later each time; a cluster comes back as it was; and what runs on its nodes
// goes on meanwhile.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Containerd } from './environment/containerd.ts'
import { busyboxImage } from './environment/images.ts'
import { K8ts } from './environment/k8ts.ts'
import type { Kubectl } from './environment/kubectl.ts'
import { eventually } from './environment/process.ts'

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: ${busyboxImage}
          imagePullPolicy: IfNotPresent
          command: [sh, -c, 'echo up; while true; do sleep 1; done']
`

const failing = `
apiVersion: v1
kind: Pod
metadata: { name: fails }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: ${busyboxImage}
      imagePullPolicy: IfNotPresent
      command: [sh, -c, 'echo failing; exit 3']
`

interface Running {
  readonly uid: string
  readonly resourceVersion: string
  readonly containerID: string
  readonly startedAt: string
  readonly restartCount: number
}

describe.each(['cri', 'simulated'] as const)('on a node whose runtime is %s', runtime => {
  let containerd: Containerd | undefined
  let k8ts: K8ts
  let kubectl: Kubectl

  beforeAll(async () => {
    if (runtime === 'cri') containerd = await Containerd.start()
    k8ts = await K8ts.start({ runtime, ...(containerd ? { criEndpoint: containerd.endpoint } : {}) })
    kubectl = k8ts.kubectl()
  })

  afterAll(async () => {
    await k8ts?.stop()
    await containerd?.stop()
  })

  test('a container that exits is started again, with backoff', async () => {
    await kubectl.apply(failing)
    await eventually(async () => {
      expect(await kubectl.output('get', 'pod', 'fails')).toMatch(/fails +0\/1 +CrashLoopBackOff +[12] \(/)
    })
    const { status } = await kubectl.get('pod', 'fails')
    expect(status.containerStatuses[0]).toMatchObject({
      ready: false,
      state: {
        waiting: {
          reason: 'CrashLoopBackOff',
          message: expect.stringMatching(
            /^back-off (10|20)s restarting failed container=main pod=fails_default\([0-9a-f-]+\)$/,
          ),
        },
      },
      lastState: { terminated: { exitCode: 3, reason: 'Error' } },
    })
    expect(await kubectl.output('logs', '--previous', 'fails')).toBe('failing\n')
    await eventually(async () => {
      expect(await kubectl.output('events', '--for', 'pod/fails')).toMatch(
        /Warning +BackOff .*Back-off restarting failed container main in pod fails_default/,
      )
    })
    await eventually(
      async () => expect((await kubectl.get('pod', 'fails')).status.containerStatuses[0].restartCount).toBe(2),
      60_000,
    )
    await kubectl.output('delete', 'pod/fails')
  })

  const running = async (): Promise<Running[]> =>
    (await kubectl.get('pods', '-l', 'app=web', '--sort-by=.metadata.name')).items.map(
      ({ metadata, status }: any): Running => {
        const [{ containerID, restartCount, state }] = status.containerStatuses
        const { uid, resourceVersion } = metadata
        return { uid, resourceVersion, containerID, restartCount, startedAt: state.running?.startedAt }
      },
    )

  describe.each([
    { how: 'stopped', signal: 'SIGINT' },
    { how: 'killed', signal: 'SIGKILL' },
  ] as const)('when k8ts is $how and started again', ({ signal }) => {
    let before: Running[]
    let secret: string

    beforeAll(async () => {
      await kubectl.apply(deployment)
      await kubectl.output('rollout', 'status', 'deployment/web', '--timeout=60s')
      await kubectl.output('create', 'configmap', `kept-${signal.toLowerCase()}`, '--from-literal=a=1')
      before = await running()
      secret = (await kubectl.output('get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}')).trim()
      await k8ts.restart(signal)
      kubectl = k8ts.kubectl()
    })

    test('what was stored is there', async () => {
      expect(await kubectl.output('get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}')).toBe(secret)
      expect((await kubectl.get('configmap', `kept-${signal.toLowerCase()}`)).data).toEqual({ a: '1' })
    })

    if (runtime === 'cri') {
      test('what ran runs on: the same containers, never restarted', async () => {
        await kubectl.output('wait', '--for=condition=Ready', 'pod', '-l', 'app=web', '--timeout=30s')
        const ids = (all: Running[]) => all.map(({ resourceVersion: _, ...rest }) => rest)
        expect(ids(await running())).toEqual(ids(before))
        const tasks = await containerd!.ctr('tasks', 'list')
        for (const { containerID } of before)
          expect(tasks).toMatch(new RegExp(`^${containerID.replace('containerd://', '')} .*RUNNING`, 'm'))
      })
    } else {
      test('what was simulated runs again', async () => {
        await kubectl.output('rollout', 'status', 'deployment/web', '--timeout=60s')
        await kubectl.output('wait', '--for=condition=Ready', 'pod', '-l', 'app=web', '--timeout=60s')
        expect((await running()).map(({ uid }) => uid)).toEqual(before.map(({ uid }) => uid))
      })
    }

    test('its logs and doors are open', async () => {
      await eventually(async () => expect(await kubectl.output('logs', 'deployment/web')).toMatch(/^up\n/))
      expect(await kubectl.output('exec', 'deployment/web', '--', 'echo', 'there')).toBe('there\n')
    })

    test('controllers go on: a pod that is deleted is replaced, a deployment scaled', async () => {
      const [pod] = (await kubectl.get('pods', '-l', 'app=web')).items
      await kubectl.output('delete', `pod/${pod.metadata.name}`)
      await kubectl.output('rollout', 'status', 'deployment/web', '--timeout=60s')
      await eventually(async () => {
        const now = await running()
        expect(now).toHaveLength(2)
        expect(now.map(({ uid }) => uid)).not.toContain(pod.metadata.uid)
      })
    })
  })
})
