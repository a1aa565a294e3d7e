// Credentials from a program (client.authentication.k8s.io ExecCredential): what a kubeconfig's `exec` names is run when
// credentials are first needed, again when they expire, and again after the server has refused them.
//
// Comes in: the `exec` stanza. Goes out: a token, a client certificate, or both.

import { spawn } from 'node:child_process'
import type { Clock } from '../machinery/env/env.ts'
import { quote } from '../machinery/go-text.ts'
import { KubeconfigError } from './kubeconfig-error.ts'

export interface ExecConfig {
  readonly apiVersion?: string
  readonly command?: string
  readonly args?: readonly string[] | null
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null
  readonly installHint?: string
  readonly provideClusterInfo?: boolean
  readonly interactiveMode?: string
}

/** What the program is told of the cluster, if it is to be told. */
export interface ExecCluster {
  readonly server: string
  readonly 'tls-server-name'?: string
  readonly 'insecure-skip-tls-verify'?: boolean
  readonly 'certificate-authority-data'?: string
  readonly 'proxy-url'?: string
  readonly 'disable-compression'?: boolean
  readonly config?: unknown
}

export interface Credentials {
  readonly token?: string
  /** PEM. */
  readonly certificate?: string
  readonly key?: string
}

/** Where a transport gets its credentials from, and says that they did not do. */
export interface CredentialSource {
  current(): Promise<Credentials>
  /** The server answered 401 to these: get others, unless there are others already. */
  refused(credentials: Credentials): Promise<void>
}

export interface ExecCredentialsOptions {
  readonly clock: Clock
  readonly exec: ExecConfig
  readonly cluster: ExecCluster
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly stdinIsTerminal?: boolean
}

const group = 'client.authentication.k8s.io'
const versions = [`${group}/v1`, `${group}/v1beta1`]
const mostHints = 10
const hintsIntervalMs = 3600_000
const installHelp = `

It looks like you are trying to use a client-go credential plugin that is not installed.

To learn more about this feature, consult the documentation available at:
      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins`

/** What is wrong with an `exec` stanza, in kubectl's words; undefined when nothing is. */
export function execConfigProblem(user: string, exec: ExecConfig): string | undefined {
  const unspecified = (what: string) => `${what} must be specified for ${user} to use exec authentication plugin`
  const problems: string[] = []
  if (!exec.command) problems.push(unspecified('command'))
  if (!exec.apiVersion) problems.push(unspecified('apiVersion'))
  if (exec.env?.some(({ name }) => !name)) problems.push(unspecified('env variable name'))
  const mode = exec.interactiveMode
  // v1beta1 has a default for it; v1 wants it said.
  if (!mode && exec.apiVersion !== `${group}/v1beta1`) problems.push(unspecified('interactiveMode'))
  if (mode && !['Never', 'IfAvailable', 'Always'].includes(mode))
    problems.push(`invalid interactiveMode for ${user}: ${quote(mode)}`)
  if (problems.length === 0)
    return versions.includes(exec.apiVersion!)
      ? undefined
      : `exec plugin: invalid apiVersion ${quote(exec.apiVersion!)}`
  return `invalid configuration: ${problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`}`
}

export class ExecCredentials implements CredentialSource {
  readonly #options: ExecCredentialsOptions
  #known: { readonly credentials: Credentials; readonly expiresAt: number } | undefined
  #running: Promise<Credentials> | undefined
  #hints = 0
  #hintsSince: number | undefined

  constructor(options: ExecCredentialsOptions) {
    this.#options = options
  }

  async current(): Promise<Credentials> {
    if (this.#known && this.#options.clock.now() <= this.#known.expiresAt) return this.#known.credentials
    return this.#refresh()
  }

  async refused(credentials: Credentials): Promise<void> {
    if (this.#known?.credentials === credentials) await this.#refresh()
  }

  /** One program at a time: it may be asking somebody for a password. */
  #refresh(): Promise<Credentials> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #run(): Promise<Credentials> {
    const { exec, cluster, environment = process.env } = this.#options
    const apiVersion = exec.apiVersion!
    const interactive = this.#isInteractive()
    const info = {
      kind: 'ExecCredential',
      apiVersion,
      spec: { ...(exec.provideClusterInfo && { cluster }), interactive },
    }
    const variables = {
      ...environment,
      ...Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value])),
    }
    const output = await this.#output({ ...variables, KUBERNETES_EXEC_INFO: JSON.stringify(info) }, interactive)
    const { credentials, expiresAt } = credentialsIn(output, apiVersion)
    this.#known = { credentials, expiresAt }
    return credentials
  }

  #isInteractive(): boolean {
    const { exec, stdinIsTerminal = process.stdin.isTTY === true } = this.#options
    const mode = exec.interactiveMode || 'IfAvailable'
    if (mode === 'Always' && !stdinIsTerminal)
      throw new Error('exec plugin cannot support interactive mode: standard input is not a terminal')
    return mode !== 'Never' && stdinIsTerminal
  }

  #output(env: Record<string, string | undefined>, interactive: boolean): Promise<string> {
    const { command = '', args } = this.#options.exec
    return new Promise((resolve, reject) => {
      const child = spawn(command, args ?? [], { env, stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'] })
      const chunks: Buffer[] = []
      child.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk))
      child.once('error', (error: NodeJS.ErrnoException) =>
        reject(
          error.code === 'ENOENT' || error.code === 'EACCES'
            ? new Error(`exec: executable ${command} not found${this.#hint()}`)
            : new Error(`exec: ${error.message}`),
        ),
      )
      child.once('close', code => {
        if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'))
        else reject(new Error(`exec: executable ${command} failed with exit code ${code ?? -1}`))
      })
    })
  }

  /** How to get the program; not for ever, since a client may try all day. */
  #hint(): string {
    const now = this.#options.clock.monotonic()
    if (this.#hintsSince === undefined || now - this.#hintsSince >= hintsIntervalMs) {
      this.#hintsSince = now
      this.#hints = 0
    }
    if (this.#hints++ >= mostHints) return ''
    const { installHint } = this.#options.exec
    return installHelp + (installHint ? `\n\n${printable(installHint)}` : '')
  }
}

/** Without what would do something to a terminal. */
const printable = (text: string): string => text.replace(/[^\P{C}\t\n\v\f\r]/gu, '')

function credentialsIn(output: string, apiVersion: string): { credentials: Credentials; expiresAt: number } {
  let answer: any
  try {
    answer = JSON.parse(output)
  } catch (error) {
    throw new Error(`decoding stdout: couldn't get version/kind; json parse error: ${(error as Error).message}`)
  }
  if (answer?.kind !== 'ExecCredential' || typeof answer.apiVersion !== 'string')
    throw new Error(
      `decoding stdout: no kind ${quote(String(answer?.kind ?? ''))} is registered for version ${quote(String(answer?.apiVersion ?? ''))}`,
    )
  if (answer.apiVersion !== apiVersion)
    throw new Error(
      `exec plugin is configured to use API version ${apiVersion}, plugin returned version ${answer.apiVersion}`,
    )
  const { status } = answer
  if (!status) throw new Error("exec plugin didn't return a status field")
  const { token = '', clientCertificateData: certificate = '', clientKeyData: key = '', expirationTimestamp } = status
  if (!token && !certificate && !key) throw new Error("exec plugin didn't return a token or cert/key pair")
  if (!certificate !== !key) throw new Error('exec plugin returned only certificate or key, not both')
  const expiresAt = expirationTimestamp ? Date.parse(expirationTimestamp) : Number.POSITIVE_INFINITY
  if (Number.isNaN(expiresAt)) throw new Error(`decoding stdout: parsing time ${quote(String(expirationTimestamp))}`)
  return { credentials: { ...(token && { token }), ...(certificate && { certificate, key }) }, expiresAt }
}

/** The credentials that a kubeconfig's `exec` asks for. Throws `KubeconfigError` when the stanza is wrong. */
export function execCredentials(user: string, options: ExecCredentialsOptions): CredentialSource {
  const problem = execConfigProblem(user, options.exec)
  if (problem !== undefined) throw new KubeconfigError(problem)
  return new ExecCredentials(options)
}
