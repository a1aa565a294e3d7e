// What a user does on the first day, with the real kubectl, on a node with a real containerd and on a simulated one.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Containerd } from './environment/containerd.ts'
import { busyboxImage } from './environment/images.ts'
import { K8ts } from './environment/k8ts.ts'
import type { Kubectl } from './environment/kubectl.ts'
import { eventually } from './environment/process.ts'

const manifest = `
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { greeting: hello from the config }
---
apiVersion: v1
kind: Secret
metadata: { name: keys }
stringData: { token: s3cret }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
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
          env: [{ name: TOKEN, valueFrom: { secretKeyRef: { name: keys, key: token } } }]
          volumeMounts: [{ name: settings, mountPath: /settings }]
      volumes: [{ name: settings, configMap: { name: settings } }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
`

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

  const firstPod = async () => (await kubectl.get('pods', '-l', 'app=web')).items[0].metadata.name as string

  test('apply starts everything', async () => {
    await kubectl.apply(manifest)
    await kubectl.output('rollout', 'status', 'deployment/web', '--timeout=60s')
    const { items } = await kubectl.get('pods', '-l', 'app=web')
    expect(items.map((pod: any) => pod.status.phase)).toEqual(['Running', 'Running', 'Running'])
  })

  test('the endpoints of the service are the pods', async () => {
    const { items } = await kubectl.get('pods', '-l', 'app=web')
    await eventually(async () => {
      const slices = await kubectl.get('endpointslices', '-l', 'kubernetes.io/service-name=web')
      const addresses = slices.items.flatMap((slice: any) => slice.endpoints ?? []).flatMap((end: any) => end.addresses)
      expect(addresses.sort()).toEqual(items.map((pod: any) => pod.status.podIP).sort())
    })
  })

  test('get and describe show it', async () => {
    expect(await kubectl.output('get', 'deployment', 'web')).toMatch(
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +3\/3 +3 +3/,
    )
    expect(await kubectl.output('get', 'pods', '-o', 'wide')).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE/)
    expect(await kubectl.output('describe', 'pod', await firstPod())).toMatch(/Normal +Scheduled[\s\S]*Normal +Started/)
  })

  test('exec sees the config and the secret', async () => {
    const pod = await firstPod()
    expect(await kubectl.output('exec', pod, '--', 'cat', '/settings/greeting')).toBe('hello from the config')
    expect(await kubectl.output('exec', pod, '--', 'sh', '-c', 'echo $TOKEN')).toBe('s3cret\n')
    expect((await kubectl.run(['exec', pod, '--', 'sh', '-c', 'exit 7'])).code).toBe(7)
  })

  test('exec -it is a shell at a terminal', async () => {
    const shell = kubectl.interactive(['exec', '-it', await firstPod(), '--', 'sh'])
    await shell.says(/# $/)
    shell.write('echo typed $TOKEN\r')
    await shell.says(/typed s3cret\r\n/)
    shell.write('exit 5\r')
    expect((await shell.exited()).code).toBe(5)
  })

  test('logs', async () => {
    expect(await kubectl.output('logs', await firstPod())).toBe('up\n')
  })

  test('logs, exec and attach work with kubectl 1.20, which speaks SPDY', async () => {
    const old = k8ts.kubectl('1.20')
    const pod = await firstPod()
    expect(await old.output('logs', pod)).toBe('up\n')
    expect(await old.output('exec', pod, '--', 'sh', '-c', 'echo $TOKEN')).toBe('s3cret\n')
    expect((await old.run(['exec', pod, '--', 'sh', '-c', 'exit 7'])).code).toBe(7)
  })

  test('scale, set image, rollout undo', async () => {
    await kubectl.output('scale', 'deployment/web', '--replicas=2')
    await eventually(async () => expect((await kubectl.get('pods', '-l', 'app=web')).items).toHaveLength(2))
    await kubectl.output('set', 'image', 'deployment/web', 'main=busybox:1.37')
    await kubectl.output('rollout', 'status', 'deployment/web', '--timeout=60s')
    expect((await kubectl.get('deployment', 'web')).spec.template.spec.containers[0].image).toBe('busybox:1.37')
    await kubectl.output('rollout', 'undo', 'deployment/web')
    await kubectl.output('rollout', 'status', 'deployment/web', '--timeout=60s')
    expect((await kubectl.get('deployment', 'web')).spec.template.spec.containers[0].image).toBe(busyboxImage)
  })

  test('label, annotate, explain', async () => {
    await kubectl.output('label', 'deployment/web', 'tier=front')
    await kubectl.output('annotate', 'deployment/web', 'note=kept')
    expect((await kubectl.get('deployment', 'web')).metadata).toMatchObject({
      labels: { tier: 'front' },
      annotations: { note: 'kept' },
    })
    expect(await kubectl.output('explain', 'pod.spec.containers.image')).toContain('FIELD: image <string>')
  })

  test('delete removes all that it owned', async () => {
    await kubectl.output('delete', 'deployment/web', '--wait')
    await eventually(async () => expect((await kubectl.get('pods,replicasets', '-l', 'app=web')).items).toEqual([]))
  })
})
