// The files of the volumes that show API objects: ConfigMaps, Secrets, the pod itself, tokens, and all of those together.
//
// Comes in: a volume's source and where to read from. Goes out: a `Payload`. Missing things throw a `PayloadError`,
// whose message is the one upstream puts into the FailedMount event.

import type { Pod } from '../../api/core/v1/pod.ts'
import type { KeyToPath, Volume } from '../../api/core/v1/volume.ts'
import type { ConfigSource } from '../container-env.ts'
import { fieldRefValue, type PodSurroundings, resourceFieldValue } from '../downward-api.ts'
import type { TokenSource } from './service-account-token.ts'
import type { Payload } from './volume-host.ts'

export class PayloadError extends Error {
  override readonly name = 'PayloadError'
}

export interface PayloadInput {
  readonly pod: Pod
  readonly config: ConfigSource
  readonly tokens: TokenSource
  readonly around: PodSurroundings
}

const defaultFileMode = 0o644

type Files = Map<string, { data: Uint8Array; mode: number }>

/** undefined: not a volume of this kind. */
export async function volumePayload(input: PayloadInput, volume: Volume): Promise<Payload | undefined> {
  const files: Files = new Map()
  if (volume.configMap) await configMapFiles(input, volume.configMap, modeOf(volume.configMap.defaultMode), files)
  else if (volume.secret) {
    const { secretName, ...rest } = volume.secret
    await secretFiles(input, { ...rest, name: secretName }, modeOf(volume.secret.defaultMode), files)
  } else if (volume.downwardAPI)
    downwardFiles(input, volume.downwardAPI.items ?? [], modeOf(volume.downwardAPI.defaultMode), files)
  else if (volume.projected) {
    const mode = modeOf(volume.projected.defaultMode)
    for (const source of volume.projected.sources ?? []) {
      if (source.configMap) await configMapFiles(input, source.configMap, mode, files)
      else if (source.secret) await secretFiles(input, source.secret, mode, files)
      else if (source.downwardAPI) downwardFiles(input, source.downwardAPI.items ?? [], mode, files)
      else if (source.serviceAccountToken) {
        const { path } = source.serviceAccountToken
        const token = await input.tokens.token(input.pod, source.serviceAccountToken)
        files.set(path, { data: utf8(token), mode: tokenMode(input.pod, mode) })
      } else throw new PayloadError('this kind of projected volume source is not supported')
    }
  } else return undefined
  return files
}

function modeOf(mode: number | undefined): number {
  return mode ?? defaultFileMode
}

/** A token is for the pod's own user or group alone when it has one. */
function tokenMode(pod: Pod, mode: number): number {
  if (pod.spec?.securityContext?.fsGroup !== undefined) return 0o640
  return commonRunAsUser(pod) === undefined ? mode : 0o600
}

/** The user that every container of the pod runs as, when the spec says so. */
export function commonRunAsUser(pod: Pod): number | undefined {
  const users = new Set<number | undefined>()
  for (const container of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])])
    users.add(container.securityContext?.runAsUser ?? pod.spec?.securityContext?.runAsUser)
  return users.size === 1 ? [...users][0] : undefined
}

interface NamedItems {
  readonly name?: string
  readonly items?: readonly KeyToPath[]
  readonly optional?: boolean
}

async function configMapFiles(input: PayloadInput, source: NamedItems, mode: number, files: Files): Promise<void> {
  const namespace = input.pod.metadata?.namespace ?? ''
  const found = await input.config.configMap(namespace, source.name ?? '')
  if (!found && !source.optional) throw new PayloadError(`configmap "${source.name}" not found`)
  const data = new Map<string, Uint8Array>()
  for (const [key, value] of Object.entries(found?.data ?? {})) data.set(key, utf8(value))
  for (const [key, value] of Object.entries(found?.binaryData ?? {})) data.set(key, Buffer.from(value, 'base64'))
  choose(data, source, mode, files, `configmap references non-existent config key`)
}

async function secretFiles(input: PayloadInput, source: NamedItems, mode: number, files: Files): Promise<void> {
  const namespace = input.pod.metadata?.namespace ?? ''
  const found = await input.config.secret(namespace, source.name ?? '')
  if (!found && !source.optional) throw new PayloadError(`secret "${source.name}" not found`)
  const data = new Map<string, Uint8Array>()
  for (const [key, value] of Object.entries(found?.data ?? {})) data.set(key, Buffer.from(value, 'base64'))
  choose(data, source, mode, files, `references non-existent secret key`)
}

function choose(data: Map<string, Uint8Array>, source: NamedItems, mode: number, files: Files, missing: string): void {
  if (!source.items?.length) {
    for (const [key, value] of data) files.set(key, { data: value, mode })
    return
  }
  for (const item of source.items) {
    const value = data.get(item.key)
    if (value) files.set(item.path, { data: value, mode: item.mode ?? mode })
    else if (!source.optional) throw new PayloadError(`${missing}: ${item.key}`)
  }
}

interface DownwardItem {
  readonly path: string
  readonly fieldRef?: { readonly fieldPath: string }
  readonly resourceFieldRef?: { readonly containerName?: string; readonly resource: string; readonly divisor: string }
  readonly mode?: number
}

function downwardFiles(input: PayloadInput, items: readonly DownwardItem[], mode: number, files: Files): void {
  for (const item of items) {
    let value = ''
    if (item.fieldRef) value = fieldRefValue(input.pod, item.fieldRef.fieldPath, input.around)
    else if (item.resourceFieldRef)
      value = resourceFieldValue(input.pod, item.resourceFieldRef, input.pod.spec!.containers[0]!, input.around)
    files.set(item.path, { data: utf8(value), mode: item.mode ?? mode })
  }
}

function utf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}
