// Plain HTTP requests to those outside the cluster that authentication asks: issuers of tokens, and AWS.

import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Clock } from '../../machinery/env/env.ts'

const largestAnswer = 4 * 1024 * 1024
const mostRedirects = 10

export interface OutboundRequest {
  readonly clock: Clock
  readonly url: string
  /** PEM. The system's authorities when absent. */
  readonly ca?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMilliseconds: number
  /** Otherwise a redirect is the answer. */
  readonly followRedirects?: boolean
}

export interface OutboundAnswer {
  readonly status: number
  readonly text: string
}

/** GETs it. Throws when there is no whole answer in time. */
export async function get(request: OutboundRequest): Promise<OutboundAnswer> {
  let { url } = request
  for (let redirects = 0; ; redirects++) {
    const { location, ...answer } = await getOnce({ ...request, url })
    if (!request.followRedirects || location === undefined) return answer
    if (redirects === mostRedirects) throw new Error(`stopped after ${mostRedirects} redirects`)
    url = new URL(location, url).href
  }
}

function getOnce(request: OutboundRequest): Promise<OutboundAnswer & { location: string | undefined }> {
  const { clock, url, ca, headers, timeoutMilliseconds } = request
  return new Promise((resolve, reject) => {
    const open = url.startsWith('https:') ? httpsRequest : httpRequest
    const sent = open(url, { method: 'GET', headers, agent: false, ...(ca !== undefined && { ca }) }, response => {
      const chunks: Buffer[] = []
      let length = 0
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        length += chunk.length
        if (length > largestAnswer) sent.destroy(new Error('the answer is too large'))
      })
      response.once('error', fail)
      response.once('end', () => {
        timer.cancel()
        const { statusCode: status = 0 } = response
        const redirected = status >= 300 && status < 400 && status !== 304
        resolve({
          status,
          text: Buffer.concat(chunks).toString('utf8'),
          location: redirected ? response.headers.location : undefined,
        })
      })
    })
    const timer = clock.setTimeout(
      () => sent.destroy(new Error('timed out waiting for the answer')),
      timeoutMilliseconds,
    )
    function fail(error: Error): void {
      timer.cancel()
      reject(error)
    }
    sent.once('error', fail)
    sent.end()
  })
}
