// What is mounted below a directory: pods' volumes and containers' file systems outlive the programs that mounted them,
// and a directory cannot be removed while something is mounted in it.

import { readFile } from 'node:fs/promises'
import { run } from './process.ts'

export async function unmountAllBelow(directory: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map(line => line.split(' ')[1] ?? '')
  // The innermost first.
  for (const mount of mounts.filter(path => path.startsWith(`${directory}/`)).reverse())
    await run('umount', ['--lazy', mount])
}
