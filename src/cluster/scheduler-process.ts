// `k8ts scheduler`: kube-scheduler against any API server.

import { Scheduler } from '../scheduler/scheduler.ts'
import { type ComponentOptions, runComponent } from './component-process.ts'

export interface SchedulerProcessOptions extends ComponentOptions {
  readonly schedulerName?: string
}

export function runScheduler(options: SchedulerProcessOptions): Promise<void> {
  const { schedulerName } = options
  let scheduler: Scheduler | undefined
  return runComponent(
    {
      name: 'kube-scheduler',
      healthEndpoints: ['healthz', 'livez', 'readyz'],
      make: ({ env, client, metrics }) => {
        scheduler = new Scheduler({ env, client, metrics, ...(schedulerName && { schedulerName }) })
        return scheduler
      },
      health: [
        {
          name: 'sched-handler-sync',
          of: ['readyz'],
          check: () => (scheduler?.synced ? undefined : 'handlers are not fully synchronized'),
        },
      ],
    },
    options,
  )
}
