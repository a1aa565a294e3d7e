// GET /metrics: the few of the kubelet's metrics that are known without statistics, in Prometheus' text format.

import type { PodProvider } from './pod-provider.ts'

export function kubeletMetrics(nodeName: string, pods: PodProvider, startedAt: number): string {
  let running = 0
  const containers = { created: 0, exited: 0, running: 0, unknown: 0 }
  for (const pod of pods.pods()) {
    const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {}
    let alive = false
    for (const { state } of [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses]) {
      if (state?.running) {
        containers.running++
        alive = true
      } else if (state?.terminated) containers.exited++
    }
    if (alive) running++
  }
  return [
    gauge('kubelet_node_name', "[ALPHA] The node's name. The count is always 1.", [[`node="${nodeName}"`, 1]]),
    gauge(
      'kubelet_running_containers',
      '[ALPHA] Number of containers currently running',
      Object.entries(containers).map(([state, count]) => [`container_state="${state}"`, count]),
    ),
    gauge('kubelet_running_pods', '[ALPHA] Number of pods that have a running pod sandbox', [['', running]]),
    gauge('process_start_time_seconds', '[ALPHA] Start time of the process since unix epoch in seconds.', [
      ['', startedAt / 1000],
    ]),
  ].join('')
}

function gauge(name: string, help: string, samples: readonly (readonly [labels: string, value: number])[]): string {
  const lines = samples.map(([labels, value]) => `${name}${labels && `{${labels}}`} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`
}
