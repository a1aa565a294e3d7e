// The ConfigMap kube-system/extension-apiserver-authentication: how aggregated API servers authenticate those who reach
// them, through us or directly. What we say is added to what another API server has said, and put back when somebody
// takes it away.

import { configMaps } from '../../api/core/v1/configmap.ts'
import { namespaces } from '../../api/core/v1/namespace.ts'
import type { KubeObject } from '../../api/resource.ts'
import type { Client } from '../../client/client.ts'
import { processQueue, WorkQueue } from '../../client/work-queue.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import type { Env } from '../../machinery/env/env.ts'
import { isAlreadyExists, isNotFound } from '../../machinery/status-error.ts'
import type { RequestHeaderOptions } from '../authentication/request-header.ts'
import type { Registry } from '../registry/registry.ts'
import { certificatesIn } from '../serving/peer-certificate.ts'

const namespace = 'kube-system'
const name = 'extension-apiserver-authentication'
const expirySlack = 5 * 60_000

type Data = Readonly<Record<string, string>>

export interface ExtensionAuthenticationOptions {
  readonly env: Env
  readonly client: Client
  readonly registry: Registry
  /** PEM. */
  readonly clientCA: string
  readonly requestHeader?: RequestHeaderOptions
}

export class ExtensionAuthentication {
  readonly #options: ExtensionAuthenticationOptions
  readonly #queue: WorkQueue<string>
  #running: Promise<void> | undefined

  constructor(options: ExtensionAuthenticationOptions) {
    this.#options = options
    this.#queue = new WorkQueue(options.env)
  }

  start(): void {
    const { env, registry } = this.#options
    const { cache } = registry.storage('configmaps')
    cache.onEvents(events => {
      for (const { object } of events) if (object.name === name && object.namespace === namespace) this.#queue.add(name)
    })
    this.#queue.add(name)
    const log = env.log.child({ controller: 'cluster-authentication-trust' })
    this.#running = processQueue(this.#queue, { concurrency: 1, log, reconcile: () => this.#publish() })
  }

  async stop(): Promise<void> {
    this.#queue.shutDown()
    await this.#running
  }

  async #publish(): Promise<void> {
    const { registry, client, env } = this.#options
    const current = registry.storage('configmaps').get(namespace, name)?.object
    const before: Data = current?.['data'] ?? {}
    const data = combinedData(before, this.#options, env.clock.now())
    if (current && deepEqual(before, data)) return
    const all = client.resource(configMaps).namespace(namespace)
    if (current) {
      const updated = await all.update({ ...current, data } as never).catch(error => {
        if (!isNotFound(error)) throw error
        return undefined
      })
      if (updated) return
    }
    if (!registry.storage('namespaces').get('', namespace))
      await client
        .resource(namespaces)
        .create({ metadata: { name: namespace } } as KubeObject as never)
        .catch(error => {
          if (!isAlreadyExists(error)) throw error
        })
    await all.create({ metadata: { name, namespace }, data } as never)
  }
}

/** What is published already and what we say, each thing once. */
export function combinedData(
  before: Data,
  { clientCA, requestHeader }: Pick<ExtensionAuthenticationOptions, 'clientCA' | 'requestHeader'>,
  now: number,
): Data {
  const data: Record<string, string> = {}
  const clients = combinedBundle(before['client-ca-file'], clientCA, now)
  if (clients !== '') data['client-ca-file'] = clients
  const proxies = combinedBundle(before['requestheader-client-ca-file'], requestHeader?.clientCA, now)
  if (proxies === '') return data
  const listed = (key: string, ours: readonly string[] = []) => {
    const theirs: string[] = before[key] ? JSON.parse(before[key]) : []
    data[key] = JSON.stringify([...new Set([...theirs, ...ours])])
  }
  listed('requestheader-username-headers', requestHeader?.usernameHeaders)
  listed('requestheader-uid-headers', requestHeader?.uidHeaders)
  listed('requestheader-group-headers', requestHeader?.groupHeaders)
  listed('requestheader-extra-headers-prefix', requestHeader?.extraHeaderPrefixes)
  data['requestheader-client-ca-file'] = proxies
  listed('requestheader-allowed-names', requestHeader?.allowedNames)
  return data
}

/** Certificates of both that are still good, each once. */
function combinedBundle(before: string | undefined, ours: string | undefined, now: number): string {
  const found = new Map<string, string>()
  for (const certificate of [...certificatesIn(before ?? ''), ...certificatesIn(ours ?? '')])
    if (Date.parse(certificate.validTo) > now - expirySlack)
      found.set(certificate.fingerprint256, certificate.toString())
  return [...found.values()].join('')
}
