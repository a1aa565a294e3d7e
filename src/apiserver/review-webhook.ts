// Webhooks that a kubeconfig file names: they are sent a review (of a token, of access, of images) and send it back with
// its status. What failed for a moment is tried again (upstream: apiserver/pkg/util/webhook).

import { existsSync } from 'node:fs'
import { NotJsonError } from '../client/http-exchange.ts'
import { httpsTransport } from '../client/https-transport.ts'
import { clientConfig, inClusterConfig, loadKubeconfig } from '../client/kubeconfig.ts'
import type { ApiResponse, Transport } from '../client/transport.ts'
import { formatMilliseconds } from '../machinery/duration.ts'
import type { Env } from '../machinery/env/env.ts'
import { genericServerResponse, type Status, statusErrorFrom } from '../machinery/status-error.ts'
import { encoded, inGoWords, namedError, parsedAnswer, redirected, type Sent, shownText } from './go-http-client.ts'

export interface ReviewBackoff {
  /** Milliseconds to wait before the second try; half as long again before each later one. */
  readonly first?: number
  readonly attempts?: number
}

const defaultFirst = 500
const defaultAttempts = 5
const factor = 1.5
const jitter = 0.2

type Reviewer = Pick<Transport, 'request' | 'close'>

export interface ReviewWebhookOptions {
  readonly env: Env
  readonly transport: Reviewer
  /** The URL's path, exactly. */
  readonly path: string
  /** What the path is a path of, such as https://webhook.example.com. */
  readonly server?: string
  /** Reaches another server, where a redirect leads there. */
  readonly elsewhere?: (server: string) => Reviewer
  /** Milliseconds for each try. */
  readonly timeout?: number
  readonly backoff?: ReviewBackoff
}

const defaultTimeout = 30_000

export class ReviewWebhook {
  readonly #options: ReviewWebhookOptions
  readonly #elsewhere = new Map<string, Reviewer>()

  constructor(options: ReviewWebhookOptions) {
    this.#options = options
  }

  /** The answer to the review, of whatever 2xx. Throws what the last try ended with. `tried` is told of each try. */
  async ask(review: object, tried?: (error?: ReviewError) => void): Promise<ApiResponse> {
    const { env, backoff = {} } = this.#options
    const { first = defaultFirst, attempts = defaultAttempts } = backoff
    let wait = first
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#askOnce(review)
        tried?.()
        return answer
      } catch (error) {
        tried?.(error as ReviewError)
        if (attempt >= attempts || !isTransient(error)) throw error
      }
      await env.clock.sleep(wait * (1 + env.random.next() * jitter))
      wait *= factor
    }
  }

  close(): void {
    this.#options.transport.close()
    for (const transport of this.#elsewhere.values()) transport.close()
    this.#elsewhere.clear()
  }

  async #askOnce(review: object): Promise<ApiResponse> {
    const { env, path, timeout = defaultTimeout, server = 'https://webhook' } = this.#options
    const abort = new AbortController()
    const timer = env.clock.setTimeout(() => abort.abort(new Error(deadlineExceeded)), timeout)
    const body = encoded(review)
    let sent: Sent = { method: 'POST', url: new URL(`${path}?timeout=${formatMilliseconds(timeout)}`, server) }
    try {
      for (let requests = 1; ; requests++) {
        const response = await this.#send(sent, body, abort.signal)
        const next = redirected(sent, response.status, response.headers, requests)
        if (!next) return checkedAnswer(response)
        sent = next
      }
    } finally {
      timer.cancel()
    }
  }

  async #send({ method, url }: Sent, body: Uint8Array, signal: AbortSignal): Promise<ApiResponse> {
    try {
      return await this.#transportTo(url.origin).request({
        method,
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: { accept: 'application/json, */*', ...(method === 'POST' && { 'content-type': 'application/json' }) },
        ...(method === 'POST' && { body }),
        signal,
      })
    } catch (error) {
      if (error instanceof NotJsonError) return { status: 200, headers: {}, body: parsedAnswer(error.text) }
      throw new Unreachable(url, error as Error)
    }
  }

  #transportTo(server: string): Reviewer {
    const { server: own, elsewhere, transport } = this.#options
    if (own === undefined || server === own || !elsewhere) return transport
    const known = this.#elsewhere.get(server) ?? elsewhere(server)
    this.#elsewhere.set(server, known)
    return known
  }
}

/** Why a try came to nothing. */
export interface ReviewError extends Error {
  /** The HTTP status, where there was one. */
  readonly status?: number
}

const deadlineExceeded = 'context deadline exceeded'

export const isTimeout = ({ message, status }: ReviewError): boolean =>
  status === 504 || message.endsWith(deadlineExceeded)

class Unreachable extends Error {
  readonly isReset: boolean

  constructor(url: URL, error: Error & { readonly code?: string; readonly isReset?: boolean }) {
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
    const host = url.hostname.replace(/^\[|\]$/g, '')
    super(namedError(url.href, inGoWords(error, { host, port })).message, { cause: error })
    this.isReset = error.isReset === true || error.code === 'ECONNRESET'
  }
}

function checkedAnswer(response: ApiResponse): ApiResponse {
  const { status, headers, body, text = '' } = response
  if (status < 200 || status > 299) throw new Refused(response)
  if (body !== undefined) return response
  const type = headers['content-type'] ?? 'application/json'
  if (text === '') throw new Error(`0-length response with status code: ${status} and content type: ${type}`)
  return { ...response, body: parsedAnswer(text) }
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
        : genericServerResponse(status, { verb: 'POST', serverMessage: shownText(headers, text), unexpected: true })
    super(error.message)
    this.status = status
    this.retryAfter = headers['retry-after'] !== undefined
  }
}

/** A connection that broke, and answers that say it is not the review's fault. */
function isTransient(error: unknown): boolean {
  if (error instanceof Refused) return error.retryAfter || [429, 500, 504].includes(error.status)
  return error instanceof Unreachable && error.isReset
}

/** Where and as whom the file says; without a file, as a pod of the cluster reaches its API server. */
export function reviewTransport(
  env: Env,
  file: string | undefined,
): Required<Pick<ReviewWebhookOptions, 'transport' | 'path' | 'server' | 'elsewhere'>> {
  if (file !== undefined && !existsSync(file)) throw new Error(`stat ${file}: no such file or directory`)
  const config =
    file === undefined
      ? inClusterConfig(process.env, env)
      : clientConfig(loadKubeconfig([file], { required: true }), env)
  if (!config)
    throw new Error(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    )
  const { pathname: path, origin } = new URL(config.transport.server)
  const elsewhere = (server: string) => httpsTransport({ ...config.transport, server, env })
  return { transport: elsewhere(origin), path, server: origin, elsewhere }
}
