// What is counted of the build and of the process itself, under the names of Prometheus' client libraries.

import { readdirSync, readFileSync } from 'node:fs'
import type { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { versionInfo } from './version.ts'

export function registerProcessMetrics(metrics: MetricsRegistry): void {
  registerBuild(metrics)
  const cpu = metrics.counter({
    name: 'process_cpu_seconds_total',
    help: 'Total user and system CPU time spent in seconds.',
  })
  const memory = metrics.gauge({ name: 'process_resident_memory_bytes', help: 'Resident memory size in bytes.' })
  const started = metrics.gauge({
    name: 'process_start_time_seconds',
    help: 'Start time of the process since unix epoch in seconds.',
  })
  started.with().set(performance.timeOrigin / 1000)
  metrics.onCollect(() => {
    const { user, system } = process.cpuUsage()
    cpu.with().value = (user + system) / 1e6
    memory.with().set(process.memoryUsage.rss())
  })
  if (process.platform === 'linux') registerSystemView(metrics)
}

function registerBuild(metrics: MetricsRegistry): void {
  const build = metrics.gauge({
    name: 'kubernetes_build_info',
    stability: 'BETA',
    help: "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
    labels: [
      ...['build_date', 'compiler', 'git_commit', 'git_tree_state', 'git_version'],
      ...['go_version', 'major', 'minor', 'platform'],
    ],
  })
  const { buildDate, compiler, gitCommit, gitTreeState, gitVersion, goVersion, major, minor, platform } = versionInfo
  build.with(buildDate, compiler, gitCommit, gitTreeState, gitVersion, goVersion, major, minor, platform).set(1)
  const compatibility = metrics.gauge({
    name: 'version_info',
    stability: 'ALPHA',
    help: 'Provides the compatibility version info of the component. The component label is the name of the component, usually kube, but is relevant for aggregated-apiservers.',
    labels: ['component', 'binary', 'emulation', 'min_compat'],
  })
  const { emulationMajor, emulationMinor, minCompatibilityMajor, minCompatibilityMinor } = versionInfo
  const emulation = `${emulationMajor}.${emulationMinor}`
  const binary = gitVersion.replace(/^v|\+.*/g, '')
  compatibility.with('kube', binary, emulation, `${minCompatibilityMajor}.${minCompatibilityMinor}`).set(1)
}

/** As the kernel sees the process: read when asked for. */
function registerSystemView(metrics: MetricsRegistry): void {
  const gauge = (name: string, help: string) => metrics.gauge({ name, help }).with()
  const open = gauge('process_open_fds', 'Number of open file descriptors.')
  const most = gauge('process_max_fds', 'Maximum number of open file descriptors.')
  const size = gauge('process_virtual_memory_bytes', 'Virtual memory size in bytes.')
  const largest = gauge('process_virtual_memory_max_bytes', 'Maximum amount of virtual memory available in bytes.')
  const counter = (name: string, help: string) => metrics.counter({ name, help }).with()
  const received = counter(
    'process_network_receive_bytes_total',
    'Number of bytes received by the process over the network.',
  )
  const sent = counter('process_network_transmit_bytes_total', 'Number of bytes sent by the process over the network.')
  const page = (name: string) => readFileSync(`/proc/self/${name}`, 'utf8')
  const limit = (limits: string, name: string) => {
    const [, soft = '0'] = new RegExp(`^${name} +(\\S+)`, 'm').exec(limits) ?? []
    return soft === 'unlimited' ? unlimited : Number(soft)
  }
  metrics.onCollect(() => {
    try {
      open.set(readdirSync('/proc/self/fd').length)
      const limits = page('limits')
      most.set(limit(limits, 'Max open files'))
      largest.set(limit(limits, 'Max address space'))
      size.set(1024 * Number(/^VmSize:\s+(\d+)/m.exec(page('status'))?.[1] ?? 0))
      const interfaces = page('net/dev').split('\n').slice(2, -1)
      const column = (index: number) =>
        interfaces.reduce((sum, line) => sum + Number(line.replace(/^.*:/, '').trim().split(/\s+/)[index]), 0)
      received.value = column(0)
      sent.value = column(8)
    } catch {
      // A system that does not tell: what was known stays.
    }
  })
}

const unlimited = 2 ** 64
