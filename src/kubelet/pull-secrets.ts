// Credentials for image registries, from a pod's imagePullSecrets.

import type { Pod } from '../api/core/v1/pod.ts'
import type { Secret } from '../api/core/v1/secret.ts'
import type { ConfigSource } from './container-env.ts'
import { parseImageName } from './image-name.ts'
import type { AuthConfig } from './runtime/cri/image.ts'

interface Entry {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly identitytoken?: string
}

/** What may open the image's registry, the most specific first. Secrets that are missing or broken are passed over. */
export async function pullCredentials(pod: Pod, image: string, config: ConfigSource): Promise<AuthConfig[]> {
  const namespace = pod.metadata?.namespace ?? ''
  const names = (pod.spec?.imagePullSecrets ?? []).map(({ name }) => name ?? '').filter(name => name !== '')
  if (names.length === 0) return []
  const found: { readonly depth: number; readonly auth: AuthConfig }[] = []
  const { repository } = parseImageName(image)
  for (const name of names) {
    const secret = await config.secret(namespace, name)
    for (const [server, entry] of Object.entries(secret ? registries(secret) : {})) {
      const pattern = serverPattern(server)
      if (matches(pattern, repository)) found.push({ depth: pattern.length, auth: authOf(server, entry) })
    }
  }
  return found.sort((a, b) => b.depth - a.depth).map(({ auth }) => auth)
}

function registries(secret: Secret): Record<string, Entry> {
  const encoded = secret.data?.['.dockerconfigjson'] ?? secret.data?.['.dockercfg']
  if (!encoded) return {}
  try {
    const parsed = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'))
    return (secret.data?.['.dockerconfigjson'] ? parsed.auths : parsed) ?? {}
  } catch {
    return {}
  }
}

/** Host and path, without a scheme and the API's version: https://index.docker.io/v1/ is docker.io. */
function serverPattern(server: string): string {
  const bare = server.replace(/^https?:\/\//, '').replace(/\/(v[12]\/?)?$/, '')
  return bare === 'index.docker.io' ? 'docker.io' : bare
}

function matches(pattern: string, repository: string): boolean {
  const [host = '', ...path] = pattern.split('/')
  const [imageHost = '', ...imagePath] = repository.split('/')
  const hostParts = host.split('.')
  const imageParts = imageHost.split('.')
  if (hostParts.length !== imageParts.length) return false
  if (!hostParts.every((part, i) => part === '*' || part === imageParts[i])) return false
  return path.every((part, i) => part === '' || part === imagePath[i])
}

function authOf(server: string, entry: Entry): AuthConfig {
  const decoded = entry.auth ? Buffer.from(entry.auth, 'base64').toString('utf8') : ''
  const colon = decoded.indexOf(':')
  return {
    username: entry.username ?? (colon >= 0 ? decoded.slice(0, colon) : ''),
    password: entry.password ?? (colon >= 0 ? decoded.slice(colon + 1) : ''),
    identityToken: entry.identitytoken ?? '',
    serverAddress: server,
  }
}
