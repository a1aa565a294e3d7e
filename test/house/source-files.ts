// The source files, for the checks on the house itself.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const sources = fileURLToPath(new URL('../../src', import.meta.url))

export function sourceFiles({ tests }: { tests: boolean }): string[] {
  return readdirSync(sources, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => join(entry.parentPath, entry.name))
    .filter(file => tests || !(/\.test\.ts$/.test(file) || /\/testing\b/.test(file)))
    .sort()
}
