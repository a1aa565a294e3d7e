// Volumes of a simulated node: nothing touches the disk. Payloads are kept only as long as their pod.

import type { MountedFiles } from '../runtime/simulated/files.ts'
import type { Payload, VolumeHost } from './volume-host.ts'

export class MemoryVolumeHost implements VolumeHost, MountedFiles {
  readonly #payloads = new Map<string, Payload>()
  readonly #files = new Map<string, string>()

  /** What a container of the pod would read there. */
  read(volumePath: string, file: string): Uint8Array | undefined {
    const data = this.#payloads.get(volumePath)?.get(file)?.data
    if (data) return data
    const text = this.#files.get(`${volumePath}/${file}`)
    return text === undefined ? undefined : Buffer.from(text, 'utf8')
  }

  /** The files of a volume. */
  files(volumePath: string): string[] {
    return [...(this.#payloads.get(volumePath)?.keys() ?? [])]
  }

  async makeDirectory(): Promise<void> {}
  async mountMemory(): Promise<void> {}

  async writePayload(path: string, payload: Payload): Promise<boolean> {
    const before = this.#payloads.get(path)
    this.#payloads.set(path, payload)
    return !before || !samePayload(before, payload)
  }

  async checkHostPath(): Promise<void> {}

  async subPath(volumePath: string, subPath: string): Promise<string> {
    return `${volumePath}/${subPath}`
  }

  async writeFile(path: string, data: string): Promise<void> {
    // Termination logs and hosts files: nothing runs that would read an empty or a fixed one.
    if (data !== '') this.#files.set(path, data)
  }

  async readTail(path: string, limit: number): Promise<string | undefined> {
    return this.#files.get(path)?.slice(-limit)
  }

  async list(): Promise<readonly string[]> {
    return []
  }

  async remove(path: string): Promise<void> {
    const prefix = `${path}/`
    for (const map of [this.#payloads, this.#files])
      for (const key of map.keys()) if (key === path || key.startsWith(prefix)) map.delete(key)
  }
}

export function samePayload(a: Payload, b: Payload): boolean {
  if (a.size !== b.size) return false
  for (const [path, file] of a) {
    const other = b.get(path)
    if (!other || other.mode !== file.mode || Buffer.compare(other.data, file.data) !== 0) return false
  }
  return true
}
