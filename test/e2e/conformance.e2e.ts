// Upstream's own conformance tests of the API, as they are, against `k8ts up` with simulated nodes: see test/conformance.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { K8ts } from './environment/k8ts.ts'
import { describe as described, run, runOrThrow } from './environment/process.ts'

const built = join(process.env['K8TS_E2E_CACHE'] ?? '/var/cache/k8ts-e2e', 'conformance')

/** Whose conformance tests are run, and what of each. */
const subjects: Readonly<Record<string, readonly string[]>> = {
  'sig-api-machinery': [''],
  'sig-architecture': [''],
  'sig-auth': [''],
  'sig-instrumentation': [''],
  'sig-network': [
    'API Server',
    'Endpoint',
    'Ingress',
    'ServiceCIDR',
    'Services should (complete a service status|delete a collection|find a service)',
  ],
  'sig-node': [
    'ConfigMap should (fail|run|update)',
    'Lease',
    'Node Lifecycle',
    'PodTemplates',
    'Pods should (delete a collection|patch|run through)',
    'RuntimeClass should (reject|support)',
    'Secrets should (fail|patch)',
  ],
  'sig-scheduling': ['LimitRange'],
  'sig-storage': ['CSI', '(ConfigMap|Secrets) should be immutable', 'PersistentVolumes', 'StorageClasses', 'VolumeA'],
}

const left = [
  // Containers that really run: webhooks, other API servers, programs that look at their mounts or at the network.
  'AdmissionWebhook',
  'ConversionWebhook',
  'CustomResourceFieldSelectors',
  'Aggregator',
  'ServiceAccounts should mount',
  'OIDC discovery',
  'EndpointSlice should support a Service',
  // Minutes of waiting: for the next round of the quota controller, for a compaction, for nothing to happen.
  'apply changes to a resourcequota status',
  'if the original version has been compacted',
  'watch on custom resource definition objects',
  // Each of these asks for all of OpenAPI again and again.
  'CustomResourcePublishOpenAPI.*(multiple CRDs|gets renamed)',
  // One after the other, which takes long.
  String.raw`\[Serial\]`,
]

let k8ts: K8ts
beforeAll(async () => {
  const build = new URL('../conformance/build.sh', import.meta.url).pathname
  await runOrThrow('bash', [build, built], { timeout: 1_800_000 })
  k8ts = await K8ts.start({ nodes: 2 })
}, 1_800_000)
afterAll(() => k8ts?.stop())

test('what needs no container passes', async () => {
  const focus = Object.entries(subjects).map(
    ([group, parts]) => String.raw`\[${group}\] (${parts.join('|')}).*\[Conformance\]`,
  )
  const result = await run(
    join(built, 'bin/ginkgo'),
    [
      '--procs=4',
      '--no-color',
      '--silence-skips',
      ...focus.map(pattern => `--focus=${pattern}`),
      ...left.map(pattern => `--skip=${pattern}`),
      `--output-dir=${k8ts.directory}`,
      '--json-report=report.json',
      // The machine is busy, and some of the tests give an answer only seconds.
      '--flake-attempts=2',
      join(built, 'bin/conformance.test'),
      '--',
      '--provider=skeleton',
      `--kubeconfig=${k8ts.kubeconfig}`,
      `--kubectl-path=${k8ts.kubectl().program}`,
    ],
    { env: { ...process.env, HOME: k8ts.directory }, timeout: 900_000 },
  )
  if (result.code !== 0) throw new Error(described(result))
  const [suite] = JSON.parse(await readFile(join(k8ts.directory, 'report.json'), 'utf8'))
  const states = suite.SpecReports.filter(
    (report: any) => report.LeafNodeType === 'It' && report.State !== 'skipped',
  ).map((report: any) => report.State)
  expect(new Set(states)).toEqual(new Set(['passed']))
  expect(states).toHaveLength(88)
}, 960_000)
