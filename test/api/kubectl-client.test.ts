// Our own kubectl on a whole cluster, over HTTPS with a kubeconfig: arguments in, text out.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { kubectlCommand } from '../../src/cli/kubectl.ts'
import { terminal } from '../../src/cli/kubectl-world.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import { kubeconfigText, makeKubeconfig } from '../../src/cluster/kubeconfig/kubeconfig.ts'

let cluster: Cluster
const directory = mkdtempSync(join(tmpdir(), 'kubectl-'))
const kubeconfig = join(directory, 'kubeconfig')

beforeAll(async () => {
  // Certificates are checked by the real time.
  cluster = await Cluster.start({ listen: { address: '127.0.0.1', port: 0 }, start: Date.now() })
  const { pki, port } = cluster.plane
  const config = makeKubeconfig({
    name: 'test',
    server: `https://127.0.0.1:${port}`,
    certificateAuthority: pki.certificateAuthority.certificate,
    credential: pki.admin,
  })
  writeFileSync(kubeconfig, kubeconfigText(config))
})
afterAll(async () => {
  await cluster.stop()
  rmSync(directory, { recursive: true })
})

interface Run {
  readonly stdout: string
  readonly stderr: string
  readonly code: number
}

/** Runs kubectl with these words; `{}` among them is a file with this content. */
async function kubectl(
  line: string,
  content = '',
  live: { signal?: AbortSignal; said?(text: string): void } = {},
): Promise<Run> {
  const file = join(directory, 'manifest.yaml')
  writeFileSync(file, content)
  const done = { stdout: '', stderr: '', code: 0 }
  const command = kubectlCommand({
    connect: options => terminal.connect({ ...options, kubeconfig }),
    stdout: text => {
      done.stdout += text
      live.said?.(done.stdout)
    },
    stderr: text => {
      done.stderr += text
    },
    exit: code => {
      done.code = code
    },
    stdin: () => content,
    signal: live.signal,
    clock: { sleep: milliseconds => cluster.clock.advance(milliseconds) },
  })
  const words = line.split(' ').map(word => (word === '{}' ? file : word))
  await command.parseAsync(words, { from: 'user' })
  return done
}

const ok = async (line: string, content?: string): Promise<string> => {
  const { stdout, stderr, code } = await kubectl(line, content)
  expect({ line, stderr, code }).toEqual({ line, stderr: '', code: 0 })
  return stdout
}

const failed = async (line: string, content?: string): Promise<string> => {
  const { stderr, code } = await kubectl(line, content)
  expect(code).toBe(1)
  return stderr
}

const configMap = (name: string, data: string) =>
  `{ apiVersion: v1, kind: ConfigMap, metadata: { name: ${name}, labels: { app: ${name} } }, data: ${data} }\n`

describe('get', () => {
  beforeAll(async () => {
    await ok('create -f {}', `${configMap('one', '{ a: "1", b: "2" }')}---\n${configMap('other', '{}')}`)
  })
  afterAll(async () => {
    await ok('delete configmap one other')
  })

  test('prints what the server makes of it, in columns', async () => {
    await cluster.until(async () => (await kubectl('get configmap kube-root-ca.crt')).code === 0)
    const text = (await ok('get cm')).replaceAll(/\d+m?s$/gm, 'AGE')
    expect(text).toBe(
      'NAME               DATA   AGE\n' +
        'kube-root-ca.crt   1      AGE\n' +
        'one                2      AGE\n' +
        'other              0      AGE\n',
    )
  })

  test.each([
    ['get configmaps one -o name', 'configmap/one\n'],
    ['get cm/one cm/other -o name', 'configmap/one\nconfigmap/other\n'],
    ['get cm -l app=other -o name', 'configmap/other\n'],
    ['-n default get cm --field-selector metadata.name=one -o=name', 'configmap/one\n'],
    ['get cm -A -o name -l app', 'configmap/one\nconfigmap/other\n'],
    ['get cm one --no-headers --show-labels', expect.stringMatching(/^one {3}2 {5}\S+ {3,}app=one\n$/)],
    ['get cm one -A', 'error: a resource cannot be retrieved by name across all namespaces\n'],
    ['get cm absent', 'Error from server (NotFound): configmaps "absent" not found\n'],
    ['get nothings', 'error: the server doesn\'t have a resource type "nothings"\n'],
    ['get cm absent --ignore-not-found', ''],
    ['get cm -l app=none', 'No resources found in default namespace.\n'],
    ['get cm -A -l app=none', 'No resources found\n'],
  ])('%s', async (line, expected) => {
    const { stdout, stderr } = await kubectl(line)
    expect(stdout + stderr).toEqual(expected)
  })

  test('names several kinds apart', async () => {
    const text = await ok('get namespace/default cm/one')
    expect(text).toMatch(
      /^NAME +STATUS +AGE\nnamespace\/default +Active +\S+\n\nNAME +DATA +AGE\nconfigmap\/one +2 +\S+\n$/,
    )
  })

  test('-A says the namespace', async () => {
    expect(await ok('get cm -A')).toMatch(/^NAMESPACE +NAME +DATA +AGE\n/)
  })

  test('-o yaml and json print the object, sorted, without managed fields', async () => {
    const yaml = await ok('get cm one -o yaml')
    expect(yaml).toMatch(
      /^apiVersion: v1\ndata:\n {2}a: "1"\n {2}b: "2"\nkind: ConfigMap\nmetadata:\n {2}creationTimestamp: "/,
    )
    expect(yaml).not.toContain('managedFields')
    expect(JSON.parse(await ok('get cm one -o json'))).toEqual(parse(yaml))
    const list = JSON.parse(await ok('get cm -o json -l app'))
    expect([list.kind, list.items.map((item: any) => [item.kind, item.metadata.name])]).toEqual([
      'List',
      [
        ['ConfigMap', 'one'],
        ['ConfigMap', 'other'],
      ],
    ])
  })

  test('in pieces, when there is more than a piece', async () => {
    expect(await ok('get cm -o name -l app --chunk-size 1')).toBe('configmap/one\nconfigmap/other\n')
  })

  test('-w shows what there is, then what changes', async () => {
    const ending = new AbortController()
    let text = ''
    const watching = kubectl('get cm -l app=watched -w', '', {
      signal: ending.signal,
      said: said => {
        text = said
      },
    })
    await expect
      .poll(async () => {
        await kubectl('apply -f -', configMap('watched', `{ at: "${text.length}" }`))
        return text.split('\n').length
      })
      .toBeGreaterThan(3)
    ending.abort()
    expect((await watching).stderr).toBe('')
    expect(text).toMatch(/^NAME +DATA +AGE\nwatched +1 +\S+\nwatched +1 +\S+\n/)
    await ok('delete cm watched')
  })
})

describe('apply', () => {
  const deployment = (container: string, extra = '') => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  ${extra}
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
      - ${container}
`

  test('creates, leaves alone, changes what has changed and takes away what is gone', async () => {
    const first = deployment('{ name: web, image: web:1, env: [{ name: A, value: "1" }, { name: B, value: "2" }] }')
    expect(await ok('apply -f {}', first)).toBe('deployment.apps/web created\n')
    expect(await ok('apply -f {}', first)).toBe('deployment.apps/web unchanged\n')
    // Someone else adds a variable of its own; it has to stay.
    const { stdout } = await kubectl('get deploy web -o json')
    const changed = JSON.parse(stdout)
    changed.spec.template.spec.containers[0].env.push({ name: 'C', value: '3' })
    await cluster.client.transport.request({
      method: 'PUT',
      path: '/apis/apps/v1/namespaces/default/deployments/web',
      body: { ...changed, metadata: { ...changed.metadata, resourceVersion: undefined } },
    })
    const second = deployment('{ name: web, image: web:2, env: [{ name: A, value: "1" }] }', 'paused: true')
    expect(await ok('apply -f {}', second)).toBe('deployment.apps/web configured\n')
    const { spec } = JSON.parse(await ok('get deploy/web -o json'))
    const [container] = spec.template.spec.containers
    expect([spec.paused, container.image, container.env.map((env: any) => env.name)]).toEqual([
      true,
      'web:2',
      ['A', 'C'],
    ])
    expect(await ok('delete -f {}', second)).toBe('deployment.apps "web" deleted from default namespace\n')
  })

  test('changes the strategy without what the other one had', async () => {
    const rolling = 'strategy: { type: RollingUpdate, rollingUpdate: { maxSurge: 1 } }'
    await ok('apply -f {}', deployment('{ name: web, image: web:1 }', rolling))
    await ok('apply -f {}', deployment('{ name: web, image: web:1 }', 'strategy: { type: Recreate }'))
    expect(JSON.parse(await ok('get deploy web -o json')).spec.strategy).toEqual({ type: 'Recreate' })
    await ok('delete deploy web')
  })

  test('remembers what it was told as kubectl does', async () => {
    await ok('apply -f -', configMap('kept', '{ a: "1" }'))
    const { metadata } = JSON.parse(await ok('get cm kept -o json'))
    expect(metadata.annotations['kubectl.kubernetes.io/last-applied-configuration']).toBe(
      '{"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap","metadata":{"annotations":{},"labels":{"app":"kept"},"name":"kept","namespace":"default"}}\n',
    )
    expect(await ok('delete cm -l app=kept')).toBe('configmap "kept" deleted from default namespace\n')
  })

  test('warns of an object that it has not made', async () => {
    await ok('create -f -', configMap('made', '{ a: "1" }'))
    const { stdout, stderr } = await kubectl('apply -f -', configMap('made', '{ b: "2" }'))
    expect(stdout).toBe('configmap/made configured\n')
    expect(stderr).toMatch(/^Warning: resource configmaps\/made is missing the kubectl/)
    expect(JSON.parse(await ok('get cm made -o json')).data).toEqual({ a: '1', b: '2' })
    await ok('delete cm made')
  })

  test.each([
    [
      'an unknown field',
      configMap('bad', '{}').replace(', data:', ', dta:'),
      /^Error from server \(BadRequest\): .*unknown field "dta"/,
    ],
    [
      'an invalid name',
      configMap('Bad', '{}'),
      /^The ConfigMap "Bad" is invalid: metadata\.name: Invalid value: "Bad": /,
    ],
    ['no kind', '{ apiVersion: v1 }', /^error: error validating ".*": Object 'Kind' is missing/],
    [
      'a kind that is not served',
      '{ apiVersion: v9, kind: X, metadata: { name: x } }',
      /no matches for kind "X" in version "v9"/,
    ],
    ['no YAML', '{ a: [', /^error: error parsing .*: error converting YAML to JSON: yaml: did not find/],
  ])('%s', async (_, manifest, expected) => {
    expect(await failed('apply -f {}', manifest)).toMatch(expected)
  })

  test('another namespace than was asked for', async () => {
    const manifest = '{ apiVersion: v1, kind: ConfigMap, metadata: { name: x, namespace: kube-system } }'
    expect(await failed('apply -n default -f {}', manifest)).toMatch(/^error: the namespace from the provided object/)
  })
})

describe('delete', () => {
  test('waits until it is gone', async () => {
    const pod = '{ apiVersion: v1, kind: Pod, metadata: { name: slow }, spec: { containers: [{ name: c, image: c }] } }'
    await ok('apply -f -', pod)
    await cluster.until(async () => (await ok('get pod slow')).includes('Running'))
    expect(await ok('delete pod slow')).toBe('pod "slow" deleted from default namespace\n')
    expect(await failed('get pod slow')).toMatch(/NotFound/)
  })

  test.each([
    ['delete cm absent', 'Error from server (NotFound): configmaps "absent" not found\n'],
    ['delete cm', 'error: resource(s) were provided, but no name was specified\n'],
    ['delete cm absent --ignore-not-found', ''],
  ])('%s', async (line, expected) => {
    expect((await kubectl(line)).stderr).toBe(expected)
  })
})

test('logs prints what a container has written', async () => {
  const pod =
    '{ apiVersion: v1, kind: Pod, metadata: { name: two }, spec: { containers: [{ name: a, image: x }, { name: b, image: x }] } }'
  await ok('apply -f -', pod)
  await cluster.until(async () => (await ok('get pod two')).includes('Running'))
  const { stderr, code } = await kubectl('logs two')
  expect([stderr, code]).toEqual(['Defaulted container "a" out of: a, b\n', 0])
  expect(await failed('logs none')).toBe(
    'error: error from server (NotFound): pods "none" not found in namespace "default"\n',
  )
  expect(await failed('logs two -c c')).toMatch(
    /^Error from server \(BadRequest\): container c is not valid for pod two/,
  )
  await ok('delete pod two --wait=false')
})

test('api-resources and version say what there is', async () => {
  const resources = await ok('api-resources')
  expect(resources).toMatch(/^NAME +SHORTNAMES +APIVERSION +NAMESPACED +KIND\n/)
  expect(resources).toMatch(/^deployments +deploy +apps\/v1 +true +Deployment$/m)
  expect(await ok('api-resources --api-group apps --namespaced -o name')).toMatch(/^deployments\.apps$/m)
  expect(await ok('version --client')).toBe('Client Version: v1.36.2\n')
  expect(JSON.parse(await ok('version -o json')).serverVersion.major).toBe('1')
})
