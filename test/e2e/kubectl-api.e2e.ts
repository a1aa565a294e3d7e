// What kubectl asks of the API server itself, where no container matters: schemas, strict validation, discovery, rights.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { K8ts } from './environment/k8ts.ts'
import type { Kubectl } from './environment/kubectl.ts'

let k8ts: K8ts
let kubectl: Kubectl

beforeAll(async () => {
  k8ts = await K8ts.start({ nodes: 0 })
  kubectl = k8ts.kubectl()
})

afterAll(() => k8ts?.stop())

const create = (manifest: string, ...args: string[]) => kubectl.run(['create', '-f', '-', ...args], { input: manifest })

describe('explain', () => {
  test('a kind', async () => {
    const text = await kubectl.output('explain', 'pods')
    expect(text).toMatch(/^KIND: +Pod\nVERSION: +v1\n\nDESCRIPTION:\n +Pod is a collection of containers/)
    expect(text).toMatch(/FIELDS:\n {2}apiVersion\t<string>\n[\s\S]*\n {2}spec\t<PodSpec>\n/)
  })

  test('a field', async () => {
    expect(await kubectl.output('explain', 'deployment.spec.strategy.type')).toMatch(
      /^GROUP: +apps\nKIND: +Deployment\nVERSION: +v1\n\nFIELD: type <string>\nENUM:\n {4}Recreate\n {4}RollingUpdate\n/,
    )
    expect(await kubectl.output('explain', 'pod.spec.containers')).toMatch(/name\t<string> -required-/)
  })

  test('all of them', async () => {
    const text = await kubectl.output('explain', 'deployment', '--recursive')
    expect(text).toMatch(/\n {2}spec\t<DeploymentSpec>\n[\s\S]*\n {12}configMapRef\t<ConfigMapEnvSource>\n/)
  })

  test('says what is not there', async () => {
    expect((await kubectl.run(['explain', 'pod.spec.nonsense'])).stderr).toBe(
      'error: field "nonsense" does not exist\n',
    )
  })
})

describe('strict validation', () => {
  test('refuses unknown and duplicate fields, all of them', async () => {
    const { code, stderr } = await create(
      `
apiVersion: apps/v1
kind: Deployment
metadata: { name: strict }
spec:
  replicsa: 1
  selector: { matchLabels: { app: strict } }
  template:
    metadata: { labels: { app: strict } }
    spec:
      containers: [{ name: main, image: busybox, imagePulPolicy: Always }]
`,
      '--validate=strict',
    )
    expect(code).toBe(1)
    expect(stderr).toContain('strict decoding error: ')
    expect(stderr).toContain('unknown field "spec.replicsa"')
    expect(stderr).toContain('unknown field "spec.template.spec.containers[0].imagePulPolicy"')
  })

  // kubectl reads what it sends, and forgets repetitions, unless it is told to send the bytes.
  test('refuses what is written twice', async () => {
    const manifest = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}'
    const path = '/api/v1/namespaces/default/configmaps?fieldValidation=Strict'
    expect(await kubectl.run(['create', '--raw', path, '-f', '-'], { input: manifest })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('strict decoding error: duplicate field "data.a"'),
    })
  })

  test('warns when told to', async () => {
    const manifest = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"warned"},"dtaa":{}}'
    expect(await create(manifest, '--validate=warn')).toMatchObject({
      code: 0,
      stdout: 'configmap/warned created\n',
      stderr: 'Warning: unknown field "dtaa"\n',
    })
  })

  test('is silent when told to', async () => {
    const manifest = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"ignored"},"dtaa":{}}'
    expect(await create(manifest, '--validate=ignore')).toMatchObject({ code: 0, stderr: '' })
  })
})

test('an invalid object is refused with every reason', async () => {
  const { code, stderr } = await create(`
apiVersion: v1
kind: Pod
metadata: { name: Not_Good }
spec:
  restartPolicy: Sometimes
  containers: [{ name: a }, { name: a, image: busybox }]
`)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^The Pod "Not_Good" is invalid: \n/)
  for (const line of [
    '* metadata.name: Invalid value: "Not_Good": a lowercase RFC 1123 subdomain must consist of',
    '* spec.containers[0].image: Required value',
    '* spec.containers[1].name: Duplicate value: "a"',
    '* spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
  ])
    expect(stderr).toContain(line)
})

test('malformed input is refused with the place', async () => {
  expect((await create('{"apiVersion": "v1", "kind": ')).stderr).toMatch(/^error: /)
  const { stderr } = await kubectl.run(['create', '--raw', '/api/v1/namespaces/default/configmaps', '-f', '-'], {
    input: '{"apiVersion": "v1", "kind": ',
  })
  expect(stderr).toMatch(/unexpected end of JSON input|unexpected EOF/)
})

describe('discovery', () => {
  test('api-resources', async () => {
    const resources = await kubectl.output('api-resources')
    expect(resources).toMatch(/^NAME +SHORTNAMES +APIVERSION +NAMESPACED +KIND\n/)
    expect(resources).toMatch(/^deployments +deploy +apps\/v1 +true +Deployment$/m)
    expect(resources).toMatch(/^nodes +no +v1 +false +Node$/m)
    expect(await kubectl.output('api-resources', '--verbs=create', '--api-group=apps', '-o', 'name')).toBe(
      'controllerrevisions.apps\ndaemonsets.apps\ndeployments.apps\nreplicasets.apps\nstatefulsets.apps\n',
    )
  })

  test('api-versions and version', async () => {
    const versions = (await kubectl.output('api-versions')).split('\n')
    expect(versions).toEqual(expect.arrayContaining(['v1', 'apps/v1', 'rbac.authorization.k8s.io/v1']))
    expect(await kubectl.output('version')).toMatch(/Server Version: v1\.36\./)
  })

  test('short names and singulars', async () => {
    for (const name of ['cm', 'configmap', 'configmaps', 'ns', 'deploy', 'ep', 'hpa'])
      expect(await kubectl.run(['get', name])).toMatchObject({ code: 0 })
  })
})

test('the server answers raw requests', async () => {
  expect(await kubectl.output('get', '--raw', '/readyz')).toBe('ok')
  expect(await kubectl.output('get', '--raw', '/readyz?verbose')).toMatch(/\[\+\]ping ok\n[\s\S]*readyz check passed\n/)
  expect(await kubectl.output('get', '--raw', '/metrics')).toMatch(/^process_cpu_seconds_total [\d.]+$/m)
})

test('dry runs and diff', async () => {
  const manifest = (value: number) =>
    `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dry"},"data":{"a":"${value}"}}`
  expect(await kubectl.apply(manifest(1), '--dry-run=server')).toBe('configmap/dry created (server dry run)\n')
  expect((await kubectl.run(['get', 'configmap', 'dry'])).code).toBe(1)
  await kubectl.apply(manifest(1))
  const { code, stdout } = await kubectl.run(['diff', '-f', '-'], { input: manifest(2) })
  expect(code).toBe(1)
  expect(stdout).toMatch(/\n- +a: "1"\n\+ +a: "2"\n/)
})

describe('rights', () => {
  test('auth can-i and whoami', async () => {
    expect(await kubectl.output('auth', 'can-i', '*', '*')).toBe('yes\n')
    expect(await kubectl.output('auth', 'whoami')).toMatch(/Username +kubernetes-admin\n/)
    expect(await kubectl.run(['auth', 'can-i', 'get', 'secrets', '--as=someone'])).toMatchObject({
      code: 1,
      stdout: 'no\n',
    })
  })

  test('come from roles', async () => {
    await kubectl.output('create', 'role', 'reader', '--verb=get,list', '--resource=configmaps')
    await kubectl.output('create', 'rolebinding', 'reader', '--role=reader', '--user=someone')
    expect(await kubectl.output('get', 'configmaps', '--as=someone')).toMatch(/kube-root-ca\.crt/)
    expect((await kubectl.run(['get', 'secrets', '--as=someone'])).stderr).toBe(
      'Error from server (Forbidden): secrets is forbidden: User "someone" cannot list resource "secrets" in API group "" in the namespace "default"\n',
    )
  })

  test('of a service account come with its token', async () => {
    await kubectl.output('create', 'serviceaccount', 'robot')
    await kubectl.output('create', 'rolebinding', 'robot', '--clusterrole=view', '--serviceaccount=default:robot')
    const token = (await kubectl.output('create', 'token', 'robot')).trim()
    const { clusters } = JSON.parse(await kubectl.output('config', 'view', '--raw', '--minify', '-o', 'json'))
    const asRobot = ['--kubeconfig=/dev/null', '--server', clusters[0].cluster.server, '--token', token]
    expect(
      await kubectl.output(
        ...asRobot,
        '--insecure-skip-tls-verify',
        'auth',
        'whoami',
        '-o',
        'jsonpath={.status.userInfo.username}',
      ),
    ).toBe('system:serviceaccount:default:robot')
  })
})
