// Puts a pod's volumes in place before its containers start, keeps the ones that show API objects current, and takes
// them away when the pod is gone.
//
// Comes in: the pod. Goes out: where each of its volumes is on the host, or a `MountError`. Every call may be repeated:
// mounting again refreshes.

import { persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { Volume } from '../../api/core/v1/volume.ts'
import type { Client } from '../../client/client.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import type { ConfigSource } from '../container-env.ts'
import type { PodSurroundings } from '../downward-api.ts'
import { commonRunAsUser, volumePayload } from './payloads.ts'
import type { TokenManager } from './service-account-token.ts'
import type { HostPathType, Payload, VolumeHost } from './volume-host.ts'

export interface MountedVolume {
  readonly name: string
  readonly hostPath: string
  readonly readOnly: boolean
}

export class MountError extends Error {
  override readonly name = 'MountError'
  readonly volume: string

  constructor(volume: string, message: string, options?: ErrorOptions) {
    super(`MountVolume.SetUp failed for volume "${volume}" : ${message}`, options)
    this.volume = volume
  }
}

export interface VolumeManagerOptions {
  readonly host: VolumeHost
  readonly client: Client
  readonly config: ConfigSource
  readonly tokens: TokenManager
  readonly rootDir: string
  /** Volumes of kinds that need a driver are simply there: nothing runs that would use them. */
  readonly simulated: boolean
}

/** What a pod's fsGroup may read, whatever the files' own modes. */
function readableByGroup(payload: Payload): Payload {
  return new Map([...payload].map(([path, { data, mode }]) => [path, { data, mode: mode | 0o440 }]))
}

export class VolumeManager {
  readonly #options: VolumeManagerOptions

  constructor(options: VolumeManagerOptions) {
    this.#options = options
  }

  podDirectory(podUid: string): string {
    return `${this.#options.rootDir}/pods/${podUid}`
  }

  async mount(pod: Pod, around: PodSurroundings): Promise<Map<string, MountedVolume>> {
    const mounted = new Map<string, MountedVolume>()
    for (const volume of pod.spec?.volumes ?? []) {
      try {
        mounted.set(volume.name, await this.#mountOne(pod, volume, around))
      } catch (error) {
        throw error instanceof MountError
          ? error
          : new MountError(volume.name, (error as Error).message, { cause: error })
      }
    }
    return mounted
  }

  async unmount(podUid: string): Promise<void> {
    this.#options.tokens.forgetPod(podUid)
    await this.#options.host.remove(this.podDirectory(podUid))
  }

  async #mountOne(pod: Pod, volume: Volume, around: PodSurroundings): Promise<MountedVolume> {
    const { host, config, tokens } = this.#options
    const gid = pod.spec?.securityContext?.fsGroup
    const at = (plugin: string) =>
      `${this.podDirectory(pod.metadata?.uid ?? '')}/volumes/kubernetes.io~${plugin}/${volume.name}`
    const mounted = (hostPath: string, readOnly = false): MountedVolume => ({ name: volume.name, hostPath, readOnly })

    if (volume.emptyDir) {
      const path = at('empty-dir')
      const options = { mode: 0o777, ...(gid !== undefined ? { gid } : {}) }
      const { medium, sizeLimit } = volume.emptyDir
      if (medium === 'Memory')
        await host.mountMemory(path, {
          ...options,
          ...(sizeLimit && parseQuantity(sizeLimit).value() > 0 ? { sizeBytes: parseQuantity(sizeLimit).value() } : {}),
        })
      else await host.makeDirectory(path, options)
      return mounted(path)
    }
    if (volume.hostPath) {
      const { path, type = '' } = volume.hostPath
      await host.checkHostPath(path, type as HostPathType)
      return mounted(path)
    }
    // The runtime mounts these.
    if (volume.image) return mounted('', true)
    const payload = await volumePayload({ pod, config, tokens, around }, volume)
    if (payload) {
      const plugin = volume.configMap
        ? 'configmap'
        : volume.secret
          ? 'secret'
          : volume.downwardAPI
            ? 'downward-api'
            : 'projected'
      const path = at(plugin)
      const options = { mode: plugin === 'configmap' ? 0o777 : 0o1777 }
      // What may be secret never reaches a disk.
      if (plugin === 'configmap') await host.makeDirectory(path, options)
      else await host.mountMemory(path, options)
      const uid = commonRunAsUser(pod)
      await host.writePayload(path, gid === undefined ? payload : readableByGroup(payload), {
        ...(gid !== undefined ? { gid } : {}),
        ...(uid !== undefined && volume.projected ? { uid } : {}),
      })
      return mounted(path, true)
    }
    if (volume.persistentVolumeClaim || volume.ephemeral)
      return mounted(await this.#claimPath(pod, volume), volume.persistentVolumeClaim?.readOnly === true)
    if (this.#options.simulated) return mounted(at('simulated'))
    if (Object.keys(volume).length === 1) {
      await host.makeDirectory(at('empty-dir'), { mode: 0o777 })
      return mounted(at('empty-dir'))
    }
    const kind = Object.keys(volume).find(key => key !== 'name')
    throw new Error(`no volume plugin matched: volumes of kind ${kind} are not supported on this node`)
  }

  /** Claims whose volume is a path on this machine. */
  async #claimPath(pod: Pod, volume: Volume): Promise<string> {
    const { client, host, simulated } = this.#options
    const name = volume.persistentVolumeClaim?.claimName ?? `${pod.metadata?.name}-${volume.name}`
    const claim = await client.resource(persistentVolumeClaims).namespace(pod.metadata?.namespace).get(name)
    const bound = claim.spec?.volumeName
    if (!bound || claim.status?.phase !== 'Bound')
      throw new Error(`error processing PVC ${pod.metadata?.namespace}/${name}: PVC is not bound`)
    const persistent = await client.resource(persistentVolumes).get(bound)
    const { hostPath, local } = persistent.spec ?? {}
    if (hostPath) {
      await host.checkHostPath(hostPath.path, (hostPath.type ?? '') as HostPathType)
      return hostPath.path
    }
    if (local) return local.path
    if (simulated) return `${this.podDirectory(pod.metadata?.uid ?? '')}/volumes/simulated/${volume.name}`
    throw new Error(`no volume plugin matched: the kind of persistent volume "${bound}" is not supported on this node`)
  }
}
