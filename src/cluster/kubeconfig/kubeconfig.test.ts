import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import { kubeconfigText, makeKubeconfig } from './kubeconfig.ts'
import { mergeIntoUserKubeconfig, removeFromUserKubeconfig } from './user-kubeconfig.ts'
import { userKubeconfigPath } from './user-kubeconfig-path.ts'

let home: string
let path: string
const env = virtualEnv()

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'k8ts-kubeconfig-'))
  path = join(home, '.kube', 'config')
  mkdirSync(join(home, '.kube'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const ours = (server = 'https://127.0.0.1:6443') =>
  makeKubeconfig({
    name: 'k8ts',
    server,
    certificateAuthority: 'CA',
    credential: { certificate: 'CERT', privateKey: 'KEY' },
  })
const merge = (server?: string) => mergeIntoUserKubeconfig(env, path, ours(server))
const remove = () => removeFromUserKubeconfig(env, path, 'k8ts')
const read = () => readFileSync(path, 'utf8')

const theirs = `# my clusters
apiVersion: v1
kind: Config
preferences: {colors: true}
extensions:
- name: mine
  extension: {a: 1}
clusters:
- name: prod   # careful
  cluster:
    server: https://prod.example
    tls-server-name: prod
    unknown-field: kept
contexts:
- name: prod
  context: {cluster: prod, user: prod, namespace: web}
users:
- name: prod
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: get-token
      args: ["--long", "x"]
current-context: prod
`

describe('a kubeconfig', () => {
  test('is one that clients read', () => {
    const client = new KubeConfig()
    client.loadFromString(kubeconfigText(ours()))
    expect(client.getCurrentContext()).toBe('k8ts')
    expect(client.getCurrentCluster()).toMatchObject({ server: 'https://127.0.0.1:6443', caData: btoa('CA') })
    expect(client.getCurrentUser()).toMatchObject({ certData: btoa('CERT'), keyData: btoa('KEY') })
  })

  test('may have a token, a user’s name and a namespace', () => {
    expect(
      makeKubeconfig({
        name: 'c',
        user: 'u',
        namespace: 'n',
        server: 's',
        certificateAuthority: '',
        credential: { token: 't' },
      }),
    ).toMatchObject({
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'n' } }],
      users: [{ name: 'u', user: { token: 't' } }],
    })
  })
})

describe('which file is the user’s', () => {
  const write = (name: string) => {
    writeFileSync(join(home, name), '')
    return join(home, name)
  }

  test('the first of KUBECONFIG that exists, else its last, else the one in the home directory', () => {
    const there = write('there')
    expect(userKubeconfigPath({ HOME: home })).toBe(path)
    expect(userKubeconfigPath({ HOME: home, KUBECONFIG: '' })).toBe(path)
    expect(userKubeconfigPath({ HOME: home, KUBECONFIG: `/none:${there}:${write('other')}` })).toBe(there)
    expect(userKubeconfigPath({ HOME: home, KUBECONFIG: '/none:/nor:' })).toBe('/nor')
    expect(() => userKubeconfigPath({})).toThrow('neither KUBECONFIG nor HOME')
  })
})

describe('merging', () => {
  test('makes the file, for its owner only', async () => {
    rmSync(join(home, '.kube'), { recursive: true })
    await merge()
    expect(parse(read())).toEqual(ours())
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(home, '.kube'))).toEqual(['config'])
  })

  test('adds our entries and leaves every other line alone', async () => {
    writeFileSync(path, theirs, { mode: 0o640 })
    await merge()
    const lines = read().split('\n')
    for (const line of theirs.split('\n'))
      if (!line.startsWith('current-context')) expect(lines.map(normal)).toContain(normal(line))
    expect(parse(read())).toMatchObject({
      clusters: [{ name: 'prod' }, ours().clusters[0]],
      contexts: [{ name: 'prod' }, ours().contexts[0]],
      users: [{ name: 'prod' }, ours().users[0]],
      'current-context': 'k8ts',
    })
    expect(statSync(path).mode & 0o777).toBe(0o640)
  })

  test('again replaces our entries', async () => {
    writeFileSync(path, theirs)
    await merge()
    await merge('https://127.0.0.1:7443')
    expect(parse(read()).clusters.map((each: any) => each.cluster.server)).toEqual([
      'https://prod.example',
      'https://127.0.0.1:7443',
    ])
  })

  test.each([
    ['an empty file', ''],
    ['only a comment', '# nothing yet\n'],
    ['empty lists as Go writes them', 'apiVersion: v1\nkind: Config\nclusters: null\ncontexts: []\nusers: null\n'],
    ['JSON', '{"kind":"Config","apiVersion":"v1","clusters":[],"users":[],"contexts":[]}'],
  ])('into %s gives a whole kubeconfig', async (_name, text) => {
    writeFileSync(path, text)
    await merge()
    const client = new KubeConfig()
    client.loadFromString(read())
    expect(client.getCurrentCluster()?.server).toBe('https://127.0.0.1:6443')
    expect(client.getCurrentUser()?.certData).toBe(btoa('CERT'))
  })

  test('keeps a symbolic link', async () => {
    const real = join(home, 'real')
    writeFileSync(real, theirs)
    symlinkSync(real, path)
    await merge()
    expect(lstatSync(path).isSymbolicLink()).toBe(true)
    expect(readFileSync(real, 'utf8')).toContain('k8ts')
  })

  test.each([
    ['is not valid YAML', 'clusters: [\n  - {'],
    ['is not a kubeconfig', '- a\n- b\n'],
    ['is a Pod, not a Config', 'kind: Pod\n'],
    ['clusters is not a list', 'clusters: {a: b}\n'],
  ])('refuses a file that %s, and leaves it', async (why, text) => {
    writeFileSync(path, text)
    await expect(merge()).rejects.toThrow(`${path} is left as it is: `)
    await expect(merge()).rejects.toThrow(why)
    expect(read()).toBe(text)
    expect(readdirSync(join(home, '.kube'))).toEqual(['config'])
  })
})

describe('removing', () => {
  test('leaves what was there before', async () => {
    writeFileSync(path, theirs)
    await merge()
    await remove()
    expect(parse(read())).toEqual({ ...parse(theirs), 'current-context': '' })
    expect(read()).toContain('# my clusters')
  })

  test('leaves the current context if it is another', async () => {
    writeFileSync(path, theirs)
    await merge()
    writeFileSync(path, read().replace('current-context: k8ts', 'current-context: prod'))
    await remove()
    expect(parse(read())).toEqual(parse(theirs))
  })

  test('from a file without us, or none, does nothing', async () => {
    await remove()
    expect(existsSync(path)).toBe(false)
    writeFileSync(path, theirs)
    await remove()
    expect(read()).toBe(theirs)
  })
})

describe('the lock', () => {
  test('of another program is waited for', async () => {
    writeFileSync(`${path}.lock`, '')
    const merged = merge()
    await env.clock.advance(1000)
    expect(existsSync(path)).toBe(false)
    rmSync(`${path}.lock`)
    await env.clock.advance(1000)
    await merged
    expect(existsSync(path)).toBe(true)
  })

  test('that stays is an error, and stays', async () => {
    writeFileSync(`${path}.lock`, '')
    const refused = expect(merge()).rejects.toThrow(`${path}.lock exists`)
    for (let index = 0; index < 80; index++) await env.clock.advance(50)
    await refused
    expect(existsSync(`${path}.lock`)).toBe(true)
  })
})

/** Comments may move by a space. */
function normal(line: string): string {
  return line
    .replace(/\s+/g, ' ')
    .replace(/([[{]) /g, '$1')
    .replace(/ ([\]}])/g, '$1')
    .replace(/^ ?- /, '- ')
    .trim()
}
