// A pod and the ways into it, with the real kubectl: new (WebSocket) and old (SPDY), on a node with a real containerd and
// on a simulated one.

import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Containerd } from './environment/containerd.ts'
import { busyboxImage } from './environment/images.ts'
import { K8ts } from './environment/k8ts.ts'
import type { Kubectl } from './environment/kubectl.ts'
import { eventually } from './environment/process.ts'

const manifest = (script: string) => `
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
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: ${busyboxImage}
      imagePullPolicy: IfNotPresent
      command: [sh, -c, '${script}']
      ports: [{ containerPort: 8080 }]
      env: [{ name: TOKEN, valueFrom: { secretKeyRef: { name: keys, key: token } } }]
      volumeMounts: [{ name: settings, mountPath: /settings }]
  volumes: [{ name: settings, configMap: { name: settings } }]
`

/** A real one serves; a simulated one answers at the ports it declares, and says what it is. */
const scripts = {
  cri: 'echo up; mkdir /www; echo served > /www/index.html; httpd -p 8080 -h /www; while true; do sleep 1; done',
  simulated: 'echo up; while true; do sleep 1; done',
}

const served = {
  cri: 'served\n',
  simulated: 'simulated container: this is port 8080 of pod default/web; no program runs behind it\n',
}

describe.each(['cri', 'simulated'] as const)('on a node whose runtime is %s', runtime => {
  let containerd: Containerd | undefined
  let k8ts: K8ts
  let kubectl: Kubectl

  beforeAll(async () => {
    if (runtime === 'cri') containerd = await Containerd.start()
    k8ts = await K8ts.start({ runtime, ...(containerd ? { criEndpoint: containerd.endpoint } : {}) })
    kubectl = k8ts.kubectl()
    await kubectl.apply(manifest(scripts[runtime]))
    await kubectl.output('wait', '--for=condition=Ready', 'pod/web', '--timeout=60s')
  })

  afterAll(async () => {
    await k8ts?.stop()
    await containerd?.stop()
  })

  test('the node says what it is', async () => {
    const { items } = await kubectl.get('nodes')
    expect(items.map((node: any) => node.status.nodeInfo.containerRuntimeVersion)).toEqual([
      expect.stringMatching(runtime === 'cri' ? /^containerd:\/\// : /^simulated:\/\//),
    ])
  })

  test('get and describe show the pod', async () => {
    expect(await kubectl.output('get', 'pods', '-o', 'wide')).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE/)
    expect(await kubectl.output('get', 'pods')).toMatch(/\nweb +1\/1 +Running +0 /)
    expect(await kubectl.output('describe', 'pod', 'web')).toMatch(/Normal +Scheduled[\s\S]*Normal +Started/)
  })

  describe.each(['1.36', '1.20'] as const)('kubectl %s', version => {
    let kubectl: Kubectl

    beforeAll(() => {
      kubectl = k8ts.kubectl(version)
    })

    test('exec sees the config and the secret, and ends as the command did', async () => {
      expect(await kubectl.output('exec', 'web', '--', 'cat', '/settings/greeting')).toBe('hello from the config')
      expect(await kubectl.output('exec', 'web', '--', 'sh', '-c', 'echo $TOKEN')).toBe('s3cret\n')
      expect((await kubectl.run(['exec', 'web', '--', 'sh', '-c', 'exit 7'])).code).toBe(7)
    })

    if (runtime === 'cri') {
      test('exec of what is not there says so once', async () => {
        const { code, stderr } = await kubectl.run(['exec', 'web', '--', 'no-such-program'])
        expect(code).toBe(1)
        expect(stderr).toMatch(/"no-such-program": executable file not found in \$PATH/)
        expect(stderr.match(/error executing command in container/g)).toHaveLength(1)
      })
    }

    test('exec -i gives it input', async () => {
      const { stdout } = await kubectl.run(['exec', '-i', 'web', '--', 'sh'], { input: 'echo given\n' })
      expect(stdout).toBe('given\n')
    })

    test('exec -it is a shell at a terminal', async () => {
      const shell = kubectl.interactive(['exec', '-it', 'web', '--', 'sh'])
      await shell.says(/# /)
      shell.write('echo typed $TOKEN\r')
      await shell.says(/typed s3cret\r\n/)
      shell.write('exit 5\r')
      expect((await shell.exited()).code).toBe(5)
    })

    test('logs', async () => {
      expect(await kubectl.output('logs', 'web')).toBe('up\n')
      expect(await kubectl.output('logs', 'web', '--timestamps', '--tail=1')).toMatch(/^\d{4}-\d\d-\d\dT\S+Z up\n$/)
    })

    test('logs -f goes on until the container ends', async () => {
      const name = `counts-${version.replace('.', '-')}`
      const script = 'for i in 1 2 3; do echo $i; sleep 1; done'
      const args = [`--image=${busyboxImage}`, '--restart=Never', '--', 'sh', '-c', script]
      await k8ts.kubectl().output('run', name, ...args)
      await k8ts.kubectl().output('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=30s')
      expect(await kubectl.output('logs', '-f', name)).toBe('1\n2\n3\n')
    })

    test('attach shows what is written from then on', async () => {
      const name = `writes-${version.replace('.', '-')}`
      const script = 'while true; do echo again; sleep 1; done'
      await k8ts.kubectl().output('run', name, `--image=${busyboxImage}`, '--', 'sh', '-c', script)
      await k8ts.kubectl().output('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=30s')
      const attached = kubectl.start('attach', name)
      await attached.says(/again\nagain\n/)
      await attached.stop()
      await k8ts.kubectl().output('delete', `pod/${name}`, '--grace-period=0', '--force')
    })

    test('port-forward reaches what listens', async () => {
      const forwarding = kubectl.start('port-forward', 'pod/web', ':8080')
      const [, port] = await forwarding.says(/Forwarding from 127\.0\.0\.1:(\d+) -> 8080/)
      const answers = await Promise.all(
        Array.from({ length: 5 }, async () => (await fetch(`http://127.0.0.1:${port}/index.html`)).text()),
      )
      expect(answers).toEqual(Array.from({ length: 5 }, () => served[runtime]))
      await forwarding.stop()
    })

    test('port-forward says where nothing listens', async () => {
      const forwarding = kubectl.start('port-forward', 'pod/web', ':8081')
      const [, port] = await forwarding.says(/Forwarding from 127\.0\.0\.1:(\d+) -> 8081/)
      await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
      await eventually(() =>
        expect(forwarding.stderr).toMatch(/error forwarding port 8081|nothing listens on port 8081/),
      )
      await forwarding.stop()
    })

    test('cp brings files there and back', async () => {
      const content = randomBytes(300_000)
      const [there, back] = ['there', 'back'].map(name => join(k8ts.directory, `${name}-${version}`))
      await writeFile(there!, content)
      await kubectl.output('cp', there!, `default/web:/tmp/file-${version}`)
      await kubectl.output('cp', `default/web:/tmp/file-${version}`, back!)
      expect((await readFile(back!)).equals(content)).toBe(true)
    })
  })

  test('delete ends it', async () => {
    await kubectl.output('delete', 'pod/web', '--wait')
    expect((await kubectl.get('pods', '-l', 'app=web')).items).toEqual([])
  })
})
