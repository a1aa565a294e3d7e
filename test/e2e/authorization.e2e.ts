// The real kubectl asks what one may do, says who one is, and makes and reconciles roles. What it prints was compared with
// what it prints for a stock kube-apiserver.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { K8ts } from './environment/k8ts.ts'
import { Kubectl } from './environment/kubectl.ts'

const folder = mkdtempSync(join(tmpdir(), 'authorization-'))
const inFolder = (name: string) => join(folder, name)

let k8ts: K8ts
let admin: Kubectl
let alice: Kubectl

const made = [
  'create namespace dev',
  'create role reader -n dev --verb=get,list --resource=pods,pods/log',
  'create role named -n dev --verb=get --resource=secrets --resource-name=one',
  'create clusterrole watcher --verb=get,watch --resource=nodes',
  'create clusterrole urls --verb=get --non-resource-url=/logs/*',
  'create rolebinding reader -n dev --role=reader --user=alice --group=ops --serviceaccount=dev:robot',
  'create rolebinding named -n dev --role=named --user=alice',
  'create clusterrolebinding watcher --clusterrole=watcher --user=alice',
  'create clusterrolebinding urls --clusterrole=urls --user=alice',
  'create serviceaccount robot -n dev',
]

beforeAll(async () => {
  writeFileSync(inFolder('tokens'), 'the-static-token,alice,u-1,"devs,ops-team"\n')
  k8ts = await K8ts.start({ nodes: 0, flags: ['--token-auth-file', inFolder('tokens')] })
  admin = k8ts.kubectl()
  for (const command of made) await admin.output(...command.split(' '))
  const kubeconfig = parse(readFileSync(k8ts.kubeconfig, 'utf8'))
  kubeconfig.users[0].user = { token: 'the-static-token' }
  kubeconfig.contexts[0].context.namespace = 'dev'
  writeFileSync(inFolder('alice'), stringify(kubeconfig))
  alice = new Kubectl(inFolder('alice'), folder)
})
afterAll(async () => {
  await k8ts?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function ran(kubectl: Kubectl, command: string): Promise<[code: number | null, stdout: string, stderr: string]> {
  const { code, stdout, stderr } = await kubectl.run(command.split(' '))
  return [code, stdout.trim(), stderr.trim()]
}

const notNamespaced = "Warning: resource 'nodes' is not namespace scoped"

test.each<[command: string, code: number, stdout: string, stderr?: string]>([
  ['get pods -n dev --as alice', 0, 'yes'],
  ['delete pods -n dev --as alice', 1, 'no'],
  ['get pods --subresource=log -n dev --as alice', 0, 'yes'],
  ['get pods/x -n dev --as alice', 0, 'yes'],
  ['get secrets/one -n dev --as alice', 0, 'yes'],
  ['get secrets/two -n dev --as alice', 1, 'no'],
  ['get nodes --as alice', 0, 'yes', notNamespaced],
  ['list nodes --as alice', 1, 'no', notNamespaced],
  ['get /logs/x --as alice', 0, 'yes'],
  ['get /metrics --as alice', 1, 'no'],
  ['get pods -A --as alice', 1, 'no'],
  ['get pods -n dev --as x --as-group ops', 0, 'yes'],
  ['get pods -n dev --as system:serviceaccount:dev:robot', 0, 'yes'],
  ['* *', 0, 'yes'],
  ['get pods -q -n dev --as alice', 0, ''],
])('kubectl auth can-i %s', async (command, code, stdout, stderr = '') => {
  expect(await ran(admin, `auth can-i ${command}`)).toEqual([code, stdout, stderr])
})

describe('kubectl auth can-i --list', () => {
  const rules = (text: string) =>
    text
      .split('\n')
      .map(line => line.trim().split(/\s{2,}/))
      .filter(columns => columns.length === 4 && columns[1] === '[]')
      .map(([resource, , names, verbs]) => `${resource} ${names} ${verbs}`)
      .sort()
  const everybody = [
    'selfsubjectaccessreviews.authorization.k8s.io [] [create]',
    'selfsubjectreviews.authentication.k8s.io [] [create]',
    'selfsubjectrulesreviews.authorization.k8s.io [] [create]',
  ]

  test('in a namespace', async () => {
    const expected = [...everybody, 'nodes [] [get watch]', 'pods [] [get list]', 'pods/log [] [get list]']
    const [code, stdout] = await ran(alice, 'auth can-i --list')
    expect(code).toBe(0)
    expect(stdout.split('\n')[0]).toMatch(/^Resources +Non-Resource URLs +Resource Names +Verbs$/)
    expect(rules(stdout)).toEqual([...expected, 'secrets [one] [get]'].sort())
  })

  test('in another', async () => {
    const [, stdout] = await ran(admin, 'auth can-i --list --no-headers --as alice')
    expect(rules(stdout)).toEqual([...everybody, 'nodes [] [get watch]'].sort())
    expect(stdout).toMatch(/^ +\[\/logs\/\*\] +\[\] +\[get\]$/m)
  })
})

describe('kubectl auth whoami', () => {
  test('as a table', async () => {
    expect(await alice.output('auth', 'whoami')).toBe(
      [
        'ATTRIBUTE   VALUE',
        'Username    alice',
        'UID         u-1',
        'Groups      [devs ops-team system:authenticated]',
        '',
      ].join('\n'),
    )
  })

  test('as JSON, for somebody else', async () => {
    const command = 'auth whoami -o json --as bob --as-group g1 --as-group g2 --as-uid 42'
    const review = JSON.parse(await admin.output(...command.split(' ')))
    expect(review).toEqual({
      kind: 'SelfSubjectReview',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { creationTimestamp: expect.any(String) },
      status: { userInfo: { username: 'bob', uid: '42', groups: ['g1', 'g2', 'system:authenticated'] } },
    })
  })
})

describe('kubectl auth reconcile', () => {
  const manifest = (verb: string, user: string) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'Role',
          metadata: { name: 'rec', namespace: 'dev' },
          rules: [{ apiGroups: [''], resources: ['pods'], verbs: [verb] }],
        },
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'RoleBinding',
          metadata: { name: 'rec', namespace: 'dev' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'rec' },
          subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
        },
      ],
    })
  const reconcile = async (verb: string, user: string, ...flags: string[]) => {
    writeFileSync(inFolder('roles'), manifest(verb, user))
    return (await admin.output('auth', 'reconcile', '-f', inFolder('roles'), ...flags)).split('\n')[0]
  }
  const standing = async () => {
    const { rules } = await admin.get('role', 'rec', '-n', 'dev')
    const { subjects } = await admin.get('rolebinding', 'rec', '-n', 'dev')
    return [rules.map(({ verbs }: any) => verbs.join()), subjects.map(({ name }: any) => name)]
  }

  test('creates, tries, extends, and takes away what is too much', async () => {
    expect(await reconcile('get', 'bob')).toBe('role.rbac.authorization.k8s.io/rec reconciled')
    expect(await standing()).toEqual([['get'], ['bob']])
    expect(await reconcile('list', 'carol', '--dry-run=client')).toBe(
      'role.rbac.authorization.k8s.io/rec reconciled (dry run)',
    )
    expect(await standing()).toEqual([['get'], ['bob']])
    await reconcile('list', 'carol')
    expect(await standing()).toEqual([
      ['get', 'list'],
      ['bob', 'carol'],
    ])
    await reconcile('list', 'carol', '--remove-extra-permissions', '--remove-extra-subjects')
    expect(await standing()).toEqual([['list'], ['carol']])
  })
})

describe('kubectl create token', () => {
  test('gives one that says who it is', async () => {
    const token = (await admin.output('create', 'token', 'robot', '-n', 'dev', '--duration=1h')).trim()
    const kubeconfig = parse(readFileSync(k8ts.kubeconfig, 'utf8'))
    kubeconfig.users[0].user = { token }
    writeFileSync(inFolder('robot'), stringify(kubeconfig))
    const { status } = JSON.parse(await new Kubectl(inFolder('robot'), folder).output('auth', 'whoami', '-o', 'json'))
    expect(status.userInfo.username).toBe('system:serviceaccount:dev:robot')
  })

  test.each<[string, string]>([
    [
      'robot -n dev --duration=1s',
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes',
    ],
    ['nosuch -n dev', 'serviceaccounts "nosuch" not found'],
    ['robot -n dev --bound-object-kind Pod --bound-object-name nosuch', 'pods "nosuch" not found'],
  ])('%s', async (command, why) => {
    expect(await ran(admin, `create token ${command}`)).toEqual([1, '', `error: failed to create token: ${why}`])
  })
})

test('kubectl certificate approve and deny', async () => {
  // Made with openssl: O=system:nodes, CN=system:node:n1.
  const request = `-----BEGIN CERTIFICATE REQUEST-----
MIGvMGMCAQAwMDEVMBMGA1UECgwMc3lzdGVtOm5vZGVzMRcwFQYDVQQDDA5zeXN0
ZW06bm9kZTpuMTAqMAUGAytlcAMhAFfyR2ES0u7hHHZRXrQMCrW222XFZmqxp5rn
KUWw+BuxoAAwBQYDK2VwA0EAFmH363CxRCzIlFC0ixa13gWPLwxhtjtF1Q6UIBML
OS6EsqvtxRi+MMxjmx3JgF7OB1+6pkoj7EBl0ZJiuP9HDw==
-----END CERTIFICATE REQUEST-----
`
  for (const name of ['one', 'two'])
    await admin.apply(
      JSON.stringify({
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: { name },
        spec: {
          signerName: 'example.com/mine',
          usages: ['client auth'],
          request: Buffer.from(request).toString('base64'),
        },
      }),
    )
  expect(await admin.output('certificate', 'approve', 'one')).toBe(
    'certificatesigningrequest.certificates.k8s.io/one approved\n',
  )
  expect(await admin.output('certificate', 'deny', 'two')).toBe(
    'certificatesigningrequest.certificates.k8s.io/two denied\n',
  )
  const conditions = async (name: string) =>
    (await admin.get('csr', name)).status.conditions.map(({ type, reason }: any) => [type, reason])
  expect(await conditions('one')).toEqual([['Approved', 'KubectlApprove']])
  expect(await conditions('two')).toEqual([['Denied', 'KubectlDeny']])
})

const cannot = (what: string, where: string) => `User "alice" cannot ${what} in API group "" ${where}`
const dev = 'in the namespace "dev"'
test.each<[command: string, stderr: string]>([
  ['get secrets', `secrets is forbidden: ${cannot('list resource "secrets"', dev)}`],
  ['delete pod x', `pods "x" is forbidden: ${cannot('delete resource "pods"', dev)}`],
  ['get pods -A', `pods is forbidden: ${cannot('list resource "pods"', 'at the cluster scope')}`],
  ['get pods --as bob', `pods is forbidden: ${cannot('impersonate-on:user-info:list resource "pods"', dev)}`],
  [
    'create role esc --verb=delete --resource=secrets',
    'roles.rbac.authorization.k8s.io is forbidden: User "alice" cannot create resource "roles" in API group "rbac.authorization.k8s.io" in the namespace "dev"',
  ],
])('alice is refused: kubectl %s', async (command, why) => {
  expect(await ran(alice, command)).toEqual([1, '', `Error from server (Forbidden): ${why}`])
})

test('nobody gives what they do not have', async () => {
  for (const command of [
    'create role granter -n dev --verb=create,update,patch,get --resource=roles.rbac.authorization.k8s.io',
    'create rolebinding granter -n dev --role=granter --user=alice',
  ])
    await admin.output(...command.split(' '))
  const [code, , stderr] = await ran(alice, 'create role esc --verb=get,delete --resource=secrets,pods')
  expect(code).toBe(1)
  expect(stderr).toBe(
    [
      'Error from server (Forbidden): roles.rbac.authorization.k8s.io "esc" is forbidden: user "alice" (groups=["devs" "ops-team" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:',
      '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
      '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}',
    ].join('\n'),
  )
})
