// Sends requests to a cluster's HTTPS port as they are told, and shows the answers as they came.

import type { IncomingHttpHeaders as Headers } from 'node:http'
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
        sent.once('response', response => {
          const chunks: Buffer[] = []
          response.on('data', chunk => chunks.push(chunk))
          response.once('end', () => {
            const answer = Buffer.concat(chunks).toString()
            resolve({
              status: response.statusCode!,
              headers: response.headers,
              text: answer,
              body: answer.startsWith('{') ? JSON.parse(answer) : undefined,
            })
          })
        })
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
