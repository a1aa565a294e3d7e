// /metrics: what the server counts, in Prometheus' text form, under upstream's names.

import type { Dispatcher } from '../dispatcher.ts'
import type { ServerContext } from '../server-context.ts'
import { versionInfo } from './version.ts'

export function registerMetrics(dispatcher: Dispatcher, server: ServerContext): void {
  dispatcher.register('/metrics', () => ({
    status: 200,
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    body: Buffer.from(render(server)),
  }))
}

function render(server: ServerContext): string {
  const lines: string[] = []
  const metric = (
    name: string,
    type: 'gauge' | 'counter',
    help: string,
    samples: readonly [labels: string, value: number][],
  ) => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
    for (const [labels, value] of samples) lines.push(`${name}${labels} ${value}`)
  }
  const memory = process.memoryUsage()
  const cpu = process.cpuUsage()
  const counts = new Map<string, number>()
  for (const { storage } of server.registry.resources())
    if (storage)
      counts.set(
        `{group="${storage.declaration.group}",resource="${storage.declaration.resource}"}`,
        storage.cache.size,
      )
  metric('apiserver_resource_objects', 'gauge', 'Number of stored objects at the time of last check split by kind.', [
    ...counts,
  ])
  metric('kubernetes_build_info', 'gauge', 'What this server is, as labels of a constant 1.', [
    [`{git_version="${versionInfo.gitVersion}",major="${versionInfo.major}",minor="${versionInfo.minor}"}`, 1],
  ])
  metric('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', [
    ['', (cpu.user + cpu.system) / 1e6],
  ])
  metric('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', [['', memory.rss]])
  return `${lines.join('\n')}\n`
}
