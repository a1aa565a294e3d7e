// `npm run bench`: builds the package and the benchmarks, then runs them. Arguments go to bench/bench.ts.

import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildPackage } from './build.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
await buildPackage()
await build({
  absWorkingDir: root,
  entryPoints: ['bench/bench.ts', 'bench/load.ts', 'bench/schedule.ts'],
  outdir: '.tmp/bench',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
})
const { status } = spawnSync(process.execPath, ['.tmp/bench/bench.js', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, K8TS_ROOT: root },
})
process.exit(status ?? 1)
