// Which API servers there are: each that serves over the network keeps a Lease of its own in kube-system, named after its
// host, renews it, and takes away those of servers that are gone (KEP-1965).

import { createHash } from 'node:crypto'
import { type Lease, leases } from '../../api/coordination/v1/lease.ts'
import type { Client, ResourceClient } from '../../client/client.ts'
import type { Env, Timer } from '../../machinery/env/env.ts'
import { errorText } from '../../machinery/error-text.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { formatMicroTime } from '../../machinery/time.ts'

const namespace = 'kube-system'
const component = 'kube-apiserver'
const identityLabel = 'apiserver.kubernetes.io/identity'
const leaseSeconds = 3600
const renewInterval = 10_000
const collectInterval = 3_600_000

/** `apiserver-<hash of the host's name>`: the same at every start on one host. */
export function apiServerIdentity(hostname: string): string {
  const hash = createHash('sha256')
  for (const part of [hostname, component]) {
    const bytes = Buffer.from(part)
    hash.update(Buffer.from([bytes.length >> 8, bytes.length & 0xff])).update(bytes)
  }
  return `apiserver-${base32(hash.digest().subarray(0, 16))}`
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

function base32(bytes: Uint8Array): string {
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  return (bits.match(/.{1,5}/g) ?? []).map(part => alphabet[Number.parseInt(part.padEnd(5, '0'), 2)]).join('')
}

export class IdentityLease {
  readonly #env: Env
  readonly #leases: ResourceClient<Lease>
  readonly #hostname: string
  readonly #address: string
  readonly #name: string
  readonly #holder: string
  #latest: Lease | undefined
  #timers: readonly Timer[] = []
  #stopped = false
  #renewing: Promise<void> = Promise.resolve()

  /** `address`: where other API servers find this one. */
  constructor(env: Env, client: Client, hostname: string, address: string) {
    this.#address = address
    this.#env = env
    this.#leases = client.resource(leases).namespace(namespace)
    this.#hostname = hostname
    this.#name = apiServerIdentity(hostname)
    this.#holder = `${this.#name}_${env.random.uuid()}`
  }

  /** What an earlier process left is taken away first: nobody is to believe it. */
  async start(): Promise<void> {
    await this.#leases.delete(this.#name).catch(ignoreMissing)
    await this.#renew()
    this.#timers = [
      this.#env.clock.setInterval(() => {
        this.#renewing = this.#renew()
      }, renewInterval),
      this.#env.clock.setInterval(() => void this.#collect(), collectInterval),
    ]
  }

  async stop(): Promise<void> {
    if (this.#timers.length === 0) return
    this.#stopped = true
    for (const timer of this.#timers) timer.cancel()
    await this.#renewing
    await this.#leases.delete(this.#name).catch(() => {})
  }

  async #renew(): Promise<void> {
    if (this.#stopped) return
    try {
      const current = this.#latest ?? (await this.#leases.get(this.#name).catch(ignoreMissing))
      this.#latest = current ? await this.#leases.update(this.#renewed(current)) : await this.#create()
    } catch (error) {
      // Somebody else wrote to it, or nothing can be written: the next time begins with what there is.
      this.#latest = undefined
      this.#env.log.warn('the Lease of this API server could not be renewed', { error: errorText(error) })
    }
  }

  #create(): Promise<Lease> {
    const now = this.#now()
    return this.#leases.create({
      metadata: { name: this.#name, namespace, labels: this.#labels(), annotations: this.#annotations() },
      spec: { holderIdentity: this.#holder, leaseDurationSeconds: leaseSeconds, renewTime: now },
    })
  }

  #renewed(lease: Lease): Lease {
    return {
      ...lease,
      metadata: {
        ...lease.metadata,
        labels: { ...lease.metadata.labels, ...this.#labels() },
        annotations: { ...lease.metadata.annotations, ...this.#annotations() },
      },
      spec: { ...lease.spec, holderIdentity: this.#holder, leaseDurationSeconds: leaseSeconds, renewTime: this.#now() },
    }
  }

  #labels(): Record<string, string> {
    return { [identityLabel]: component, 'kubernetes.io/hostname': this.#hostname }
  }

  #annotations(): Record<string, string> {
    return { 'kubernetes.io/peer-advertise-address': this.#address }
  }

  #now(): string {
    return formatMicroTime(this.#env.clock.now())
  }

  /** Of servers that have not renewed for as long as they said they would. */
  async #collect(): Promise<void> {
    try {
      const { items } = await this.#leases.list({ labelSelector: `${identityLabel}=${component}` })
      for (const { metadata, spec } of items) {
        const expires = Date.parse(spec.renewTime ?? '') + (spec.leaseDurationSeconds ?? 0) * 1000
        if (expires >= this.#env.clock.now()) continue
        await this.#leases.delete(metadata.name!).catch(ignoreMissing)
      }
    } catch (error) {
      this.#env.log.warn('the Leases of API servers that are gone could not be removed', { error: errorText(error) })
    }
  }
}

function ignoreMissing(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}
