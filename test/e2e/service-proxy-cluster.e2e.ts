// `k8ts up` on a node with a real containerd: a Service of two pods, reached from the machine and from a pod, by address
// and by name.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { Containerd } from './environment/containerd.ts'
import { busyboxImage } from './environment/images.ts'
import { K8ts } from './environment/k8ts.ts'
import type { Kubectl } from './environment/kubectl.ts'
import { eventually, run } from './environment/process.ts'

const serve = 'mkdir /www; hostname > /www/index.html; httpd -f -p 8080 -h /www'
const manifest = `
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
        - { name: web, image: ${busyboxImage}, imagePullPolicy: IfNotPresent, command: [sh, -c, '${serve}'] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: nobody }
spec: { selector: { app: nobody }, ports: [{ port: 80 }] }
`

let containerd: Containerd | undefined
let k8ts: K8ts | undefined
let kubectl: Kubectl

beforeAll(async () => {
  containerd = await Containerd.start()
  k8ts = await K8ts.start({ runtime: 'cri', criEndpoint: containerd.endpoint })
  kubectl = k8ts.kubectl()
  await kubectl.apply(manifest)
  await kubectl.output('rollout', 'status', 'deployment/web', '--timeout=60s')
})

afterAll(async () => {
  await k8ts?.stop()
  await containerd?.stop()
  // The rules outlive the proxy, as the containers do.
  await run('nft', ['delete', 'table', 'ip', 'kube-proxy'])
})

const addressOf = async (service: string) =>
  (await kubectl.output('get', 'service', service, '-o', 'jsonpath={.spec.clusterIP}')).trim()

const dnsAddress = () =>
  kubectl.output('get', 'service', 'kube-dns', '--namespace', 'kube-system', '-o', 'jsonpath={.spec.clusterIP}')

test('every pod of the Service answers at its cluster IP, from the machine and from a pod', async () => {
  const address = await addressOf('web')
  const names = (await kubectl.output('get', 'pods', '-l', 'app=web', '-o', 'name')).trim().split('\n')
  const pods = names.map(name => name.replace('pod/', '')).sort()
  const answers = async (ask: () => Promise<string>) => {
    const heard = new Set<string>()
    for (let time = 0; time < 30; time++) heard.add((await ask()).trim())
    return [...heard].sort()
  }
  const fromMachine = async () => (await fetch(`http://${address}/`, { headers: { connection: 'close' } })).text()
  await eventually(async () => expect(await answers(fromMachine)).toEqual(pods))
  // Not wget: a static busybox can't resolve names, and crashes on the way to an address.
  const fromPod = `for i in $(seq 30); do printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 ${address} 80 | tail -n 1; done`
  const heard = await kubectl.output('exec', pods[0]!, '--', 'sh', '-c', fromPod)
  expect([...new Set(heard.trim().split('\n'))].sort()).toEqual(pods)
})

test('pods find Services by name', async () => {
  const resolvConf = await kubectl.output('exec', 'deploy/web', '--', 'cat', '/etc/resolv.conf')
  expect(resolvConf).toContain(`nameserver ${(await dnsAddress()).trim()}`)
  expect(resolvConf).toMatch(/^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/m)
  const answer = await kubectl.output('exec', 'deploy/web', '--', 'nslookup', 'web.default.svc.cluster.local')
  expect(answer).toMatch(new RegExp(`^Address.*: ${await addressOf('web')}$`, 'm'))
})

test('pods reach the API server', async () => {
  const script = `nc -w 5 $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT < /dev/null && echo connected`
  expect(await kubectl.output('exec', 'deploy/web', '--', 'sh', '-c', script)).toBe('connected\n')
})

test('a Service without pods refuses at once', async () => {
  const address = await addressOf('nobody')
  await eventually(async () =>
    expect(await fetch(`http://${address}/`).catch(error => error.cause.code)).toBe('ECONNREFUSED'),
  )
})
