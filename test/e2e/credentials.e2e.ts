// The real kubectl with every kind of credential there is: it shows them, the API server says who that is.

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import type { KeyAndCertificate } from '../../src/cluster/pki/pki.ts'
import { clientCertificate, newAuthority } from '../api/outside/certificates.ts'
import { clientID, type OidcProvider, startOidcProvider } from '../api/outside/oidc-provider.ts'
import { eksToken, type LocalServer, serve, startSts, type TestSts } from '../api/outside/servers.ts'
import { K8ts } from './environment/k8ts.ts'
import { Kubectl } from './environment/kubectl.ts'

const folder = mkdtempSync(join(tmpdir(), 'credentials-'))
const inFolder = (name: string) => join(folder, name)

let authority: KeyAndCertificate
let provider: OidcProvider
let webhook: LocalServer
let sts: TestSts
let k8ts: K8ts
let admin: Kubectl

beforeAll(async () => {
  authority = newAuthority('outside')
  ;[provider, sts] = await Promise.all([startOidcProvider(authority), startSts()])
  webhook = await serve((_request, text) => {
    const { apiVersion, spec } = JSON.parse(text)
    const status =
      spec.token === 'for-the-webhook'
        ? { authenticated: true, user: { username: 'wanda', groups: ['hooks'] } }
        : { authenticated: false }
    return { json: { apiVersion, kind: 'TokenReview', status } }
  }, authority)
  writeFileSync(inFolder('ca'), authority.certificate)
  writeFileSync(inFolder('tokens'), 'the-static-token,alice,u-1,"devs,ops"\n')
  writeFileSync(
    inFolder('webhook'),
    stringify({
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: '' } }],
      clusters: [{ name: 'c', cluster: { server: `${webhook.url}/review`, 'certificate-authority': inFolder('ca') } }],
    }),
  )
  k8ts = await K8ts.start({
    nodes: 0,
    flags: [
      ...['--client-ca-file', inFolder('ca')],
      ...['--token-auth-file', inFolder('tokens')],
      ...['--oidc-issuer-url', provider.issuer, '--oidc-client-id', clientID, '--oidc-ca-file', inFolder('ca')],
      ...['--oidc-username-claim', 'email', '--oidc-groups-claim', 'groups', '--oidc-groups-prefix', 'oidc:'],
      ...['--oidc-required-claim', 'sub=grace'],
      ...['--authentication-token-webhook-config-file', inFolder('webhook')],
      ...['--eks-cluster-id', 'test-cluster', '--eks-region', 'eu-central-1', '--eks-sts-endpoint', sts.url],
    ],
  })
  admin = k8ts.kubectl()
  await admin.apply(`
apiVersion: v1
kind: Secret
metadata: { name: bootstrap-token-abcdef, namespace: kube-system }
type: bootstrap.kubernetes.io/token
stringData: { token-id: abcdef, token-secret: 0123456789abcdef, usage-bootstrap-authentication: "true" }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: aws-auth, namespace: kube-system }
data:
  mapRoles: |
    - rolearn: arn:aws:iam::111122223333:role/Dev
      username: dev:{{SessionName}}
      groups: [devs]
`)
})

afterAll(async () => {
  await k8ts?.stop()
  await Promise.all([provider, webhook, sts].map(each => each?.close()))
  rmSync(folder, { recursive: true, force: true })
})

let number = 0

/** kubectl as that user of a kubeconfig. */
function kubectlAs(user: object): Kubectl {
  const config = parse(readFileSync(k8ts.kubeconfig, 'utf8'))
  config.users[0].user = user
  const path = inFolder(`kubeconfig-${++number}`)
  writeFileSync(path, stringify(config))
  return new Kubectl(path, k8ts.directory)
}

const whoami = async (kubectl: Kubectl) =>
  JSON.parse(await kubectl.output('auth', 'whoami', '-o', 'json')).status.userInfo

const base64 = (text: string) => Buffer.from(text).toString('base64')

const certificateOf = ({ certificate, privateKey }: KeyAndCertificate) => ({
  'client-certificate-data': base64(certificate),
  'client-key-data': base64(privateKey),
})

const devToken = () => eksToken(sts.url, 'arn:aws:sts::111122223333:assumed-role/Dev/me|111122223333|AROAX:me')

/** A program that kubectl runs for credentials; it notes what it is told. */
function plugin(status: object): { exec: object; told: () => any } {
  const path = inFolder(`plugin-${++number}`)
  const credential = JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status })
  writeFileSync(path, `#!/bin/sh\nprintf %s "$KUBERNETES_EXEC_INFO" > ${path}.told\ncat <<'END'\n${credential}\nEND\n`)
  chmodSync(path, 0o755)
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: path,
    interactiveMode: 'Never',
    provideClusterInfo: true,
  }
  return { exec, told: () => JSON.parse(readFileSync(`${path}.told`, 'utf8')) }
}

describe('kubectl with', () => {
  test.each<[string, () => object | Promise<object>, object]>([
    [
      'a client certificate of the cluster',
      () => parse(readFileSync(k8ts.kubeconfig, 'utf8')).users[0].user,
      { groups: expect.arrayContaining(['system:authenticated']) },
    ],
    [
      'a client certificate of --client-ca-file',
      () => certificateOf(clientCertificate(authority, { commonName: 'carol', organizations: ['a'], uid: 'u-9' })),
      { username: 'carol', uid: 'u-9', groups: ['a', 'system:authenticated'] },
    ],
    [
      'a static token',
      () => ({ token: 'the-static-token' }),
      { username: 'alice', uid: 'u-1', groups: ['devs', 'ops', 'system:authenticated'] },
    ],
    [
      'a token in a file',
      () => {
        writeFileSync(inFolder('token'), 'the-static-token\n')
        return { tokenFile: inFolder('token') }
      },
      { username: 'alice' },
    ],
    [
      'a service account’s token',
      async () => ({ token: (await admin.output('create', 'token', 'default')).trim() }),
      {
        username: 'system:serviceaccount:default:default',
        extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=/)] },
      },
    ],
    [
      'a bootstrap token',
      () => ({ token: 'abcdef.0123456789abcdef' }),
      { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers', 'system:authenticated'] },
    ],
    [
      'an ID token',
      async () => ({ token: await provider.idToken('grace') }),
      { username: 'grace@example.com', groups: ['oidc:devs', 'oidc:ops', 'system:authenticated'] },
    ],
    [
      'a token that the webhook knows',
      () => ({ token: 'for-the-webhook' }),
      { username: 'wanda', groups: ['hooks', 'system:authenticated'] },
    ],
    [
      'a token of aws eks get-token',
      () => ({ token: devToken() }),
      { username: 'dev:me', groups: ['devs', 'system:authenticated'] },
    ],
    ['a program that gives a token', () => ({ exec: plugin({ token: devToken() }).exec }), { username: 'dev:me' }],
    [
      'a program that gives a certificate',
      () => {
        const { certificate, privateKey } = clientCertificate(authority, { commonName: 'petra' })
        return { exec: plugin({ clientCertificateData: certificate, clientKeyData: privateKey }).exec }
      },
      { username: 'petra' },
    ],
  ])('%s', async (_name, user, expected) => {
    expect(await whoami(kubectlAs(await user()))).toMatchObject(expected)
  })

  test.each<[string, () => object | Promise<object>]>([
    ['a static token that is wrong', () => ({ token: 'the-static-toke' })],
    ['a bootstrap token that is wrong', () => ({ token: 'abcdef.0123456789abcdee' })],
    ['an ID token without what is required', async () => ({ token: await provider.idToken('eve') })],
    ['a certificate of nobody’s', () => certificateOf(clientCertificate(newAuthority('other'), { commonName: 'x' }))],
  ])('%s is told to log in, and nothing more', async (_name, user) => {
    const { code, stderr } = await kubectlAs(await user()).run(['get', 'pods'])
    expect(code).toBe(1)
    expect(stderr).toContain('error: You must be logged in to the server')
  })
})

test('what kubectl tells a program, k8ts kubectl tells it too', async () => {
  const { exec, told } = plugin({ token: 'the-static-token' })
  const kubectl = kubectlAs({ exec })
  await whoami(kubectl)
  const byKubectl = told()
  expect(byKubectl).toMatchObject({
    kind: 'ExecCredential',
    spec: { interactive: false, cluster: { 'certificate-authority-data': expect.any(String) } },
  })
  const { execFileSync } = await import('node:child_process')
  const program = new URL('../../dist/k8ts.js', import.meta.url).pathname
  const output = execFileSync(process.execPath, [program, 'kubectl', '--kubeconfig', kubectl.kubeconfig, 'version'])
  expect(output.toString()).toContain('Server Version')
  expect(told()).toEqual(byKubectl)
})
