// The HTTPS server of a component other than the API server (kube-controller-manager's 10257, kube-scheduler's 10259):
// its health and its metrics, for those whom the API server lets see them.
//
// Comes in: where to listen, who may ask (`delegated-access.ts`), and the pages. Goes out: a server that answers GETs.

import { registerProcessMetrics } from '../apiserver/endpoints/process-metrics.ts'
import { answerStatus } from '../apiserver/registry/answers.ts'
import type { RequestContext, Response } from '../apiserver/request.ts'
import { requestInfo } from '../apiserver/request-info.ts'
import { type HttpServer, startHttpServer } from '../apiserver/serving/http-server.ts'
import type { Env } from '../machinery/env/env.ts'
import type { MetricsRegistry } from '../machinery/metrics/metrics.ts'
import { metricsContentType, metricsText } from '../machinery/metrics/text.ts'
import { asStatusError, internalError } from '../machinery/status-error.ts'
import { createCertificateAuthority, issueCertificate, type KeyAndCertificate } from '../machinery/x509/certificate.ts'
import type { DelegatedAccess } from './delegated-access.ts'

export interface ComponentServerOptions {
  readonly env: Env
  readonly bindAddress: string
  /** 0 picks one. */
  readonly port: number
  /** Made for this process, and kept in memory, when absent. */
  readonly tls?: KeyAndCertificate
  readonly access: DelegatedAccess
  readonly pages: Pages
}

type Page = (request: RequestContext) => Response | Promise<Response> | undefined

/** What there is to see, by path. */
export class Pages {
  readonly #pages = new Map<string, Page>()

  register(path: string, page: Page): void {
    this.#pages.set(path, page)
  }

  paths(): Iterable<string> {
    return this.#pages.keys()
  }

  find(path: string): Page | undefined {
    return this.#pages.get(path)
  }
}

/** The process's own metrics with those of the registry. */
export function registerMetricsPage(pages: Pages, registry: MetricsRegistry): void {
  registerProcessMetrics(registry)
  pages.register('/metrics', () => ({
    status: 200,
    contentType: metricsContentType,
    body: Buffer.from(metricsText(registry)),
  }))
}

export function startComponentServer(options: ComponentServerOptions): Promise<HttpServer> {
  const { env, bindAddress, port, access, pages } = options
  const { certificate: cert, privateKey: key } = options.tls ?? selfSigned(env)
  const { clientCA, requestHeaderCA } = access
  return startHttpServer({
    env,
    bindAddress,
    port,
    tls: { cert, key, clientCA, ...(requestHeaderCA !== undefined && { requestHeaderCA }) },
    async handle(request) {
      try {
        request.info = requestInfo(request.method, request.path, request.query)
        await access.admit(request)
        return (await pages.find(request.path)?.(request)) ?? notFound
      } catch (error) {
        const status = asStatusError(error) ?? internalError(error instanceof Error ? error : String(error))
        return answerStatus(request, status.status)
      }
    },
  })
}

const notFound: Response = {
  status: 404,
  contentType: 'text/plain; charset=utf-8',
  headers: { 'x-content-type-options': 'nosniff' },
  body: Buffer.from('404 page not found\n'),
}

const hour = 3_600_000
const year = 365 * 24 * hour

/** As upstream does without --tls-cert-file and --cert-dir: nobody can verify it, but the connection is encrypted. */
function selfSigned(env: Env): KeyAndCertificate {
  const now = env.clock.now()
  const validity = { notBefore: now - hour, notAfter: now + year }
  const serial = () => Uint8Array.from(env.random.bytes(16), (byte, at) => (at === 0 ? (byte & 0x3f) | 0x40 : byte))
  const name = `localhost@${Math.floor(now / 1000)}`
  const authority = createCertificateAuthority(`localhost-ca@${Math.floor(now / 1000)}`, validity, serial())
  const names = ['localhost', '127.0.0.1']
  const own = issueCertificate(
    authority,
    { subject: { commonName: name }, usages: ['serverAuth'], names },
    validity,
    serial(),
  )
  return { ...own, certificate: own.certificate + authority.certificate }
}
