// Calls webhooks: JSON by POST over HTTPS, to a URL or to a Service, trusting whom the configuration says.
//
// Comes in: a client configuration (of a conversion, of an admission webhook), a body, a deadline. Goes out: the answer's
// JSON, or an Error with the words that upstream's client would have for it. Connections are kept and used again.

import { getServers } from 'node:dns'
import { Agent, type RequestOptions, request } from 'node:https'
import { isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import type { Env } from '../machinery/env/env.ts'
import { quote } from '../machinery/go-text.ts'
import { readJson } from '../machinery/json/read.ts'
import { goJson } from '../machinery/json/write.ts'

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

/** Answers beyond this size are none that a webhook gives. */
const largestAnswer = 3 * 1024 * 1024 * 10

export class WebhookClient implements WebhookCaller {
  readonly #options: WebhookClientOptions
  /** One per authority and server, so that connections are not shared between those who trust differently. */
  readonly #agents = new Map<string, Agent>()

  constructor(options: WebhookClientOptions) {
    this.#options = options
  }

  async post(config: WebhookClientConfig, { body, timeoutMs, signal }: WebhookRequest): Promise<unknown> {
    const seconds = Math.ceil(timeoutMs / 1000)
    const shown = shownURL(config, seconds)
    const named = (error: unknown) => new Error(`Post ${quote(shown)}: ${(error as Error).message}`)
    let target: Target
    try {
      target = this.#target(config)
    } catch (error) {
      throw named(error)
    }
    const { status, text, contentType } = await this.#exchange(config, target, body, timeoutMs, seconds, signal).catch(
      error => {
        throw named(error)
      },
    )
    if (status < 200 || status > 299) throw new WebhookRefusal(refusal(status, text), status)
    if (text === '') throw new Error(`0-length response with status code: ${status} and content type: ${contentType}`)
    return parsedAnswer(text)
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy()
    this.#agents.clear()
  }

  #target({ url, service }: WebhookClientConfig): Target {
    if (service) {
      const { namespace, name, path = '/', port = 443 } = service
      const servername = `${name}.${namespace}.svc`
      return {
        url: new URL(`https://${servername}:${port}${path.startsWith('/') ? path : `/${path}`}`),
        servername,
        address: this.#options.resolve(namespace, name, port),
      }
    }
    if (!url) throw new Error('webhook configuration must have either service or URL')
    const parsed = new URL(url)
    const host = parsed.hostname.replace(/^\[|\]$/g, '')
    return { url: parsed, servername: host, address: { host, port: Number(parsed.port || 443) } }
  }

  #agent(caBundle: string | undefined, servername: string): Agent {
    const key = `${servername}\n${caBundle ?? ''}`
    let agent = this.#agents.get(key)
    if (!agent) {
      const text = caBundle ? Buffer.from(caBundle, 'base64').toString() : ''
      agent = new Agent({ keepAlive: true, ca: text.trim() === '' ? [...rootCertificates] : text })
      this.#agents.set(key, agent)
    }
    return agent
  }

  #exchange(
    { caBundle }: WebhookClientConfig,
    { url, servername, address }: Target,
    body: object,
    timeoutMs: number,
    seconds: number,
    signal: AbortSignal | undefined,
  ): Promise<{ status: number; text: string; contentType: string }> {
    const bytes = Buffer.from(goJson(body))
    const options: RequestOptions = {
      method: 'POST',
      host: address.host,
      port: address.port,
      path: `${url.pathname}?timeout=${seconds}s`,
      agent: this.#agent(caBundle, servername),
      ...(isIP(servername) ? {} : { servername }),
      headers: {
        host: url.host,
        'content-type': 'application/json',
        accept: 'application/json, */*',
        'content-length': bytes.length,
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
            contentType: incoming.headers['content-type'] ?? 'application/json',
          })
        })
        incoming.on('error', failed)
      })
      const failed = (error: Error) => {
        deadline.cancel()
        reject(new Error(inGoWords(error, address)))
      }
      const deadline = this.#options.env.clock.setTimeout(
        () => outgoing.destroy(new Error('context deadline exceeded')),
        timeoutMs,
      )
      outgoing.on('error', failed)
      outgoing.end(bytes)
    })
  }
}

const envelope =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'

/** Upstream takes YAML as well, so that what is no JSON is mostly a text. */
function parsedAnswer(text: string): object {
  let answer: unknown = text
  try {
    answer = readJson(text)
  } catch {
    // Then it is a text.
  }
  if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) return answer
  if (answer === null) return {}
  const type = Array.isArray(answer) ? 'array' : typeof answer === 'boolean' ? 'bool' : typeof answer
  throw new Error(
    `couldn't get version/kind; json parse error: json: cannot unmarshal ${type} into Go value of type ${envelope}`,
  )
}

/** Which name server said so, as far as that is known. */
function onServer(): string {
  const [server] = getServers()
  return server === undefined ? '' : ` on ${server.includes(':') ? `[${server}]` : server}:53`
}

function shownURL({ url, service }: WebhookClientConfig, seconds: number): string {
  const query = `?timeout=${seconds}s`
  if (!service) return `${url ?? ''}${query}`
  const { namespace, name, path = '', port = 443 } = service
  return `https://${name}.${namespace}.svc:${port}${path || '/'}${query}`
}

/** What upstream's client says of an answer that is no success. */
function refusal(status: number, text: string): string {
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
    return `an error on the server (${quote(text || 'unknown')}) has prevented the request from succeeding`
  return `the server responded with the status code ${status} but did not return more information`
}

function inGoWords(error: Error & { code?: string }, { host, port }: { host: string; port: number }): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return `dial tcp ${host}:${port}: connect: connection refused`
    case 'ENOTFOUND':
      return `dial tcp: lookup ${host}${onServer()}: no such host`
    case 'ECONNRESET':
      return 'EOF'
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_GET_ISSUER_CERT':
      return 'tls: failed to verify certificate: x509: certificate signed by unknown authority'
    case 'CERT_HAS_EXPIRED':
      return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `tls: failed to verify certificate: x509: ${error.message}`
    default:
      return error.message
  }
}
