// The files of a simulated container: what its volumes hold, and on top of them what was written into it (`kubectl cp`,
// `mkdir`). In memory, and gone with the container.

import type { Mount } from '../cri/container.ts'

/** What a simulated node's volumes hold: by the host's path of a mount, and a file's path within it. */
export interface MountedFiles {
  read(hostPath: string, file: string): Uint8Array | undefined
  /** The files below, by their paths within the mount. */
  files(hostPath: string): readonly string[]
}

export const nothingMounted: MountedFiles = { read: () => undefined, files: () => [] }

/** Directories that every image has. */
const always = ['/', '/bin', '/dev', '/etc', '/home', '/opt', '/proc', '/root', '/run', '/sys', '/tmp', '/usr', '/var']

/** More than this is not kept in a container's memory. */
const mostBytes = 256 * 2 ** 20

export class SimulatedFiles {
  readonly #mounts: readonly Mount[]
  readonly #mounted: MountedFiles
  readonly #written = new Map<string, { readonly content: Uint8Array; readonly mode: number }>()
  readonly #directories = new Set(always)
  #bytes = 0

  constructor(mounts: readonly Mount[], mounted: MountedFiles, given: Readonly<Record<string, string>>) {
    // The innermost mount of a path is the one that counts.
    this.#mounts = [...mounts].sort((a, b) => b.containerPath!.length - a.containerPath!.length)
    this.#mounted = mounted
    for (const [path, text] of Object.entries(given)) this.write(path, new TextEncoder().encode(text))
  }

  read(path: string): Uint8Array | undefined {
    return this.#written.get(path)?.content ?? this.#mountedAt(path)
  }

  mode(path: string): number {
    return this.#written.get(path)?.mode ?? 0o644
  }

  isDirectory(path: string): boolean {
    if (this.#directories.has(path)) return true
    const below = path === '/' ? '/' : `${path}/`
    const isMount = this.#mounts.some(({ containerPath = '' }) => containerPath === path)
    return (isMount && this.#mountedAt(path) === undefined) || this.#paths().some(file => file.startsWith(below))
  }

  /** Whether it could be written: an Error says why not. */
  write(path: string, content: Uint8Array, mode = 0o644): void {
    const before = this.#written.get(path)?.content.length ?? 0
    if (this.#bytes - before + content.length > mostBytes) throw new Error('No space left on device')
    this.#bytes += content.length - before
    this.makeDirectory(parentOf(path))
    this.#written.set(path, { content, mode })
  }

  makeDirectory(path: string): void {
    for (let at = path; !this.#directories.has(at); at = parentOf(at)) {
      if (this.read(at) !== undefined) throw new Error('Not a directory')
      this.#directories.add(at)
    }
  }

  /** The path itself if it is a file; otherwise every file and directory below, in order. */
  walk(path: string): string[] {
    if (this.read(path) !== undefined) return [path]
    const below = path === '/' ? '/' : `${path}/`
    const found = [...this.#paths(), ...this.#directories].filter(at => at !== '/' && at.startsWith(below))
    return [...new Set(found)].sort()
  }

  /** The names in a directory. */
  names(path: string): string[] {
    const skip = path === '/' ? 1 : path.length + 1
    return [...new Set(this.walk(path).map(at => at.slice(skip).split('/')[0]!))].sort()
  }

  #paths(): string[] {
    const mounted = this.#mounts.flatMap(({ containerPath = '', hostPath = '' }) =>
      this.#mounted.files(hostPath).map(file => `${containerPath.replace(/\/$/, '')}/${file}`),
    )
    return [...this.#written.keys(), ...mounted]
  }

  #mountedAt(path: string): Uint8Array | undefined {
    const mount = this.#mounts.find(
      ({ containerPath = '' }) => path === containerPath || path.startsWith(`${containerPath.replace(/\/$/, '')}/`),
    )
    if (!mount) return undefined
    const { hostPath = '', containerPath = '' } = mount
    if (path !== containerPath)
      return this.#mounted.read(hostPath, path.slice(containerPath.replace(/\/$/, '').length + 1))
    // A single file is mounted: it is known by its directory and its name.
    const slash = hostPath.lastIndexOf('/')
    return this.#mounted.read(hostPath.slice(0, slash), hostPath.slice(slash + 1))
  }
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'
