// The package, built as `npm run build` does, in a temporary directory: for tests that run it as a user does.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** Answers the path of the `k8ts` program, and how to remove it. */
export async function buildProgram(): Promise<{ readonly program: string; remove(): void }> {
  const built = mkdtempSync(join(tmpdir(), 'k8ts-built-'))
  await promisify(execFile)(process.execPath, [join(root, 'scripts/build.mjs'), join(built, 'dist')])
  symlinkSync(join(root, 'node_modules'), join(built, 'node_modules'))
  return { program: join(built, 'dist/k8ts.js'), remove: () => rmSync(built, { recursive: true, force: true }) }
}
