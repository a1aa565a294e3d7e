// A kubelet on a bench: virtual time, the simulated runtime, and as much of an API server as a kubelet talks to.

import type { Container } from '../../api/core/v1/container.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import { createClient } from '../../client/rest-client.ts'
import { MemoryTransport } from '../../client/testing/memory-transport.ts'
import { settledEnv } from '../../client/testing/settled-env.ts'
import type { ApiRequest, ApiResponse, WatchStream } from '../../client/transport.ts'
import { formatTime } from '../../machinery/time.ts'
import { Kubelet, type KubeletOptions } from '../kubelet.ts'
import { SimulatedRuntime } from '../runtime/simulated-runtime.ts'

/** Adds to the shared double what kubelets need: status patches that merge, tokens, and watches of one node's pods. */
export class KubeletApi extends MemoryTransport {
  readonly now: () => number

  constructor(now: () => number) {
    super()
    this.now = now
  }

  override async request(request: ApiRequest): Promise<ApiResponse> {
    if (this.faults(request)) return super.request(request)
    const path = request.path.replace(/\/status$/, '')
    const [current] = this.#at(path)
    if (request.method === 'PATCH' && current && 'status' in request.body!) {
      const { status } = request.body as { status: Record<string, any> }
      const { conditions = [], '$setElementOrder/conditions': _order, ...rest } = status
      const merged = new Map((current.status?.conditions ?? []).map((c: { type: string }) => [c.type, c]))
      for (const condition of conditions) merged.set(condition.type, condition)
      for (const key of ['addresses', 'podIPs', 'hostIPs'])
        if (rest[key]) rest[key] = rest[key].filter((item: object) => !('$patch' in item))
      this.requests.push(request)
      const next = { ...current, status: { ...current.status, ...rest, conditions: [...merged.values()] } }
      return { status: 200, headers: {}, body: this.put(path, next) }
    }
    if (request.method === 'POST' && path.endsWith('/token')) {
      this.requests.push(request)
      const expirationTimestamp = formatTime(this.now() + 3_600_000)
      return { status: 201, headers: {}, body: { status: { token: `token-${this.now()}`, expirationTimestamp } } }
    }
    return super.request(request)
  }

  override watch(request: ApiRequest, stream: WatchStream) {
    const node = String(request.query?.['fieldSelector'] ?? '').split('spec.nodeName=')[1]
    if (!node) return super.watch(request, stream)
    return super.watch(request, {
      event: event => {
        const bound = (event.object as Pod).spec?.nodeName
        if (event.type === 'BOOKMARK' || event.type === 'ERROR' || bound === node) stream.event(event)
      },
      end: error => stream.end(error),
    })
  }

  #at(path: string) {
    const name = path.slice(path.lastIndexOf('/') + 1)
    return this.contents(path.slice(0, path.lastIndexOf('/'))).filter(({ metadata }) => metadata.name === name)
  }
}

export class NodeBench {
  readonly env = settledEnv({ seed: 7 })
  readonly api = new KubeletApi(() => this.env.clock.now())
  readonly runtime = new SimulatedRuntime(this.env, { podCidr: '10.244.1.0/24' })
  readonly client = createClient(this.api)
  kubelet: Kubelet

  constructor(options: Partial<KubeletOptions> = {}) {
    this.kubelet = this.newKubelet(options)
  }

  newKubelet(options: Partial<KubeletOptions> = {}): Kubelet {
    return new Kubelet({
      nodeName: 'node-1',
      runtime: this.runtime,
      client: this.client,
      env: this.env,
      simulated: true,
      rootDir: '/var/lib/kubelet',
      addresses: [{ type: 'InternalIP', address: '192.168.1.10' }],
      ...options,
    })
  }

  /** Starts the kubelet, letting time pass while it does. */
  async start(kubelet = this.kubelet): Promise<void> {
    const started = kubelet.start()
    await this.env.clock.advance(500)
    await started
  }

  async stop(): Promise<void> {
    const stopped = this.kubelet.stop()
    await this.env.clock.advance(1000)
    await stopped
  }

  advance(seconds: number): Promise<void> {
    return this.env.clock.advance(seconds * 1000)
  }

  create(pod: Pod): void {
    this.api.put(`/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`, pod as any)
  }

  pod(name: string): Pod | undefined {
    return this.api.contents('/api/v1/namespaces/default/pods').find(({ metadata }) => metadata.name === name) as Pod
  }

  /** What a DELETE does to a pod that runs. */
  markDeleted(name: string, graceSeconds: number): void {
    const pod = this.pod(name)!
    const deletionTimestamp = formatTime(this.env.clock.now() + graceSeconds * 1000)
    this.create({ ...pod, metadata: { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: graceSeconds } })
  }

  /** Reasons and messages of the events recorded so far. */
  events(): string[] {
    return this.api.contents('/api/v1/events').map(event => `${event['reason']}: ${event['message']}`)
  }
}

export function testPod(
  name: string,
  spec: { containers?: Partial<Container>[] } & Record<string, any> = {},
  metadata = {},
): Pod {
  const complete = (container: Partial<Container>): Container => ({
    name: 'main',
    image: 'nginx:1.27',
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    resources: {},
    ...container,
  })
  const { containers = [{}], initContainers, ...rest } = spec
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: `uid-of-${name}`, generation: 1, ...metadata },
    spec: {
      nodeName: 'node-1',
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
      ...(initContainers ? { initContainers: initContainers.map(complete) } : {}),
      containers: containers.map(complete),
      ...rest,
    },
    status: { phase: 'Pending', qosClass: 'BestEffort' },
  } as Pod
}
