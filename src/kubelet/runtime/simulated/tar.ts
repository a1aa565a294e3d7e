// `tar` in a simulated container, as far as `kubectl cp` uses it: `tar cf - <path>` and `tar xmf - [-C <directory>]`.

import { extract, pack } from 'tar-stream'
import type { SimulatedFiles } from './files.ts'

export interface TarRequest {
  readonly action: 'create' | 'extract'
  readonly directory: string
  readonly paths: readonly string[]
}

/** What the arguments ask for; undefined when it is more than is simulated. */
export function readTarArguments(args: readonly string[], workingDirectory: string): TarRequest | undefined {
  let flags = ''
  let directory = workingDirectory
  let archive: string | undefined
  const paths: string[] = []
  const rest = [...args]
  const first = rest[0]
  if (first && /^[a-zA-Z]+$/.test(first)) rest[0] = `-${first}`
  while (rest.length > 0) {
    const arg = rest.shift()!
    if (/^--no-same-(permissions|owner)$/.test(arg)) continue
    if (arg === '-C') directory = rest.shift() ?? directory
    else if (/^-[a-zA-Z]+$/.test(arg)) {
      flags += arg.slice(1)
      if (arg.endsWith('f')) archive = rest.shift()
    } else paths.push(arg)
  }
  if (archive !== '-' || /[^cxmfpvh]/.test(flags)) return undefined
  const action = flags.includes('x') ? 'extract' : flags.includes('c') ? 'create' : undefined
  return action && { action, directory, paths }
}

/** Writes the archive; answers with what was not there. */
export async function createArchive(
  files: SimulatedFiles,
  paths: readonly { readonly given: string; readonly absolute: string }[],
  now: number,
  write: (chunk: Uint8Array) => void,
): Promise<string[]> {
  const archive = pack()
  const missing: string[] = []
  const mtime = new Date(now)
  const written = (async () => {
    for await (const chunk of archive) write(chunk as Uint8Array)
  })()
  for (const { given, absolute } of paths) {
    const isDirectory = files.isDirectory(absolute)
    if (!isDirectory && files.read(absolute) === undefined) {
      missing.push(given)
      continue
    }
    // Archives have no absolute names.
    const name = given.replace(/^\/+/, '').replace(/\/$/, '') || '.'
    if (isDirectory) archive.entry({ name: `${name}/`, type: 'directory', mode: 0o755, mtime })
    for (const path of files.walk(absolute)) {
      const below = path === absolute ? name : `${name}${path.slice(absolute === '/' ? 0 : absolute.length)}`
      const content = files.read(path)
      if (content) archive.entry({ name: below, mode: files.mode(path), mtime }, Buffer.from(content))
      else archive.entry({ name: `${below}/`, type: 'directory', mode: 0o755, mtime })
    }
  }
  archive.finalize()
  await written
  return missing
}

/** Reads an archive and writes what it holds, by absolute paths. */
export async function extractArchive(
  files: SimulatedFiles,
  input: AsyncIterable<Uint8Array>,
  absolute: (name: string) => string,
): Promise<void> {
  const archive = extract()
  const feeding = (async () => {
    for await (const chunk of input) if (!archive.write(Buffer.from(chunk))) await drained(archive)
    archive.end()
  })().catch(error => archive.destroy(error))
  for await (const entry of archive) {
    const path = absolute(entry.header.name)
    if (entry.header.type === 'directory') {
      files.makeDirectory(path)
      entry.resume()
      continue
    }
    const chunks: Uint8Array[] = []
    for await (const chunk of entry) chunks.push(chunk as Uint8Array)
    if (entry.header.type === 'file') files.write(path, Buffer.concat(chunks), entry.header.mode)
  }
  await feeding
}

function drained(archive: ReturnType<typeof extract>): Promise<void> {
  return new Promise(resolve => {
    archive.once('drain', () => resolve())
    archive.once('close', () => resolve())
  })
}
