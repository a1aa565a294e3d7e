// GET /logs/…: files and directories below the node's log directory.

import { createReadStream } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { HttpError } from './http-error.ts'

/** The path is what follows /logs/, decoded. */
export async function serveSystemLogs(directory: string, path: string, response: ServerResponse): Promise<void> {
  const notFound = new HttpError(404, '404 page not found')
  if (path.includes('\0')) throw notFound
  const wanted = join(directory, join('/', path))
  let resolved: string
  try {
    // Links may not lead out of the directory.
    const root = await realpath(directory)
    resolved = await realpath(wanted)
    if (resolved !== root && !resolved.startsWith(root + sep)) throw notFound
  } catch {
    throw notFound
  }
  const info = await stat(resolved)
  if (info.isDirectory()) {
    const entries = await readdir(resolved, { withFileTypes: true })
    const names = entries.map(entry => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort()
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(
      `<pre>\n${names.map(name => `<a href="${encodeURI(name)}">${escapeHtml(name)}</a>\n`).join('')}</pre>\n`,
    )
    return
  }
  if (!info.isFile()) throw notFound
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  await pipeline(createReadStream(resolved), response)
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
