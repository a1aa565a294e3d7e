// What tests of admission stand on: objects in a map, and the default plugins before them.

import type { KubeObject, ResourceDeclaration } from '../../../api/resource.ts'
import { type VirtualEnv, virtualEnv } from '../../../machinery/env/virtual-env.ts'
import { MetricsRegistry } from '../../../machinery/metrics/metrics.ts'
import type { AdmissionAttributes, AdmissionLister, AdmissionServices } from '../admission.ts'
import { AdmissionMetrics } from '../admission-metrics.ts'
import { AdmissionChain } from '../chain.ts'
import { defaultAdmissionPlugins } from '../default-plugins.ts'

/** A cluster as admission sees it. */
export class Objects implements AdmissionLister {
  readonly #objects = new Map<string, KubeObject>()

  put(resource: string, namespace: string, name: string, more: Record<string, any> = {}): void {
    const { metadata, ...rest } = more
    const object = {
      ...rest,
      metadata: { name, namespace: namespace || undefined, uid: `uid-of-${name}`, ...metadata },
    }
    this.#objects.set(`${resource} ${namespace}/${name}`, deepFrozen(object))
  }

  get(resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.#objects.get(`${resource} ${namespace}/${name}`)
  }

  count(resource: string): number {
    return [...this.list(resource, '')].length
  }

  *list(resource: string, namespace: string): Generator<KubeObject> {
    for (const [key, object] of this.#objects) if (key.startsWith(`${resource} ${namespace}`)) yield object
  }
}

export function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const each of Object.values(value)) deepFrozen(each)
    Object.freeze(value)
  }
  return value
}

export interface Request extends Partial<Omit<AdmissionAttributes, 'resource'>> {
  readonly resource?: string
}

export const services = (env: VirtualEnv): AdmissionServices => ({
  env,
  authorizer: { authorize: () => ({ allowed: true, reason: '' }) },
  served: { resources: () => [] },
  metrics: new AdmissionMetrics(new MetricsRegistry(), env.clock),
  webhooks: { post: () => Promise.reject(new Error('there are no webhooks')) },
  writeQuota: async () => true,
  createNamespace: () => Promise.reject(new Error('namespaces are not created here')),
})

export function cluster() {
  const env: VirtualEnv = virtualEnv()
  const objects = new Objects()
  objects.put('namespaces', '', 'dev', { status: { phase: 'Active' } })
  objects.put('serviceaccounts', 'dev', 'default')
  const of = services(env)
  const chain = new AdmissionChain(defaultAdmissionPlugins(of), objects, of.metrics)

  function attributes(request: Request): AdmissionAttributes {
    const [resource = '', ...group] = (request.resource ?? 'pods').split('.')
    const name = request.object?.metadata.name ?? request.oldObject?.metadata.name ?? ''
    return {
      operation: 'CREATE',
      subresource: '',
      namespace: 'dev',
      name,
      object: undefined,
      oldObject: undefined,
      user: { name: 'alice', groups: [] },
      dryRun: false,
      options: undefined,
      lister: objects,
      warn: () => {},
      annotate: () => {},
      ...request,
      resource: { resource, group: group.join('.'), version: 'v1', kind: '' } as unknown as ResourceDeclaration,
    }
  }

  /** Both phases; the object as it would be written. */
  async function write(request: Request): Promise<KubeObject> {
    const written = attributes({ ...request, object: structuredClone(request.object) })
    await chain.admit(written)
    await chain.validate(written)
    return written.object!
  }
  return { env, objects, chain, attributes, write }
}

export const pod = (spec: object = {}, metadata: object = {}): KubeObject => ({
  metadata: { name: 'p', namespace: 'dev', ...metadata },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
})
export const plain = (object: KubeObject): KubeObject => JSON.parse(JSON.stringify(object))
