// Calls webhooks: JSON by POST over HTTPS, to a URL or to a Service, trusting whom the configuration says.
//
// Comes in: a client configuration (of a conversion, of an admission webhook), a body, a deadline. Goes out: the answer's
// JSON, or an Error with the words that upstream's client would have for it. Connections are kept and used again.

import { Agent, type RequestOptions, request } from 'node:https'
import { isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import { flatHeaders } from '../client/http-exchange.ts'
import type { Env } from '../machinery/env/env.ts'
import { quote } from '../machinery/go-text.ts'
import type { Counter, MetricsRegistry } from '../machinery/metrics/metrics.ts'
import {
  deprecatedProperty,
  encoded,
  identityProblem,
  inGoWords,
  namedError,
  parsedAnswer,
  redirected,
  type Sent,
  shownText,
} from './go-http-client.ts'

export interface WebhookClientConfig {
  readonly url?: string
  readonly service?: {
    readonly namespace: string
    readonly name: string
    readonly path?: string
    readonly port?: number
  }
  /** base64 of PEM certificates; the system's authorities when there is none. */
  readonly caBundle?: string
}

export interface WebhookRequest {
  readonly body: object
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

export interface WebhookCaller {
  /** The JSON of a 2xx answer. Throws an Error. */
  post(config: WebhookClientConfig, request: WebhookRequest): Promise<unknown>
}

export interface WebhookClientOptions {
  readonly env: Env
  readonly metrics?: MetricsRegistry
  /** Where a Service's port is reached: an endpoint, or its cluster address. Throws an Error when it is not. */
  resolve(namespace: string, name: string, port: number): { readonly host: string; readonly port: number }
}

/** The webhook answered, but with a status that is no success. */
export class WebhookRefusal extends Error {
  override readonly name = 'WebhookRefusal'
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

interface Target {
  /** What messages and the Host header call it. */
  readonly url: URL
  readonly servername: string
  readonly address: { readonly host: string; readonly port: number }
}

interface Answered {
  readonly status: number
  readonly text: string
  readonly headers: Readonly<Record<string, string>>
}

function byURL(url: URL): Target {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return { url, servername: host, address: { host, port: Number(url.port || 443) } }
}

/** Answers beyond this size are none that a webhook gives. */
const largestAnswer = 3 * 1024 * 1024 * 10

export class WebhookClient implements WebhookCaller {
  readonly #options: WebhookClientOptions
  /** One per authority and server, so that connections are not shared between those who trust differently. */
  readonly #agents = new Map<string, Agent>()
  readonly #deprecated: { readonly missingSAN?: Counter; readonly sha1?: Counter }

  constructor(options: WebhookClientOptions) {
    this.#options = options
    this.#deprecated = options.metrics ? deprecatedCertificates(options.metrics) : {}
  }

  async post(config: WebhookClientConfig, { body, timeoutMs, signal }: WebhookRequest): Promise<unknown> {
    const seconds = Math.ceil(timeoutMs / 1000)
    let shown = shownURL(config, seconds)
    let target: Target
    try {
      target = this.#target(config, seconds)
    } catch (error) {
      throw namedError(shown, (error as Error).message)
    }
    const bytes = encoded(body)
    const { clock } = this.#options.env
    const until = clock.monotonic() + timeoutMs
    let sent: Sent = { method: 'POST', url: target.url }
    let answer: Answered
    for (let requests = 1; ; requests++) {
      const left = until - clock.monotonic()
      answer = await this.#exchange(config, target, sent.method, bytes, left, signal).catch(error => {
        throw namedError(shown, (error as Error).message)
      })
      const next = redirected(sent, answer.status, answer.headers, requests)
      if (!next) break
      sent = next
      shown = next.url.href
      // Whose name it was called by answers at its own address; others are called by theirs.
      target = next.url.host === target.url.host ? { ...target, url: next.url } : byURL(next.url)
    }
    const { status, text, headers } = answer
    if (status < 200 || status > 299) throw new WebhookRefusal(refusal(answer), status)
    if (text === '')
      throw new Error(
        `0-length response with status code: ${status} and content type: ${headers['content-type'] ?? 'application/json'}`,
      )
    return parsedAnswer(text)
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy()
    this.#agents.clear()
  }

  #target({ url, service }: WebhookClientConfig, seconds: number): Target {
    const query = `?timeout=${seconds}s`
    if (service) {
      const { namespace, name, path = '/', port = 443 } = service
      const servername = `${name}.${namespace}.svc`
      return {
        url: new URL(`https://${servername}:${port}${path.startsWith('/') ? path : `/${path}`}${query}`),
        servername,
        address: this.#options.resolve(namespace, name, port),
      }
    }
    if (!url) throw new Error('webhook configuration must have either service or URL')
    const parsed = new URL(url)
    parsed.search = query
    return byURL(parsed)
  }

  #agent(caBundle: string | undefined, servername: string): Agent {
    const key = `${servername}\n${caBundle ?? ''}`
    let agent = this.#agents.get(key)
    if (!agent) {
      const text = caBundle ? Buffer.from(caBundle, 'base64').toString() : ''
      agent = new Agent({
        keepAlive: true,
        ca: text.trim() === '' ? [...rootCertificates] : text,
        checkServerIdentity: (_host, certificate) => identityProblem(servername, certificate),
      })
      this.#agents.set(key, agent)
    }
    return agent
  }

  #exchange(
    { caBundle }: WebhookClientConfig,
    { url, servername, address }: Target,
    method: Sent['method'],
    bytes: Buffer,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Answered> {
    const options: RequestOptions = {
      method,
      host: address.host,
      port: address.port,
      path: url.pathname + url.search,
      agent: this.#agent(caBundle, servername),
      ...(isIP(servername) ? {} : { servername }),
      headers: {
        host: url.host,
        accept: 'application/json, */*',
        ...(method === 'POST' && { 'content-type': 'application/json', 'content-length': bytes.length }),
        'user-agent': 'kube-apiserver-admission',
      },
      signal,
    }
    return new Promise((resolve, reject) => {
      const outgoing = request(options, incoming => {
        const chunks: Buffer[] = []
        let size = 0
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > largestAnswer) outgoing.destroy(new Error('the answer is too large'))
          else chunks.push(chunk)
        })
        incoming.on('end', () => {
          deadline.cancel()
          resolve({
            status: incoming.statusCode ?? 0,
            text: Buffer.concat(chunks).toString(),
            headers: flatHeaders(incoming.headers),
          })
        })
        incoming.on('error', failed)
      })
      const failed = (error: Error) => {
        deadline.cancel()
        const deprecated = deprecatedProperty(error)
        if (deprecated) this.#deprecated[deprecated]?.inc()
        reject(new Error(inGoWords(error, address)))
      }
      const deadline = this.#options.env.clock.setTimeout(
        () => outgoing.destroy(new Error('context deadline exceeded')),
        timeoutMs,
      )
      outgoing.on('error', failed)
      outgoing.end(method === 'POST' ? bytes : undefined)
    })
  }
}

function shownURL({ url, service }: WebhookClientConfig, seconds: number): string {
  const query = `?timeout=${seconds}s`
  if (!service) return `${url ?? ''}${query}`
  const { namespace, name, path = '', port = 443 } = service
  return `https://${name}.${namespace}.svc:${port}${path || '/'}${query}`
}

/** What upstream's client says of an answer that is no success. */
function refusal({ status, text, headers }: Answered): string {
  try {
    const { kind, message } = JSON.parse(text)
    if (kind === 'Status' && message) return message
  } catch {
    // No Status: the code speaks for itself.
  }
  const known: Record<number, string> = {
    404: 'the server could not find the requested resource',
    401: 'the server has asked for the client to provide credentials',
    400: 'the server rejected our request for an unknown reason',
    405: 'the server does not allow this method on the requested resource',
    429: 'the server has received too many requests and has asked us to try again later',
    503: 'the server is currently unable to handle the request',
  }
  if (known[status]) return known[status]
  if (status >= 500)
    return `an error on the server (${quote(shownText(headers, text))}) has prevented the request from succeeding`
  return `the server responded with the status code ${status} but did not return more information`
}

function deprecatedCertificates(registry: MetricsRegistry) {
  const counter = (name: string, what: string, cause: string) =>
    registry
      .counter({
        name: `apiserver_webhooks_x509_${name}_total`,
        stability: 'ALPHA',
        help: `Counts the number of requests to servers ${what} in their serving certificate OR the number of connection failures due to the ${cause} (either/or, based on the runtime environment)`,
      })
      .with()
  return {
    missingSAN: counter('missing_san', 'missing SAN extension', 'lack of x509 certificate SAN extension missing'),
    sha1: counter('insecure_sha1', 'with insecure SHA1 signatures', 'insecure SHA1 signatures'),
  }
}
