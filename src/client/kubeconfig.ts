// Kubeconfig files: found, merged, and turned into what a transport needs. Writing them is cluster/kubeconfig.
//
// Comes in: files (KUBECONFIG's list, or ~/.kube/config), or the service account files that a pod finds. Goes out: the
// server and credentials of one context. Of several files the first to say something wins, as with kubectl.

import { readFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'
import type { Env } from '../machinery/env/env.ts'
import { quote } from '../machinery/go-text.ts'
import { type CredentialSource, type ExecCluster, type ExecConfig, execCredentials } from './exec-credentials.ts'
import type { HttpsTransportOptions, Impersonation } from './https-transport.ts'
import { KubeconfigError } from './kubeconfig-error.ts'

export { KubeconfigError } from './kubeconfig-error.ts'

export interface KubeconfigCluster {
  readonly server?: string
  readonly 'tls-server-name'?: string
  readonly 'insecure-skip-tls-verify'?: boolean
  readonly 'certificate-authority'?: string
  readonly 'certificate-authority-data'?: string
  readonly 'proxy-url'?: string
  readonly 'disable-compression'?: boolean
  readonly extensions?: readonly { readonly name?: string; readonly extension?: unknown }[]
}

export interface KubeconfigUser {
  readonly 'client-certificate'?: string
  readonly 'client-certificate-data'?: string
  readonly 'client-key'?: string
  readonly 'client-key-data'?: string
  readonly token?: string
  readonly tokenFile?: string
  readonly username?: string
  readonly password?: string
  readonly as?: string
  readonly 'as-uid'?: string
  readonly 'as-groups'?: readonly string[]
  readonly 'as-user-extra'?: Readonly<Record<string, readonly string[]>>
  readonly exec?: ExecConfig
  readonly 'auth-provider'?: { readonly name?: string }
}

export interface KubeconfigContext {
  readonly cluster: string
  readonly user: string
  readonly namespace?: string
}

export interface Kubeconfig {
  readonly currentContext: string
  readonly clusters: Readonly<Record<string, KubeconfigCluster>>
  readonly users: Readonly<Record<string, KubeconfigUser>>
  readonly contexts: Readonly<Record<string, KubeconfigContext>>
}

export const emptyKubeconfig: Kubeconfig = { currentContext: '', clusters: {}, users: {}, contexts: {} }

/** The files that apply: the one named, else KUBECONFIG's list, else ~/.kube/config. */
export function kubeconfigPaths(variables: Readonly<Record<string, string | undefined>>, explicit?: string): string[] {
  if (explicit) return [explicit]
  const listed = (variables['KUBECONFIG'] ?? '').split(delimiter).filter(path => path !== '')
  if (listed.length > 0) return [...new Set(listed)]
  const home = variables['HOME'] ?? variables['USERPROFILE']
  return home ? [join(home, '.kube', 'config')] : []
}

/** Reads and merges the files. One that isn't there is left out, unless it is `required`. */
export function loadKubeconfig(paths: readonly string[], options: { readonly required?: boolean } = {}): Kubeconfig {
  const configs: Kubeconfig[] = []
  for (const path of paths) {
    let text: string
    try {
      text = readFileSync(path, 'utf8')
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT' && !options.required) continue
      throw new KubeconfigError(`error loading config file "${path}": ${(error as Error).message}`, { cause: error })
    }
    configs.push(parseKubeconfig(text, path))
  }
  return mergeKubeconfigs(configs)
}

/** One file's content. Relative file names in it are taken from the file's folder. */
export function parseKubeconfig(text: string, path: string): Kubeconfig {
  let file: unknown
  try {
    file = parse(text)
  } catch (error) {
    throw new KubeconfigError(`error loading config file "${path}": ${(error as Error).message}`, { cause: error })
  }
  if (file === null || file === undefined) return emptyKubeconfig
  if (typeof file !== 'object' || Array.isArray(file))
    throw new KubeconfigError(`error loading config file "${path}": not a kubeconfig`)
  const content = file as Record<string, any>
  const folder = dirname(path)
  return {
    currentContext: content['current-context'] ?? '',
    clusters: byName(content['clusters'], 'cluster', cluster => absolute(cluster, folder, ['certificate-authority'])),
    users: byName<KubeconfigUser>(content['users'], 'user', user => ({
      ...absolute(user, folder, ['client-certificate', 'client-key', 'tokenFile']),
      ...(user.exec && { exec: withAbsoluteCommand(user.exec, folder) }),
    })),
    contexts: byName(content['contexts'], 'context', context => context),
  }
}

export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const merged = { currentContext: '', clusters: {}, users: {}, contexts: {} }
  for (const config of configs) {
    merged.currentContext ||= config.currentContext
    merged.clusters = { ...config.clusters, ...merged.clusters }
    merged.users = { ...config.users, ...merged.users }
    merged.contexts = { ...config.contexts, ...merged.contexts }
  }
  return merged
}

export interface ContextChoice {
  readonly context?: string
  readonly cluster?: string
  readonly user?: string
}

/** What a client of one context needs: where, as whom, and in which namespace if nothing else is said. */
export interface ClientConfig {
  readonly transport: Omit<HttpsTransportOptions, 'env'>
  readonly namespace: string
}

/** The current context's (or the chosen one's) server and credentials. Throws `KubeconfigError`. */
export function clientConfig(config: Kubeconfig, env: Pick<Env, 'clock'>, choice: ContextChoice = {}): ClientConfig {
  const contextName = choice.context ?? config.currentContext
  const context = named(config.contexts, contextName)
  if (contextName !== '' && !context) throw new KubeconfigError(`context "${contextName}" does not exist`)
  const clusterName = choice.cluster ?? context?.cluster
  const cluster = named(config.clusters, clusterName)
  if (clusterName && !cluster) throw new KubeconfigError(`cluster "${clusterName}" does not exist`)
  if (!cluster?.server)
    throw new KubeconfigError(
      'invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable',
    )
  const userName = choice.user ?? context?.user
  const user = named(config.users, userName)
  if (userName && !user) throw new KubeconfigError(`auth info "${userName}" does not exist`)
  return {
    namespace: context?.namespace || 'default',
    transport: {
      server: cluster.server,
      ca: fileOrData(cluster, 'certificate-authority', 'certificate-authority-data'),
      insecure: cluster['insecure-skip-tls-verify'] ?? false,
      serverName: cluster['tls-server-name'],
      ...(user && credentials(user, env)),
      ...(user && pluginCredentials(userName!, user, cluster, env)),
    },
  }
}

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The configuration a pod finds in its service account files; undefined outside a cluster. */
export function inClusterConfig(
  variables: Readonly<Record<string, string | undefined>>,
  env: Pick<Env, 'clock'>,
  folder = serviceAccountFolder,
): ClientConfig | undefined {
  const host = variables['KUBERNETES_SERVICE_HOST']
  const port = variables['KUBERNETES_SERVICE_PORT']
  if (!host || !port) return undefined
  const token = tokenFromFile(join(folder, 'token'), env)
  try {
    token()
    return {
      namespace: readFileSync(join(folder, 'namespace'), 'utf8').trim() || 'default',
      transport: {
        server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
        ca: readFileSync(join(folder, 'ca.crt')),
        token,
      },
    }
  } catch {
    return undefined
  }
}

function credentials(user: KubeconfigUser, env: Pick<Env, 'clock'>): Partial<HttpsTransportOptions> {
  return {
    cert: fileOrData(user, 'client-certificate', 'client-certificate-data'),
    key: fileOrData(user, 'client-key', 'client-key-data'),
    token: user.tokenFile ? tokenFromFile(user.tokenFile, env) : user.token || undefined,
    basic: user.username ? { username: user.username, password: user.password ?? '' } : undefined,
    impersonate: impersonation(user),
  }
}

/** kubectl's texts for the providers that it once had built in. */
const formerProviders: Readonly<Record<string, string>> = {
  azure: `The azure auth plugin has been removed.
Please use the https://github.com/Azure/kubelogin kubectl/client-go credential plugin instead.
See https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins for further details`,
  gcp: `The gcp auth plugin has been removed.
Please use the "gke-gcloud-auth-plugin" kubectl/client-go credential plugin instead.
See https://cloud.google.com/blog/products/containers-kubernetes/kubectl-auth-changes-in-gke for further details`,
}

/** A program that is asked for credentials; not when the user has others. */
function pluginCredentials(
  name: string,
  user: KubeconfigUser,
  cluster: KubeconfigCluster,
  env: Pick<Env, 'clock'>,
): { credentials?: CredentialSource } {
  const provider = user['auth-provider']
  if (provider) {
    if (user.exec)
      throw new KubeconfigError(
        `invalid configuration: authProvider cannot be provided in combination with an exec plugin for ${name}`,
      )
    const { name: kind = '' } = provider
    throw new KubeconfigError(formerProviders[kind] ?? `no Auth Provider found for name ${quote(kind)}`)
  }
  if (!user.exec) return {}
  const credentials = execCredentials(name, {
    clock: env.clock,
    exec: user.exec,
    cluster: toldOf(cluster),
  })
  const hasOthers =
    user.token || user.tokenFile || user.username || user['client-certificate'] || user['client-certificate-data']
  return hasOthers ? {} : { credentials }
}

const execExtension = 'client.authentication.k8s.io/exec'

function toldOf(cluster: KubeconfigCluster): ExecCluster {
  const ca = fileOrData(cluster, 'certificate-authority', 'certificate-authority-data')
  const config = cluster.extensions?.find(({ name }) => name === execExtension)?.extension
  const { 'tls-server-name': name, 'insecure-skip-tls-verify': insecure, 'proxy-url': proxy } = cluster
  return {
    server: cluster.server ?? '',
    ...(name && { 'tls-server-name': name }),
    ...(insecure && { 'insecure-skip-tls-verify': insecure }),
    ...(ca && { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
    ...(proxy && { 'proxy-url': proxy }),
    ...(cluster['disable-compression'] && { 'disable-compression': true }),
    config: config ?? null,
  }
}

function impersonation(user: KubeconfigUser): Impersonation | undefined {
  if (!user.as) return undefined
  return { user: user.as, uid: user['as-uid'], groups: user['as-groups'], extra: user['as-user-extra'] }
}

const tokenLifeMs = 60_000

/** The file's content, read again every minute: service account tokens are replaced before they expire. */
export function tokenFromFile(path: string, env: Pick<Env, 'clock'>): () => string {
  let token: string | undefined
  let readAt = 0
  return () => {
    const now = env.clock.monotonic()
    if (token !== undefined && now - readAt < tokenLifeMs) return token
    try {
      const read = readFileSync(path, 'utf8').trim()
      if (read === '') throw new KubeconfigError(`read empty token from file "${path}"`)
      token = read
      readAt = now
    } catch (error) {
      // An old token may still do; none at all will not.
      if (token === undefined) throw error
    }
    return token
  }
}

/** PEM, from base64 in the configuration (which wins) or from a file. */
function fileOrData<O extends object>(of: O, file: keyof O, data: keyof O): Uint8Array | undefined {
  const inline = of[data]
  if (typeof inline === 'string' && inline !== '') return Buffer.from(inline, 'base64')
  const path = of[file]
  if (typeof path !== 'string' || path === '') return undefined
  try {
    return readFileSync(path)
  } catch (error) {
    throw new KubeconfigError(`unable to read ${String(file)} ${path}: ${(error as Error).message}`, { cause: error })
  }
}

function named<T>(entries: Readonly<Record<string, T>>, name: string | undefined): T | undefined {
  return name !== undefined && Object.hasOwn(entries, name) ? entries[name] : undefined
}

function byName<T>(entries: unknown, field: string, change: (value: T) => T): Record<string, T> {
  const found: Record<string, T> = {}
  if (!Array.isArray(entries)) return found
  for (const entry of entries) {
    const name = entry?.name
    if (typeof name === 'string' && !Object.hasOwn(found, name)) found[name] = change((entry[field] ?? {}) as T)
  }
  return found
}

/** A command with a slash in it is a file's name; one without is looked for in PATH. */
function withAbsoluteCommand(exec: ExecConfig, folder: string): ExecConfig {
  return exec.command?.includes('/') ? { ...exec, command: resolve(folder, exec.command) } : exec
}

function absolute<T extends object>(value: T, folder: string, fields: readonly (keyof T)[]): T {
  const changed: T = { ...value }
  for (const field of fields) {
    const path = changed[field]
    if (typeof path === 'string' && path !== '') changed[field] = resolve(folder, path) as T[keyof T]
  }
  return changed
}
