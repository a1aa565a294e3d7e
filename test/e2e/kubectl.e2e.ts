// What a user does on the first day, with the real kubectl, on a node with a real containerd and on a simulated one.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { Containerd } from './environment/containerd.ts'
import { busyboxImage, nextBusyboxImage } from './environment/images.ts'
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

  const pods = async () => (await kubectl.get('pods', '-l', 'app=web')).items as any[]
  const firstPod = async () => (await pods())[0].metadata.name as string

  test('apply starts everything', async () => {
    expect(await kubectl.apply(manifest)).toBe(
      'configmap/settings created\nsecret/keys created\ndeployment.apps/web created\nservice/web created\n',
    )
    await kubectl.output('rollout', 'status', 'deployment/web', '--timeout=60s')
    expect((await pods()).map(pod => pod.status.phase)).toEqual(['Running', 'Running', 'Running'])
  })

  test('apply of the same changes nothing', async () => {
    expect(await kubectl.apply(manifest)).toBe(
      'configmap/settings unchanged\nsecret/keys configured\ndeployment.apps/web unchanged\nservice/web unchanged\n',
    )
  })

  test('the endpoints of the service are the pods', async () => {
    const addresses = (await pods()).map(pod => pod.status.podIP).sort()
    await eventually(async () => {
      const slices = await kubectl.get('endpointslices', '-l', 'kubernetes.io/service-name=web')
      const found = slices.items.flatMap((slice: any) => slice.endpoints ?? []).flatMap((end: any) => end.addresses)
      expect(found.sort()).toEqual(addresses)
    })
    expect(await kubectl.output('describe', 'service', 'web')).toMatch(
      new RegExp(`Endpoints: +(${addresses.map(address => `${address}:8080`).join('|')}),`),
    )
  })

  describe('get', () => {
    test('prints tables', async () => {
      expect(await kubectl.output('get', 'deployment', 'web')).toMatch(
        /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +3\/3 +3 +3 +\d+s\n$/,
      )
      expect(await kubectl.output('get', 'deployment,service,configmap,secret')).toMatch(
        /deployment\.apps\/web[\s\S]*service\/kubernetes +ClusterIP[\s\S]*service\/web +ClusterIP[\s\S]*configmap\/settings +1[\s\S]*secret\/keys +Opaque +1/,
      )
      expect(await kubectl.output('get', 'all')).toMatch(/pod\/web-[\s\S]*service\/web[\s\S]*replicaset\.apps\/web-/)
    })

    test('-o wide', async () => {
      const address = String.raw`10\.244\.0\.\d+`
      expect(await kubectl.output('get', 'pods', '-o', 'wide')).toMatch(
        new RegExp(
          String.raw`^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\nweb-\S+ +1/1 +Running +0 +\d+s +${address} +\S+ +<none> +<none>\n`,
        ),
      )
      expect(await kubectl.output('get', 'deployment', 'web', '-o', 'wide')).toMatch(
        new RegExp(`CONTAINERS +IMAGES +SELECTOR\nweb .* main +${busyboxImage} +app=web\n`),
      )
    })

    test('-o yaml, json, name, jsonpath and custom-columns', async () => {
      const web = parse(await kubectl.output('get', 'deployment', 'web', '-o', 'yaml'))
      expect(web).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment', status: { readyReplicas: 3 } })
      expect(JSON.parse(await kubectl.output('get', 'deployment', 'web', '-o', 'json'))).toEqual(web)
      expect(await kubectl.output('get', 'deployment', 'web', '-o', 'name')).toBe('deployment.apps/web\n')
      expect(await kubectl.output('get', 'pods', '-o', 'jsonpath={.items[*].spec.containers[0].name}')).toBe(
        'main main main',
      )
      expect(
        await kubectl.output('get', 'deployment', '-o', 'custom-columns=NAME:.metadata.name,REPLICAS:.spec.replicas'),
      ).toMatch(/^NAME +REPLICAS\nweb +3\n$/)
    })

    test('selects by label and field, sorts, and finds in all namespaces', async () => {
      const name = await firstPod()
      expect(await kubectl.output('get', 'pods', '--field-selector', `metadata.name=${name}`, '-o', 'name')).toBe(
        `pod/${name}\n`,
      )
      expect(await kubectl.output('get', 'pods', '-l', 'app!=web', '-o', 'name')).toBe('')
      expect(await kubectl.output('get', 'pods', '-A', '--sort-by=.metadata.name')).toMatch(
        /^NAMESPACE +NAME[\s\S]*\ndefault +web-/,
      )
      expect((await kubectl.run(['get', 'pods', 'none'])).stderr).toBe(
        'Error from server (NotFound): pods "none" not found\n',
      )
    })

    test('-w goes on', async () => {
      const watching = kubectl.start('get', 'configmaps', '-w', '--output-watch-events')
      await watching.says(/ADDED +settings/)
      await kubectl.output('create', 'configmap', 'watched', '--from-literal=a=1')
      await watching.says(/ADDED +watched +1/)
      await kubectl.output('delete', 'configmap', 'watched')
      await watching.says(/DELETED +watched/)
      await watching.stop()
    })
  })

  test('describe tells the story', async () => {
    const pod = await kubectl.output('describe', 'pod', await firstPod())
    expect(pod).toMatch(/Status: +Running/)
    expect(pod).toMatch(/Controlled By: +ReplicaSet\/web-/)
    expect(pod).toMatch(/TOKEN: +<set to the key 'token' in secret 'keys'>/)
    expect(pod).toMatch(/Normal +Scheduled[\s\S]*Normal +Created[\s\S]*Normal +Started/)
    expect(await kubectl.output('describe', 'deployment', 'web')).toMatch(
      /Replicas: +3 desired \| 3 updated \| 3 total \| 3 available \| 0 unavailable[\s\S]*Normal +ScalingReplicaSet/,
    )
    expect(await kubectl.output('describe', 'node')).toMatch(/Ready +True[\s\S]*default +web-/)
  })

  test('events', async () => {
    const events = await kubectl.output('events', '--for', `pod/${await firstPod()}`)
    for (const reason of ['Scheduled', 'Pulled', 'Created', 'Started']) expect(events).toMatch(new RegExp(reason))
    expect(await kubectl.output('get', 'events', '--field-selector=reason=SuccessfulCreate')).toMatch(
      /replicaset\/web-\S+ +Created pod: web-/,
    )
  })

  test('exec sees the config and the secret', async () => {
    const pod = await firstPod()
    expect(await kubectl.output('exec', pod, '--', 'cat', '/settings/greeting')).toBe('hello from the config')
    expect(await kubectl.output('exec', 'deployment/web', '--', 'sh', '-c', 'echo $TOKEN')).toBe('s3cret\n')
  })

  test('logs of all its pods', async () => {
    expect(await kubectl.output('logs', 'deployment/web')).toBe('up\n')
    const all = await kubectl.output('logs', '-l', 'app=web', '--prefix')
    expect(all.trimEnd().split('\n').sort()).toEqual(
      (await pods()).map(({ metadata }) => `[pod/${metadata.name}/main] up`).sort(),
    )
  })

  test('scale', async () => {
    await kubectl.output('scale', 'deployment/web', '--replicas=2')
    await eventually(async () => expect(await pods()).toHaveLength(2))
    await kubectl.output('wait', '--for=jsonpath={.status.replicas}=2', 'deployment/web', '--timeout=30s')
  })

  const image = async () => (await kubectl.get('deployment', 'web')).spec.template.spec.containers[0].image

  test('set image, rollout status, history and undo', async () => {
    await kubectl.output('set', 'image', 'deployment/web', `main=${nextBusyboxImage}`)
    expect(await kubectl.output('rollout', 'status', 'deployment/web', '--timeout=60s')).toMatch(
      /deployment "web" successfully rolled out\n$/,
    )
    expect(await image()).toBe(nextBusyboxImage)
    await eventually(async () =>
      expect((await pods()).map(pod => pod.spec.containers[0].image)).toEqual([nextBusyboxImage, nextBusyboxImage]),
    )
    expect(await kubectl.output('rollout', 'history', 'deployment/web')).toMatch(/REVISION[\s\S]*\n1 [\s\S]*\n2 /)
    await kubectl.output('rollout', 'undo', 'deployment/web')
    await kubectl.output('rollout', 'status', 'deployment/web', '--timeout=60s')
    expect(await image()).toBe(busyboxImage)
    expect(await kubectl.output('rollout', 'history', 'deployment/web')).toMatch(/REVISION[\s\S]*\n2 [\s\S]*\n3 /)
  })

  test('rollout restart, pause and resume', async () => {
    const before = (await pods()).map(({ metadata }) => metadata.uid)
    await kubectl.output('rollout', 'restart', 'deployment/web')
    await kubectl.output('rollout', 'status', 'deployment/web', '--timeout=60s')
    await eventually(async () => {
      const after = (await pods()).map(({ metadata }) => metadata.uid)
      expect(after.filter(uid => before.includes(uid))).toEqual([])
    })
    await kubectl.output('rollout', 'pause', 'deployment/web')
    await kubectl.output('set', 'env', 'deployment/web', 'MORE=1')
    await eventually(async () => {
      const { metadata, status } = await kubectl.get('deployment', 'web')
      expect(status).toMatchObject({ observedGeneration: metadata.generation, readyReplicas: 2 })
      expect(status.updatedReplicas ?? 0).toBe(0)
    })
    await kubectl.output('rollout', 'resume', 'deployment/web')
    await kubectl.output('rollout', 'status', 'deployment/web', '--timeout=60s')
    expect(await kubectl.output('exec', 'deployment/web', '--', 'sh', '-c', 'echo $MORE')).toBe('1\n')
  })

  test('edit', async () => {
    const edited = await kubectl.run(['edit', 'deployment/web'], {
      env: { KUBE_EDITOR: 'sed -i s/replicas:.2/replicas:\\ 1/' },
    })
    expect(edited).toMatchObject({ code: 0, stdout: 'deployment.apps/web edited\n' })
    expect((await kubectl.get('deployment', 'web')).spec.replicas).toBe(1)
    const unchanged = await kubectl.run(['edit', 'deployment/web'], { env: { KUBE_EDITOR: 'true' } })
    expect(unchanged.stdout + unchanged.stderr).toContain('Edit cancelled, no changes made.')
  })

  test('label and annotate', async () => {
    await kubectl.output('label', 'deployment/web', 'tier=front')
    await kubectl.output('annotate', 'deployment/web', 'note=kept')
    expect((await kubectl.get('deployment', 'web')).metadata).toMatchObject({
      labels: { tier: 'front' },
      annotations: { note: 'kept' },
    })
    expect((await kubectl.run(['label', 'deployment/web', 'tier=back'])).stderr).toContain(
      'already has a value (front)',
    )
    await kubectl.output('label', 'deployment/web', 'tier-')
    expect((await kubectl.get('deployment', 'web')).metadata.labels ?? {}).not.toHaveProperty('tier')
  })

  test('patch and replace', async () => {
    for (const [type, patch] of [
      ['strategic', '{"metadata":{"annotations":{"by":"strategic"}}}'],
      ['merge', '{"metadata":{"annotations":{"by":"merge"}}}'],
      ['json', '[{"op":"replace","path":"/metadata/annotations/by","value":"json"}]'],
    ] as const) {
      await kubectl.output('patch', 'deployment/web', '--type', type, '-p', patch)
      expect((await kubectl.get('deployment', 'web')).metadata.annotations.by).toBe(type)
    }
    const settings = await kubectl.get('configmap', 'settings')
    settings.data.greeting = 'hello again'
    expect((await kubectl.run(['replace', '-f', '-'], { input: JSON.stringify(settings) })).stdout).toBe(
      'configmap/settings replaced\n',
    )
    const conflict = await kubectl.run(['replace', '-f', '-'], { input: JSON.stringify(settings) })
    expect(conflict.stderr).toMatch(
      /Operation cannot be fulfilled on configmaps "settings": the object has been modified/,
    )
  })

  test('expose, and run with wait', async () => {
    expect(await kubectl.output('expose', 'deployment/web', '--name=second', '--port=81')).toBe(
      'service/second exposed\n',
    )
    await kubectl.output('run', 'once', `--image=${busyboxImage}`, '--restart=Never', '--', 'sh', '-c', 'echo done')
    await kubectl.output('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/once', '--timeout=60s')
    expect(await kubectl.output('logs', 'once')).toBe('done\n')
    expect(await kubectl.output('get', 'pod', 'once')).toMatch(/once +0\/1 +Completed +0 /)
    await kubectl.output('delete', 'pod/once', 'service/second')
  })

  test('delete removes all that it owned', async () => {
    expect(await kubectl.output('delete', 'deployment/web', '--wait')).toMatch(/^deployment\.apps "web" deleted/)
    await eventually(async () => expect((await kubectl.get('pods,replicasets', '-l', 'app=web')).items).toEqual([]))
  })

  test('delete --cascade=orphan leaves what it owned; foreground waits for it', async () => {
    const { length } = (await kubectl.get('replicasets')).items
    expect(length).toBe(0)
    await kubectl.apply(manifest)
    await kubectl.output('rollout', 'status', 'deployment/web', '--timeout=60s')
    await kubectl.output('delete', 'deployment/web', '--cascade=orphan')
    const [replicaSet] = (await kubectl.get('replicasets', '-l', 'app=web')).items
    expect(replicaSet.metadata.ownerReferences).toBeUndefined()
    expect(await pods()).toHaveLength(3)
    await kubectl.output('delete', `replicaset/${replicaSet.metadata.name}`, '--cascade=foreground', '--wait')
    expect(await pods()).toEqual([])
  })

  test('a namespace goes with all that is in it', async () => {
    await kubectl.output('create', 'namespace', 'brief')
    await eventually(() => kubectl.output('get', 'serviceaccount', 'default', '-n', 'brief'))
    await kubectl.apply(manifest, '-n', 'brief')
    await kubectl.output('rollout', 'status', 'deployment/web', '-n', 'brief', '--timeout=60s')
    await kubectl.output('delete', 'namespace', 'brief', '--wait', '--timeout=60s')
    expect((await kubectl.get('pods,deployments,configmaps', '-A', '-l', 'app=web')).items).toEqual([])
    expect((await kubectl.run(['get', 'namespace', 'brief'])).code).toBe(1)
  })
})
