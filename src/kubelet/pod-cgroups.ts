// The cgroups of pods: the runtime makes them when it starts the first container; the kubelet removes them when the pod
// is gone.

import { readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'

/** `cgroup`: such as /kubepods/burstable/pod1234. Under every hierarchy there is (version 1), or the one (version 2). */
export async function removePodCgroup(cgroup: string, mountPoint = '/sys/fs/cgroup'): Promise<void> {
  const hierarchies = await readdir(mountPoint, { withFileTypes: true }).catch(() => [])
  const roots = [
    mountPoint,
    ...hierarchies.filter(entry => entry.isDirectory()).map(({ name }) => join(mountPoint, name)),
  ]
  for (const root of roots) await removeTree(join(root, cgroup))
}

/** Only directories can be removed from a cgroup file system, the deepest first. */
async function removeTree(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined)
  if (!entries) return
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(path, entry.name))
  await rmdir(path).catch(() => {})
}
