// kubectl lets the server merge: apply and diff --server-side, conflicts and how they end, the way over from kubectl's own apply.

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

const run = (command: string, manifest: string, ...args: string[]) =>
  kubectl.run([command, '-f', '-', ...args], { input: manifest })
const apply = (manifest: string, ...args: string[]) => run('apply', manifest, '--server-side', ...args)

const deployment = (replicas: number, image = 'image:1') => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
      - name: main
        image: ${image}
        ports: [{ containerPort: 80 }]
`

const managers = async (...what: string[]) => {
  const object = await kubectl.get(...what, '--show-managed-fields')
  return (object.metadata.managedFields as any[]).map(entry =>
    `${entry.manager} ${entry.operation} ${entry.subresource ?? ''}`.trim(),
  )
}

describe('kubectl apply --server-side', () => {
  test('creates, changes, and does not mind being repeated', async () => {
    expect(await apply(deployment(1))).toMatchObject({ code: 0, stdout: 'deployment.apps/web serverside-applied\n' })
    const before = await kubectl.get('deployment', 'web')
    expect(await apply(deployment(1))).toMatchObject({ code: 0 })
    const after = await kubectl.get('deployment', 'web')
    expect(after.metadata.generation).toBe(before.metadata.generation)
    expect(await managers('deployment', 'web')).toContain('kubectl Apply')
  })

  test('tells of a conflict, and ends it when told to', async () => {
    await kubectl.output('scale', 'deployment', 'web', '--replicas=3')
    expect(await managers('deployment', 'web')).toContain('kubectl Update scale')
    const refused = await apply(deployment(1))
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(
      'error: Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas\n',
    )
    expect(refused.stderr).toContain('Please review the fields above--they currently have other managers.')
    expect(await apply(deployment(1), '--force-conflicts')).toMatchObject({ code: 0 })
    expect((await kubectl.get('deployment', 'web')).spec.replicas).toBe(1)
    expect(await managers('deployment', 'web')).not.toContain('kubectl Update scale')
  })

  test('by another manager takes part', async () => {
    const labels = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web, labels: { team: blue } }\n'
    expect(await apply(labels, '--field-manager=team')).toMatchObject({ code: 0 })
    const web = await kubectl.get('deployment', 'web')
    expect([web.metadata.labels, web.spec.replicas]).toEqual([{ team: 'blue' }, 1])
    const none = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\n'
    expect(await apply(none, '--field-manager=team')).toMatchObject({ code: 0 })
    expect((await kubectl.get('deployment', 'web')).metadata.labels).toBe(undefined)
    expect(await managers('deployment', 'web')).not.toContain('team Apply')
  })

  test('tries it out', async () => {
    const tried = await apply(deployment(9), '--dry-run=server', '--force-conflicts')
    expect(tried.stdout).toBe('deployment.apps/web serverside-applied (server dry run)\n')
    expect((await kubectl.get('deployment', 'web')).spec.replicas).toBe(1)
  })

  test('refuses a field that is not declared', async () => {
    const { code, stderr } = await apply(deployment(1).replace('replicas', 'replicsa'))
    expect(code).toBe(1)
    expect(stderr).toContain(
      'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.replicsa: field not declared in schema',
    )
  })
})

test('kubectl diff --server-side shows what would change', async () => {
  expect(await run('diff', deployment(1), '--server-side')).toMatchObject({ code: 0, stdout: '' })
  const { code, stdout } = await run('diff', deployment(1, 'image:2'), '--server-side')
  expect(code).toBe(1)
  expect(stdout).toMatch(/^-.*image: image:1$/m)
  expect(stdout).toMatch(/^\+.*image: image:2$/m)
})

test('what kubectl applied by itself, it goes on with on the server', async () => {
  const map = (...data: string[]) => `
apiVersion: v1
kind: ConfigMap
metadata: { name: upgraded }
data: { ${data.join(', ')} }
`
  expect(await run('apply', map('a: "1"', 'b: "1"'))).toMatchObject({ code: 0 })
  expect(await managers('configmap', 'upgraded')).toEqual(['kubectl-client-side-apply Update'])
  expect(await apply(map('a: "2"'))).toMatchObject({ code: 0 })
  const { data } = await kubectl.get('configmap', 'upgraded')
  expect(data).toEqual({ a: '2' })
  // The annotation stays, for clients that go by it, under a name of its own.
  expect((await managers('configmap', 'upgraded')).sort()).toEqual(['kubectl Apply', 'kubectl-last-applied Apply'])
})
