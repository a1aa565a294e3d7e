// Sends requests to a cluster's HTTPS port as they are told, and shows the answers as they came.

import type { IncomingHttpHeaders as Headers, IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { Cluster } from '../../src/cluster/cluster.ts'

export interface HttpAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The JSON of the body, if it is some. */
  readonly body: any
}

export interface HttpClient {
  send(
    method: string,
    path: string,
    body?: object | string,
    headers?: Readonly<Record<string, string | readonly string[]>>,
  ): Promise<HttpAnswer>
  /** Begins a long answer; `ended` resolves when it is over. */
  stream(path: string): Promise<{ readonly status: number; readonly ended: Promise<void>; close(): void }>
}

export function connectTo(cluster: Cluster, token = 'secret'): HttpClient {
  const open = (method: string, path: string, headers: Readonly<Record<string, string | readonly string[]>>) =>
    request({
      host: '127.0.0.1',
      port: cluster.plane.port,
      method,
      path,
      rejectUnauthorized: false,
      agent: false,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'user-agent': 'test',
        ...headers,
      } as Record<string, string>,
    })
  return {
    send: (method, path, body, headers = {}) =>
      new Promise((resolve, reject) => {
        const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
        const length: Record<string, string> =
          text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) }
        const sent = open(method, path, { ...length, ...headers })
        sent.once('error', reject)
        sent.once('response', response => collect(response).then(resolve, reject))
        sent.end(text)
      }),
    stream: path =>
      new Promise((resolve, reject) => {
        const sent = open('GET', path, {})
        sent.once('error', reject)
        sent.once('response', response => {
          response.resume()
          resolve({
            status: response.statusCode!,
            ended: new Promise(done => response.once('close', () => done())),
            close: () => sent.destroy(),
          })
        })
        sent.end()
      }),
  }
}

/** GET from the port of a component on this machine, whose certificate nobody can verify. */
export function getPage(
  port: number,
  path: string,
  as: {
    readonly bearer?: string
    readonly certificate?: { readonly certificate: string; readonly privateKey: string }
  } = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request({
      ...{ host: '127.0.0.1', port, path, agent: false, rejectUnauthorized: false },
      ...(as.bearer !== undefined && { headers: { authorization: `Bearer ${as.bearer}` } }),
      ...(as.certificate && { cert: as.certificate.certificate, key: as.certificate.privateKey }),
    })
    sent.once('error', reject)
    sent.once('response', response => collect(response).then(resolve, reject))
    sent.end()
  })
}

async function collect(response: IncomingMessage): Promise<HttpAnswer> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  const body = text.startsWith('{') ? JSON.parse(text) : undefined
  return { status: response.statusCode!, headers: response.headers, text, body }
}
