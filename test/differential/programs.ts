// Upstream's kube-apiserver, built by test/stock/build.sh where nobody names one that is built already.

import { join } from 'node:path'
import { runOrThrow } from '../e2e/environment/process.ts'

const sources = new URL('../stock', import.meta.url).pathname

/** The program's path. Some minutes the first time, seconds afterwards. */
export async function stockApiServer(): Promise<string> {
  const given = process.env['K8TS_STOCK_BIN']
  if (given !== undefined) return join(given, 'kube-apiserver')
  const built = join(process.env['K8TS_E2E_CACHE'] ?? '/var/cache/k8ts-e2e', 'stock')
  await runOrThrow('bash', [join(sources, 'build.sh'), built], { timeout: 1_800_000 })
  return join(built, 'bin', 'kube-apiserver')
}
