// Upstream's components with ours, both ways: its controller manager and scheduler over our API server, and ours over its
// API server. They must do the same work, and be refused nothing that they would not be refused at home.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { getPage } from '../api/http-client.ts'
import { controlPlaneTests } from './environment/control-plane-work.ts'
import { K8ts } from './environment/k8ts.ts'
import { eventually } from './environment/process.ts'
import {
  type AuditEvent,
  auditEvents,
  auditPolicy,
  buildStock,
  type Component,
  type ControlPlaneSite,
  type Make,
  StockApiServer,
  sitePki,
  startControllerManager,
  startNodes,
  startScheduler,
} from './environment/stock.ts'

beforeAll(buildStock, 1_800_000)

const components: Component[] = []
const stopComponents = async () => {
  for (const component of components.splice(0).reverse()) await component.stop()
}
async function startComponents(make: Make, site: ControlPlaneSite): Promise<void> {
  components.push(await startControllerManager(make, site), await startScheduler(make, site))
}

/** What the components asked for and did not get, that nobody should have asked for; each sort once. */
function unexpectedRefusals(events: readonly AuditEvent[]): string[] {
  const found = new Set<string>()
  for (const { verb, requestURI, user, objectRef, responseStatus } of events) {
    const isComponent = /^system:(kube-|serviceaccount:kube-system:)/.test(user.username)
    if (!isComponent || !responseStatus || responseStatus.code < 400) continue
    const { code, message = '' } = responseStatus
    if (isExpected(code, message, objectRef?.resource)) continue
    const what = objectRef ? [objectRef.resource, objectRef.subresource].filter(Boolean).join('/') : requestURI
    found.add(`${code} ${user.username} ${verb} ${what}: ${message}`)
  }
  return [...found]
}

function isExpected(code: number, message: string, resource: string | undefined): boolean {
  // Somebody else was faster, or the object is gone by now; or its kind is, with its definition.
  if (code === 409) return true
  if (code === 404) return !message.includes('could not find the requested resource') || resource === 'visits'
  if (code === 429) return resource === 'visits'
  // The tests ask for more than a quota has room for, and delete namespaces under everybody's hands.
  return code === 403 && /exceeded quota|because it is being terminated/.test(message)
}

/** What upstream's components call errors over upstream's own API server, too. */
const ordinaryErrors = [
  /The manifest file is empty, ignoring/,
  /read version: \d+ is not as new as written version/,
  /the object has been modified/,
  /exceeded quota/,
  /because it is being terminated/,
  /unexpected items still remain in namespace/,
  /the server could not find the requested resource/,
  /Status after running PostFilter plugins for pod/,
  /timed worker failed.* not found/,
]
const stockErrors = (log: string): string[] =>
  log.split('\n').filter(line => /^[EF]\d{4} /.test(line) && !ordinaryErrors.some(ordinary => ordinary.test(line)))
const ourErrors = (log: string): string[] => log.split('\n').filter(line => /^\{"level":[56]0,/.test(line))

// With K8TS_STOCK_REFERENCE upstream's own do the same first: whether the tests ask for what upstream does.
const makes: Make[] = process.env['K8TS_STOCK_REFERENCE'] ? ['stock', 'k8ts'] : ['k8ts']

describe.each(makes)("the controller manager and scheduler of %s over upstream's API server", make => {
  let server: StockApiServer
  let nodes: { stop(): Promise<void> }
  beforeAll(async () => {
    server = await StockApiServer.start()
    await startComponents(make, server)
    nodes = await startNodes(server, 2)
  })
  afterAll(async () => {
    await nodes?.stop()
    await stopComponents()
    await server?.stop()
  })

  controlPlaneTests(() => server.kubectl())

  test('they were refused nothing, and have no complaints', async () => {
    expect(unexpectedRefusals(await auditEvents(server.auditLog))).toEqual([])
    for (const component of components) expect((make === 'stock' ? stockErrors : ourErrors)(component.log)).toEqual([])
  })

  test('they say how they are, and what they have done, to whom the API server lets ask', async () => {
    for (const component of components) { const { name, port } = component
      await writeFile(`/tmp/k8ts/ctlm/${make}-${name}.log`, component.log)
      expect(await getPage(port, '/healthz')).toMatchObject({ status: 200, text: 'ok' })
      const refused = await getPage(port, '/metrics')
      expect([refused.status, refused.body.message]).toEqual([
        403,
        'forbidden: User "system:anonymous" cannot get path "/metrics"',
      ])
      expect((await getPage(port, '/metrics', { bearer: 'nobodys' })).status).toBe(401)
      const { text } = await getPage(port, '/metrics', { certificate: server.pki.admin })
      await writeFile(`/tmp/k8ts/ctlm/${make}-${name}.txt`, text)
    }
    // A service account's token is reviewed, and may read what its role says.
    const kubectl = server.kubectl()
    await kubectl.output('create', 'clusterrole', 'metrics', '--verb=get', '--non-resource-url=/metrics')
    await kubectl.output(
      'create',
      'clusterrolebinding',
      'metrics',
      '--clusterrole=metrics',
      '--serviceaccount=default:default',
    )
    const bearer = (await kubectl.output('create', 'token', 'default')).trim()
    await eventually(async () => expect((await getPage(components[0]!.port, '/metrics', { bearer })).status).toBe(200))
  })
})

const samples = {
  'controller-manager': [
    /^leader_election_master_status\{name="kube-controller-manager"\} 1$/m,
    /^running_managed_controllers\{manager="kube-controller-manager",name="deployment-controller"\} 1$/m,
    /^workqueue_adds_total\{name="deployment"\} [1-9]/m,
    /^workqueue_depth\{name="replicaset"\} \d/m,
    /^workqueue_queue_duration_seconds_count\{name="statefulset"\} [1-9]/m,
    /^workqueue_work_duration_seconds_count\{name="job"\} [1-9]/m,
    /^rest_client_requests_total\{code="201",host="127\.0\.0\.1:\d+",method="POST"\} [1-9]/m,
    /^job_controller_jobs_finished_total\{completion_mode="Indexed",reason="CompletionsReached",result="succeeded"\} 1$/m,
    /^job_controller_jobs_finished_total\{completion_mode="NonIndexed",reason="BackoffLimitExceeded",result="failed"\} 1$/m,
    /^cronjob_controller_job_creation_skew_duration_seconds_count [1-9]/m,
    /^endpoint_slice_controller_changes\{operation="create"\} [1-9]/m,
    /^node_collector_zone_size\{zone=".*"\} 2$/m,
    /^taint_eviction_controller_pod_deletions_total [1-9]/m,
    /^ttl_after_finished_controller_job_deletion_duration_seconds_count 1$/m,
  ],
  scheduler: [
    /^leader_election_master_status\{name="kube-scheduler"\} 1$/m,
    /^scheduler_schedule_attempts_total\{profile="default-scheduler",result="scheduled"\} [1-9]/m,
    /^scheduler_schedule_attempts_total\{profile="default-scheduler",result="unschedulable"\} [1-9]/m,
    /^scheduler_scheduling_attempt_duration_seconds_count\{profile="default-scheduler",result="scheduled"\} [1-9]/m,
    /^scheduler_framework_extension_point_duration_seconds_count\{extension_point="Filter",profile="default-scheduler",status="Success"\} [1-9]/m,
    /^scheduler_pending_pods\{queue="gated"\} 0$/m,
    /^scheduler_preemption_attempts_total [1-9]/m,
    /^scheduler_preemption_victims_count 1$/m,
    /^scheduler_queue_incoming_pods_total\{event="UnschedulablePodAdd",queue="active"\} [1-9]/m,
    /^scheduler_cache_size\{type="nodes"\} 2$/m,
  ],
}
