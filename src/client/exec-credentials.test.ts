import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type ExecConfig, ExecCredentials, execConfigProblem } from './exec-credentials.ts'
import { clientConfig, parseKubeconfig } from './kubeconfig.ts'
import { settledEnv } from './testing/settled-env.ts'

const folder = mkdtempSync(join(tmpdir(), 'exec-credentials-'))
afterAll(() => rmSync(folder, { recursive: true }))

const v1 = 'client.authentication.k8s.io/v1'
const v1beta1 = 'client.authentication.k8s.io/v1beta1'
const cluster = { server: 'https://one:6443', 'certificate-authority-data': 'Y2E=', config: { audience: 'a' } }

let number = 0
/** A program that notes what it is told, and prints `output` (where @ is how often it ran). */
function program(output: string, exitCode = 0) {
  const path = join(folder, `program-${++number}`)
  const notes = `${path}.notes`
  writeFileSync(notes, '')
  writeFileSync(
    path,
    `#!/bin/sh\necho "$1 $EXTRA $KUBERNETES_EXEC_INFO" >> ${notes}\nrun=$(wc -l < ${notes})\nsed "s/@/$((run))/" <<'END'\n${output}\nEND\nexit ${exitCode}\n`,
  )
  chmodSync(path, 0o755)
  return { path, told: () => readFileSync(notes, 'utf8').trim().split('\n').filter(Boolean) }
}

const credential = (status: object, apiVersion = v1) => JSON.stringify({ kind: 'ExecCredential', apiVersion, status })

function credentials(exec: ExecConfig, env = settledEnv()) {
  return new ExecCredentials({
    clock: env.clock,
    exec: { apiVersion: v1, interactiveMode: 'Never', ...exec },
    cluster,
    environment: { PATH: '/usr/bin:/bin' },
    stdinIsTerminal: false,
  })
}

describe('a stanza', () => {
  const wanted = (what: string) => `${what} must be specified for me to use exec authentication plugin`
  const good = { apiVersion: v1, command: 'x', interactiveMode: 'Never' }
  test.each<[string | undefined, ExecConfig]>([
    [undefined, good],
    [undefined, { ...good, apiVersion: v1beta1, interactiveMode: undefined }],
    [`invalid configuration: ${wanted('interactiveMode')}`, { ...good, interactiveMode: undefined }],
    [
      `invalid configuration: [${wanted('command')}, ${wanted('env variable name')}]`,
      {
        ...good,
        command: '',
        env: [{ name: '', value: 'x' }],
      },
    ],
    ['invalid configuration: invalid interactiveMode for me: "Sometimes"', { ...good, interactiveMode: 'Sometimes' }],
    [
      'exec plugin: invalid apiVersion "client.authentication.k8s.io/v1alpha1"',
      {
        ...good,
        apiVersion: 'client.authentication.k8s.io/v1alpha1',
      },
    ],
  ])('%s', (problem, exec) => {
    expect(execConfigProblem('me', exec)).toBe(problem)
  })
})

describe('the program', () => {
  test('is told what it is for, and about the cluster if that is wanted', async () => {
    const { path, told } = program(credential({ token: 't' }))
    const exec = { command: path, args: ['get'], env: [{ name: 'EXTRA', value: 'e' }] }
    expect(await credentials(exec).current()).toEqual({ token: 't' })
    await credentials({ ...exec, provideClusterInfo: true }).current()
    const [first, second] = told().map(line => /^get e (.*)$/.exec(line)![1]!)
    expect(JSON.parse(first!)).toEqual({ kind: 'ExecCredential', apiVersion: v1, spec: { interactive: false } })
    expect(JSON.parse(second!).spec).toEqual({ cluster, interactive: false })
  })

  test('is run again when what it gave has expired, and after a refusal', async () => {
    const env = settledEnv()
    const expires = new Date(env.clock.now() + 60_000).toISOString()
    const { path } = program(credential({ token: 't@', expirationTimestamp: expires }))
    const source = credentials({ command: path }, env)
    const first = await source.current()
    expect(await source.current()).toBe(first)
    await source.refused(first)
    const second = await source.current()
    expect([first.token, second.token]).toEqual(['t1', 't2'])
    // Somebody else was refused with what is no longer current.
    await source.refused(first)
    expect(await source.current()).toBe(second)
    await env.clock.advance(60_001)
    expect((await source.current()).token).toBe('t3')
  })

  test('runs once for all who wait', async () => {
    const { path, told } = program(credential({ clientCertificateData: 'c', clientKeyData: 'k' }))
    const source = credentials({ command: path })
    const [one, other] = await Promise.all([source.current(), source.current()])
    expect(one).toBe(other)
    expect(one).toEqual({ certificate: 'c', key: 'k' })
    expect(told()).toHaveLength(1)
  })

  test.each<[string, string, number?]>([
    ['failed with exit code 3', credential({ token: 't' }), 3],
    ['decoding stdout: ', 'no JSON'],
    ['decoding stdout: no kind "Pod" is registered', '{"kind":"Pod","apiVersion":"v1"}'],
    [
      `exec plugin is configured to use API version ${v1}, plugin returned version ${v1beta1}`,
      credential({ token: 't' }, v1beta1),
    ],
    ["exec plugin didn't return a status field", `{"kind":"ExecCredential","apiVersion":"${v1}"}`],
    ["exec plugin didn't return a token or cert/key pair", credential({})],
    ['exec plugin returned only certificate or key, not both', credential({ clientKeyData: 'k' })],
  ])('may fail: %s', async (message, output, exitCode = 0) => {
    await expect(credentials({ command: program(output, exitCode).path }).current()).rejects.toThrow(message)
  })

  test('that is not there comes with a hint, but not for ever', async () => {
    const source = credentials({ command: '/nowhere/get-token', installHint: 'brew install \u001b[1mget-token' })
    const complaint = () => source.current().catch(error => error.message as string)
    const first = await complaint()
    expect(first).toMatch(/^exec: executable \/nowhere\/get-token not found\n\nIt looks like you are trying/)
    expect(first).toMatch(/\n\nbrew install \[1mget-token$/)
    for (let times = 1; times < 10; times++) await complaint()
    expect(await complaint()).toBe('exec: executable /nowhere/get-token not found')
  })

  test('that must talk to somebody needs a terminal', async () => {
    const source = credentials({ command: 'true', interactiveMode: 'Always' })
    await expect(source.current()).rejects.toThrow(
      'exec plugin cannot support interactive mode: standard input is not a terminal',
    )
  })
})

test('a kubeconfig’s program is found from its folder, and not run where there are other credentials', async () => {
  const { path } = program(credential({ token: 'from the program' }))
  const text = (user: string) => `
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://one"}}]
users: [{name: u, user: {${user} exec: {apiVersion: ${v1}, command: ./${path.split('/').at(-1)}, interactiveMode: Never}}}]
`
  const transport = (user: string) =>
    clientConfig(parseKubeconfig(text(user), join(folder, 'config')), settledEnv()).transport
  expect(await transport('').credentials!.current()).toEqual({ token: 'from the program' })
  expect(transport('token: mine,')).toMatchObject({ token: 'mine' })
  expect(transport('token: mine,').credentials).toBeUndefined()
})
