// Webhooks that a kubeconfig file names: they are sent a review (of a token, of access, of images) and send it back with
// its status. What failed for a moment is tried again (upstream: apiserver/pkg/util/webhook).

import { httpsTransport } from '../client/https-transport.ts'
import { clientConfig, inClusterConfig, loadKubeconfig } from '../client/kubeconfig.ts'
import type { ApiResponse, Transport } from '../client/transport.ts'
import type { Env } from '../machinery/env/env.ts'
import { genericServerResponse, type Status, statusErrorFrom } from '../machinery/status-error.ts'

export interface ReviewBackoff {
  /** Milliseconds to wait before the second try; half as long again before each later one. */
  readonly first?: number
  readonly attempts?: number
}

const defaultFirst = 500
const defaultAttempts = 5
const factor = 1.5
const jitter = 0.2

export interface ReviewWebhookOptions {
  readonly env: Env
  readonly transport: Pick<Transport, 'request' | 'close'>
  /** The URL's path, exactly. */
  readonly path: string
  /** Milliseconds for each try. */
  readonly timeout?: number
  readonly backoff?: ReviewBackoff
}

const defaultTimeout = 30_000

export class ReviewWebhook {
  readonly #options: ReviewWebhookOptions

  constructor(options: ReviewWebhookOptions) {
    this.#options = options
  }

  /** The answer to the review, of whatever 2xx. Throws what the last try ended with. */
  async ask(review: object): Promise<ApiResponse> {
    const { env, backoff = {} } = this.#options
    const { first = defaultFirst, attempts = defaultAttempts } = backoff
    let wait = first
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#askOnce(review)
      } catch (error) {
        if (attempt >= attempts || !isTransient(error)) throw error
      }
      await env.clock.sleep(wait * (1 + env.random.next() * jitter))
      wait *= factor
    }
  }

  close(): void {
    this.#options.transport.close()
  }

  async #askOnce(body: object): Promise<ApiResponse> {
    const { env, transport, path, timeout = defaultTimeout } = this.#options
    const abort = new AbortController()
    const timer = env.clock.setTimeout(() => abort.abort(new Error('context deadline exceeded')), timeout)
    try {
      const response = await transport.request({ method: 'POST', path, body, signal: abort.signal })
      if (response.status < 200 || response.status > 299) throw new Refused(response)
      return response
    } finally {
      timer.cancel()
    }
  }
}

/** The webhook answered, but not the review. */
class Refused extends Error {
  readonly status: number
  /** It said when to come again. */
  readonly retryAfter: boolean

  constructor({ status, body, text, headers }: ApiResponse) {
    const told = body as Partial<Status> | undefined
    const error =
      told?.kind === 'Status'
        ? statusErrorFrom(told)
        : genericServerResponse(status, { verb: 'POST', serverMessage: text ?? '', unexpected: true })
    super(error.message)
    this.status = status
    this.retryAfter = headers['retry-after'] !== undefined
  }
}

/** A connection that broke, and answers that say it is not the review's fault. */
function isTransient(error: unknown): boolean {
  if (error instanceof Refused) return error.retryAfter || [429, 500, 504].includes(error.status)
  const { code, isReset } = error as { code?: string; isReset?: boolean }
  return isReset === true || code === 'ECONNRESET'
}

/** Where and as whom the file says; without a file, as a pod of the cluster reaches its API server. */
export function reviewTransport(env: Env, file: string | undefined): { transport: Transport; path: string } {
  const config =
    file === undefined
      ? inClusterConfig(process.env, env)
      : clientConfig(loadKubeconfig([file], { required: true }), env)
  if (!config)
    throw new Error(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    )
  const { pathname: path, origin: server } = new URL(config.transport.server)
  return { transport: httpsTransport({ ...config.transport, server, env }), path }
}
