// Sends audit events to another server, in batches (upstream's audit webhook in its `batch` mode): a batch goes when it
// is full or half a minute old, at most ten a second; what cannot be sent is tried again a few times, then lost. When
// the buffer is full, new events are lost.

import { httpsTransport } from '../../client/https-transport.ts'
import { clientConfig, loadKubeconfig } from '../../client/kubeconfig.ts'
import { TokenBucket } from '../../client/token-bucket.ts'
import type { Transport } from '../../client/transport.ts'
import type { Env, Timer } from '../../machinery/env/env.ts'
import type { AuditBackend } from './audit.ts'

const bufferSize = 10_000
const batchSize = 400
const batchWait = 30_000
const throttle = { perSecond: 10, burst: 15 }
const attempts = 5
const firstRetry = 10_000
const retryFactor = 1.5

/** The kubeconfig file says where, and with which credentials. Throws when it makes no sense. */
export function auditWebhook(file: string) {
  const kubeconfig = loadKubeconfig([file], { required: true })
  return (env: Env, onError: (events: number, error: unknown) => void): AuditBackend => {
    const { transport: options } = clientConfig(kubeconfig, env)
    const path = new URL(options.server).pathname === '/' ? '/' : ''
    return new WebhookBackend(env, httpsTransport({ ...options, env }), path, onError)
  }
}

export class WebhookBackend implements AuditBackend {
  readonly name = 'webhook'
  readonly #env: Env
  readonly #transport: Pick<Transport, 'request' | 'close'>
  readonly #path: string
  readonly #onError: (events: number, error: unknown) => void
  readonly #throttle: TokenBucket
  #buffer: string[] = []
  #timer: Timer | undefined
  #sending = Promise.resolve()
  #closed = false

  constructor(
    env: Env,
    transport: Pick<Transport, 'request' | 'close'>,
    path: string,
    onError: (events: number, error: unknown) => void,
  ) {
    this.#env = env
    this.#transport = transport
    this.#path = path
    this.#onError = onError
    this.#throttle = new TokenBucket(env.clock, throttle)
  }

  write(event: string): boolean {
    if (this.#buffer.length >= bufferSize) {
      this.#onError(1, 'audit buffer queue blocked')
      // The request is none the worse for it.
      return true
    }
    this.#buffer.push(event)
    if (this.#buffer.length >= batchSize) this.#send()
    else this.#timer ??= this.#env.clock.setTimeout(() => this.#send(), batchWait)
    return true
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#send()
    await this.#sending
    this.#transport.close()
  }

  #send(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#buffer.length === 0) return
    const batch = this.#buffer.splice(0, batchSize)
    const list = `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${batch.map(event => `{${event}}`).join(',')}]}`
    // One after the other, so that they arrive in order.
    this.#sending = this.#sending.then(() => this.#post(Buffer.from(list), batch.length))
    if (this.#buffer.length > 0) this.#timer = this.#env.clock.setTimeout(() => this.#send(), 0)
  }

  async #post(body: Uint8Array, events: number): Promise<void> {
    const { clock } = this.#env
    let wait = firstRetry
    for (let attempt = 1; ; attempt++) {
      const delay = this.#throttle.reserve()
      if (delay > 0) await clock.sleep(delay)
      const problem = await this.#transport
        .request({
          method: 'POST',
          path: this.#path,
          headers: { 'content-type': 'application/json', accept: 'application/json' },
          body,
        })
        .then(
          ({ status }) => (status < 400 ? undefined : `the webhook answered ${status}`),
          error => error as unknown,
        )
      if (problem === undefined) return
      // Nobody waits for the next try of a server that is going down.
      if (attempt >= attempts || this.#closed) return this.#onError(events, problem)
      await clock.sleep(wait)
      wait *= retryFactor
    }
  }
}
