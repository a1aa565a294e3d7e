// `npm run bench`: builds the package and the benchmarks, then runs them. Arguments go to bench/bench.ts; with `cost` as
// the first one (`npm run bench -- cost`), to bench/cost.ts.

import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildPackage } from './build.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
await buildPackage()
await build({
  absWorkingDir: root,
  entryPoints: ['bench', 'cost', 'deployment', 'load', 'request-checks', 'schedule'].map(name => `bench/${name}.ts`),
  outdir: '.tmp/bench',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
})
const cost = process.argv[2] === 'cost'
const program = `.tmp/bench/${cost ? 'cost' : 'bench'}.js`
const { status } = spawnSync(process.execPath, [program, ...process.argv.slice(cost ? 3 : 2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, K8TS_ROOT: root },
})
process.exit(status ?? 1)
