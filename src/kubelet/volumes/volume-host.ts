// Where a pod's volumes are: directories on this machine's disk, or (for simulated nodes) nowhere but in memory.
//
// Comes in: what should be at a path. Goes out: that it is there. Paths are absolute; every call may be repeated.

/** Files of a volume that appear and change all at once, by their path in it. */
export type Payload = ReadonlyMap<string, { readonly data: Uint8Array; readonly mode: number }>

export interface DirectoryOptions {
  readonly mode: number
  /** Owns the directory and what is made in it (fsGroup). */
  readonly gid?: number
}

/** What a hostPath volume's `type` asks for. */
export type HostPathType =
  | ''
  | 'DirectoryOrCreate'
  | 'Directory'
  | 'FileOrCreate'
  | 'File'
  | 'Socket'
  | 'CharDevice'
  | 'BlockDevice'

export interface VolumeHost {
  makeDirectory(path: string, options: DirectoryOptions): Promise<void>
  /** A directory in memory; `sizeBytes` limits it. */
  mountMemory(path: string, options: DirectoryOptions & { readonly sizeBytes?: number }): Promise<void>
  /** Makes the volume's files be the payload's, all at once; true when anything changed. */
  writePayload(
    path: string,
    payload: Payload,
    owner: { readonly uid?: number; readonly gid?: number },
  ): Promise<boolean>
  /** Throws an Error with upstream's message when the path isn't what the type asks for. */
  checkHostPath(path: string, type: HostPathType): Promise<void>
  /** The real path of a part of a volume; makes a directory when there is nothing. Throws when it leads outside. */
  subPath(volumePath: string, subPath: string): Promise<string>
  writeFile(path: string, data: string, mode: number): Promise<void>
  /** Undefined when there is no such file. At most `limit` bytes, from the end. */
  readTail(path: string, limit: number): Promise<string | undefined>
  /** The names in a directory; none when it isn't there. */
  list(path: string): Promise<readonly string[]>
  /** Unmounts what is mounted below and removes everything. */
  remove(path: string): Promise<void>
}
