// Builds what the package ships: the command line and the library as bundles, and the field descriptions.

import { chmodSync, existsSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { writeDescriptions } from './descriptions.mjs'

const self = fileURLToPath(import.meta.url)
const root = join(dirname(self), '..')

/** Into the directory: dist, unless told. */
export async function buildPackage(dist = join(root, 'dist')) {
  // Beside it first: a build that fails, or a cluster that runs, must not find half of it.
  const out = `${dist}.new`
  rmSync(out, { recursive: true, force: true })
  await build({
    absWorkingDir: root,
    entryPoints: [
      { in: 'src/cli/k8ts.ts', out: 'k8ts' },
      { in: 'src/cluster/index.ts', out: 'index' },
    ].filter(({ in: file }) => existsSync(join(root, file))),
    outdir: out,
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    // What is native, or finds files beside itself, stays in node_modules; the rest loads in half the time from one file.
    external: ['lmdb', 'pino', '@grpc/grpc-js', 'bufferutil', 'utf-8-validate'],
    sourcemap: 'linked',
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: 'warning',
    banner: {
      // Most of what a request makes is garbage at its end: with room for more of them at once, less of it is copied, and
      // pauses are shorter and fewer. The room is taken only under load. It can't be asked for later than at the start. Nor
      // can it be said later that what the start leaves behind is no reason to walk the heap (garbage-while-idle.ts).
      // CommonJS packages in the bundle still ask for Node's own modules by require.
      js: "#!/usr/bin/env -S node --v8-pool-size=1 --max-semi-space-size=32 --no-memory-reducer\nimport { createRequire as k8tsRequire } from 'node:module'; const require = k8tsRequire(import.meta.url);",
    },
  })
  writeDescriptions(join(out, 'descriptions.json'))
  chmodSync(join(out, 'k8ts.js'), 0o755)
  rmSync(dist, { recursive: true, force: true })
  renameSync(out, dist)
}

if (realpathSync(process.argv[1]) === self) await buildPackage(process.argv[2])
