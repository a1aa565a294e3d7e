// metrics-server, built in: serves metrics.k8s.io, which autoscalers and `kubectl top` ask.
//
// Comes in: the kubelets' stats, read every 15 seconds (`scrape.ts`). Goes out: NodeMetrics and PodMetrics, computed when
// somebody asks, and an APIService of the name that the add-on's has, so that installing that takes over.

import { apiServices } from '../../api/apiregistration/v1/apiservice.ts'
import { type Node, nodes } from '../../api/core/v1/node.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { nodeMetrics, podMetrics } from '../../api/metrics/v1beta1/metrics.ts'
import { clusterRoles } from '../../api/rbac/v1/clusterrole.ts'
import { apiVersionOf, type KubeObject, type ResourceDeclaration } from '../../api/resource.ts'
import { answerList, answerObject } from '../../apiserver/registry/answers.ts'
import type { Registry, SubresourceHandler } from '../../apiserver/registry/registry.ts'
import { selectionOf } from '../../apiserver/registry/selection.ts'
import { strategyOf } from '../../apiserver/registry/strategies/strategies.ts'
import { encodeForStore, StoredObject } from '../../apiserver/watchcache/stored-object.ts'
import type { Client } from '../../client/client.ts'
import type { Summary } from '../../kubelet/server/stats-summary.ts'
import { formatDuration } from '../../machinery/duration.ts'
import type { Env, Timer } from '../../machinery/env/env.ts'
import { Quantity, quantityOf } from '../../machinery/quantity.ts'
import { notFound } from '../../machinery/status-error.ts'
import { formatTime } from '../../machinery/time.ts'
import { createUnlessThere } from '../create-unless-there.ts'
import { between, type Measured, type PodUsage, podUsages, readSummary, type Usage } from './scrape.ts'

/** --metric-resolution. */
const resolutionMs = 15_000

export class MetricsServer {
  readonly #env: Env
  readonly #client: Client
  readonly #registry: Registry
  #summaries = new Map<string, Summary>()
  #nodes = new Map<string, Measured<Usage>>()
  #pods = new Map<string, Measured<PodUsage>>()
  #timer: Timer | undefined
  #scraping: Promise<void> = Promise.resolve()

  constructor({ env, client, registry }: { env: Env; client: Client; registry: Registry }) {
    this.#env = env
    this.#client = client
    this.#registry = registry
  }

  async start(): Promise<void> {
    this.#serve(nodeMetrics, (_, name) => this.#nodeObject(name))
    this.#serve(podMetrics, (namespace, name) => this.#podObject(namespace, name))
    await this.#register()
    this.#timer = this.#env.clock.setInterval(() => {
      this.#scraping = this.#scrape().catch(error =>
        this.#env.log.warn('Failed to scrape nodes', { error: String(error) }),
      )
    }, resolutionMs)
  }

  async stop(): Promise<void> {
    this.#timer?.cancel()
    await this.#scraping
  }

  async #register(): Promise<void> {
    const { group, version } = nodeMetrics
    await createUnlessThere(() =>
      this.#client.resource(apiServices).create({
        metadata: { name: `${version}.${group}`, labels: { 'k8s-app': 'metrics-server' } },
        spec: { group, version, groupPriorityMinimum: 100, versionPriority: 100 },
      }),
    )
    await createUnlessThere(() =>
      this.#client.resource(clusterRoles).create({
        metadata: {
          name: 'system:aggregated-metrics-reader',
          labels: {
            'k8s-app': 'metrics-server',
            ...Object.fromEntries(
              ['admin', 'edit', 'view'].map(role => [`rbac.authorization.k8s.io/aggregate-to-${role}`, 'true']),
            ),
          },
        },
        rules: [{ apiGroups: [group], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }],
      }),
    )
  }

  async #scrape(): Promise<void> {
    const names = [...this.#registry.storage('nodes').cache.all()].map(({ name }) => name)
    const before = this.#summaries
    const after = new Map<string, Summary>()
    const nodeUsages = new Map<string, Measured<Usage>>()
    const usages = new Map<string, Measured<PodUsage>>()
    await Promise.all(
      names.map(async name => {
        const summary = await readSummary(this.#client, name).catch(() => undefined)
        if (!summary) return
        after.set(name, summary)
        const previous = before.get(name)
        if (!previous) return
        const usage = between(previous.node, summary.node)
        if (usage) nodeUsages.set(name, usage)
        for (const [key, measured] of podUsages(previous, summary)) usages.set(key, measured)
      }),
    )
    this.#summaries = after
    this.#nodes = nodeUsages
    this.#pods = usages
  }

  #nodeObject(name: string): KubeObject | undefined {
    const node = this.#registry.storage('nodes').get('', name)?.object as unknown as Node | undefined
    const measured = this.#nodes.get(name)
    if (!node || !measured) return undefined
    return { ...head(nodeMetrics, node), ...when(measured), usage: amounts(measured.usage) }
  }

  #podObject(namespace: string, name: string): KubeObject | undefined {
    const pod = this.#registry.storage('pods').get(namespace, name)?.object as unknown as Pod | undefined
    const measured = this.#pods.get(`${namespace}/${name}`)
    if (!pod || !measured || measured.usage.uid !== pod.metadata.uid || pod.status.phase !== 'Running') return undefined
    const containers = measured.usage.containers.map(usage => ({ name: usage.name, usage: amounts(usage) }))
    return { ...head(podMetrics, pod), ...when(measured), containers }
  }

  #serve(declaration: ResourceDeclaration, object: (namespace: string, name: string) => KubeObject | undefined): void {
    const measured = declaration === nodeMetrics ? nodes : pods
    const stored = (namespace: string, name: string) => {
      const found = object(namespace, name)
      return found && StoredObject.dryRun(`${namespace}/${name}`, encodeForStore(found), found)
    }
    const get: SubresourceHandler = (server, resource, request) => {
      const { namespace, name } = request.info
      const found = stored(namespace, name)
      if (!found) throw notFound(declaration, namespace ? `${namespace}/${name}` : name)
      return answerObject(server, resource, request, found)
    }
    const list: SubresourceHandler = (server, resource, request) => {
      const selection = selectionOf(request, declaration)
      const storage = server.registry.storage(measured.resource)
      const chosen = storage.cache
        .range(storage.keyPrefix(request.info.namespace))
        .map(each => stored(each.namespace, each.name))
        .filter(each => each !== undefined)
        .filter(each => selection.matches(each))
      return answerList(server, resource, request, chosen, {})
    }
    this.#registry.add(declaration, strategyOf(declaration), { '': { get, list } })
  }
}

function head(declaration: ResourceDeclaration, { metadata }: Node | Pod): KubeObject {
  const { name, namespace, labels, creationTimestamp } = metadata
  return {
    apiVersion: apiVersionOf(declaration),
    kind: declaration.kind,
    metadata: { name: name!, ...(namespace && { namespace }), ...(labels && { labels }), creationTimestamp },
  }
}

const when = ({ at, windowMs }: Measured<unknown>) => ({
  timestamp: formatTime(at),
  window: formatDuration(BigInt(windowMs) * 1_000_000n),
})

const amounts = ({ cpuNanoCores, memoryBytes }: Usage) => ({
  cpu: new Quantity(cpuNanoCores, -9, 'DecimalSI').toString(),
  memory: quantityOf(memoryBytes, 'BinarySI').toString(),
})
