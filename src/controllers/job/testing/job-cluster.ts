// A cluster in which nothing runs a Job's pods: tests say how each ends. A new one for each test.

import { afterEach, beforeEach } from 'vitest'
import { type Job, jobs } from '../../../api/batch/v1/job.ts'
import { pods } from '../../../api/core/v1/pod.ts'
import { Cluster } from '../../../cluster/cluster.ts'

export function jobCluster() {
  let cluster: Cluster
  beforeEach(async () => {
    cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
  })
  afterEach(() => cluster.stop())

  const client = () => cluster.client.resource(jobs).namespace('default')
  const podClient = () => cluster.client.resource(pods).namespace('default')
  return {
    get cluster() {
      return cluster
    },
    client,
    podClient,
    settle: () => cluster.clock.advance('1s'),
    /** The Job `work`. */
    create: (spec: Partial<Job['spec']> = {}) =>
      client().create({
        metadata: { name: 'work' },
        spec: {
          template: { metadata: {}, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'app' }] } },
          ...spec,
        },
      }),
    status: async () => (await client().get('work')).status,
    /** Its pods that have not ended. */
    active: async () =>
      (await podClient().list()).items.filter(
        ({ status, metadata }) => status.phase === 'Pending' && !metadata.deletionTimestamp,
      ),
  }
}
