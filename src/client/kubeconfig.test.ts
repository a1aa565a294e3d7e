import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  clientConfig,
  emptyKubeconfig,
  inClusterConfig,
  type Kubeconfig,
  kubeconfigPaths,
  loadKubeconfig,
  parseKubeconfig,
  tokenFromFile,
} from './kubeconfig.ts'
import { settledEnv } from './testing/settled-env.ts'

const folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'))
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('which files', () => {
  test.each([
    { variables: { KUBECONFIG: '/a:/b::/a', HOME: '/home/me' }, explicit: undefined, paths: ['/a', '/b'] },
    { variables: { HOME: '/home/me' }, explicit: undefined, paths: ['/home/me/.kube/config'] },
    { variables: { KUBECONFIG: '', HOME: '/home/me' }, explicit: undefined, paths: ['/home/me/.kube/config'] },
    { variables: { KUBECONFIG: '/a', HOME: '/home/me' }, explicit: '/c', paths: ['/c'] },
    { variables: {}, explicit: undefined, paths: [] },
  ])('$variables, $explicit: $paths', ({ variables, explicit, paths }) => {
    expect(kubeconfigPaths(variables, explicit)).toEqual(paths)
  })
})

describe('reading', () => {
  test('of several files, the first to say something wins, and each gives what it has', () => {
    const first = write(
      'first',
      'contexts: [{name: a, context: {cluster: one, user: u, namespace: blue}}]\nusers: [{name: u, user: {token: t1}}]',
    )
    const second = write(
      'second',
      'current-context: a\nclusters: [{name: one, cluster: {server: "https://one:6443"}}]\nusers: [{name: u, user: {token: t2}}]\ncontexts: [{name: a, context: {cluster: two}}]',
    )
    const config = loadKubeconfig([first, join(folder, 'not-there'), second])
    expect(config).toEqual({
      currentContext: 'a',
      clusters: { one: { server: 'https://one:6443' } },
      users: { u: { token: 't1' } },
      contexts: { a: { cluster: 'one', user: 'u', namespace: 'blue' } },
    })
  })

  test('file names in it are taken from its folder', () => {
    const config = parseKubeconfig(
      'clusters: [{name: c, cluster: {certificate-authority: ca.crt}}]\nusers: [{name: u, user: {client-certificate: ../me.crt, client-key: /abs/me.key}}]',
      '/etc/kube/config',
    )
    expect(config.clusters['c']).toEqual({ 'certificate-authority': '/etc/kube/ca.crt' })
    expect(config.users['u']).toEqual({ 'client-certificate': '/etc/me.crt', 'client-key': '/abs/me.key' })
  })

  test.each(['', '# nothing'])('of nothing gives nothing: %j', text => {
    expect(parseKubeconfig(text, '/config')).toEqual(emptyKubeconfig)
  })

  test.each(['a: [', '- a', 'just text'])('of what is no kubeconfig is an error that names the file: %j', text => {
    expect(() => parseKubeconfig(text, '/etc/kube/config')).toThrow('error loading config file "/etc/kube/config":')
  })

  test('a file that must be there and is not is an error', () => {
    const missing = join(folder, 'not-there')
    expect(() => loadKubeconfig([missing], { required: true })).toThrow(`error loading config file "${missing}"`)
    expect(loadKubeconfig([missing])).toEqual(emptyKubeconfig)
  })
})

describe('what a client needs', () => {
  const config: Kubeconfig = {
    currentContext: 'main',
    contexts: {
      main: { cluster: 'c', user: 'token', namespace: 'blue' },
      certificate: { cluster: 'c', user: 'certificate' },
      lost: { cluster: 'nowhere', user: 'token' },
      stranger: { cluster: 'c', user: 'nobody' },
      plugin: { cluster: 'c', user: 'plugin' },
      azure: { cluster: 'c', user: 'azure' },
      unknown: { cluster: 'c', user: 'unknown' },
    },
    clusters: {
      c: {
        server: 'https://one:6443',
        'certificate-authority-data': Buffer.from('the ca').toString('base64'),
        'tls-server-name': 'kubernetes',
      },
      other: { server: 'https://two', 'insecure-skip-tls-verify': true },
    },
    users: {
      token: { token: 't', as: 'bob', 'as-groups': ['g'] },
      certificate: {
        'client-certificate-data': Buffer.from('cert').toString('base64'),
        'client-key': write('key', 'the key'),
      },
      basic: { username: 'me', password: 'p' },
      plugin: { exec: { command: 'get-token' } },
      azure: { 'auth-provider': { name: 'azure' } },
      unknown: { 'auth-provider': { name: 'x' } },
    },
  }
  const env = settledEnv()

  test("is the current context's", () => {
    expect(clientConfig(config, env)).toEqual({
      namespace: 'blue',
      transport: {
        server: 'https://one:6443',
        ca: Buffer.from('the ca'),
        insecure: false,
        serverName: 'kubernetes',
        token: 't',
        impersonate: { user: 'bob', groups: ['g'], uid: undefined, extra: undefined },
      },
    })
  })

  test('or the chosen one’s, in the namespace default if it names none', () => {
    expect(clientConfig(config, env, { context: 'certificate' })).toMatchObject({
      namespace: 'default',
      transport: { cert: Buffer.from('cert'), key: Buffer.from('the key') },
    })
    expect(clientConfig(config, env, { cluster: 'other', user: 'basic' })).toMatchObject({
      transport: { server: 'https://two', insecure: true, basic: { username: 'me', password: 'p' } },
    })
  })

  test.each([
    { choice: { context: 'nothing' }, error: 'context "nothing" does not exist' },
    { choice: { context: 'constructor' }, error: 'context "constructor" does not exist' },
    { choice: { context: 'lost' }, error: 'cluster "nowhere" does not exist' },
    { choice: { context: 'stranger' }, error: 'auth info "nobody" does not exist' },
    {
      choice: { context: 'plugin' },
      error:
        'invalid configuration: [apiVersion must be specified for plugin to use exec authentication plugin, interactiveMode must be specified for plugin to use exec authentication plugin]',
    },
    { choice: { context: 'azure' }, error: 'The azure auth plugin has been removed.\nPlease use' },
    { choice: { context: 'unknown' }, error: 'no Auth Provider found for name "x"' },
  ])('or an error: $error', ({ choice, error }) => {
    expect(() => clientConfig(config, env, choice)).toThrow(error)
  })

  test('of an empty configuration there is none', () => {
    expect(() => clientConfig(emptyKubeconfig, env)).toThrow(
      'invalid configuration: no configuration has been provided',
    )
  })
})

describe('in a cluster', () => {
  const variables = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' }
  const serviceAccount = join(folder, 'serviceaccount')
  mkdirSync(serviceAccount)
  for (const [name, content] of Object.entries({ token: 'the token\n', 'ca.crt': 'the ca', namespace: 'blue\n' }))
    writeFileSync(join(serviceAccount, name), content)

  test("it is the service account's", () => {
    const config = inClusterConfig(variables, settledEnv(), serviceAccount)!
    expect(config).toMatchObject({
      namespace: 'blue',
      transport: { server: 'https://10.96.0.1:443', ca: Buffer.from('the ca') },
    })
    expect((config.transport.token as () => string)()).toBe('the token')
    const sixes = inClusterConfig({ ...variables, KUBERNETES_SERVICE_HOST: 'fd00::1' }, settledEnv(), serviceAccount)!
    expect(sixes.transport.server).toBe('https://[fd00::1]:443')
  })

  test('elsewhere there is none', () => {
    expect(inClusterConfig({}, settledEnv(), serviceAccount)).toBeUndefined()
    expect(inClusterConfig(variables, settledEnv(), join(folder, 'nothing'))).toBeUndefined()
  })
})

test('a token file is read again after a minute, and an old token serves while it cannot be', async () => {
  const env = settledEnv()
  const path = write('token', 'one')
  const token = tokenFromFile(path, env)
  expect(token()).toBe('one')
  writeFileSync(path, 'two')
  await env.clock.advance(59_999)
  expect(token()).toBe('one')
  await env.clock.advance(1)
  expect(token()).toBe('two')
  rmSync(path)
  await env.clock.advance(60_000)
  expect(token()).toBe('two')
  expect(() => tokenFromFile(path, env)()).toThrow('ENOENT')
})
