// The secure ports of the controllers and the scheduler where they run in the API server's process: what a kube-apiserver's
// neighbours show on 10257 and 10259, for whatever scrapes a cluster. Nobody listens, and nothing is counted, without them.
//
// Comes in: a component's name, where to listen, and what it counts. Goes out: a server of its health and its metrics, for
// those whom the API server lets see them.

import type { RequestHeaderOptions } from '../apiserver/authentication/request-header.ts'
import { registerHealth } from '../apiserver/endpoints/health.ts'
import type { HttpServer } from '../apiserver/serving/http-server.ts'
import type { Client } from '../client/client.ts'
import type { Env } from '../machinery/env/env.ts'
import type { MetricsRegistry } from '../machinery/metrics/metrics.ts'
import type { KeyAndCertificate } from '../machinery/x509/certificate.ts'
import { Pages, registerMetricsPage, startComponentServer } from './component-server.ts'
import { delegatedAccess } from './delegated-access.ts'
import { oneLine } from './startup-failure.ts'
import { UserFacingError } from './user-facing-error.ts'

export interface ComponentPort {
  readonly name: string
  readonly env: Env
  readonly bindAddress: string
  readonly port: number
  readonly tls: KeyAndCertificate
  /** PEM: who vouches for clients' certificates. */
  readonly clientCA: string
  readonly requestHeader: RequestHeaderOptions
  /** With the component's own rights: reviews who asks. */
  readonly client: Client
  readonly metrics: MetricsRegistry
}

/** As upstream's components have them by default. */
const reviewTTL = 10_000
const alwaysAllowPaths = ['/healthz', '/readyz', '/livez']

export async function serveComponent(options: ComponentPort): Promise<HttpServer> {
  const { name, env, bindAddress, port, tls, client, clientCA, requestHeader, metrics } = options
  const access = await delegatedAccess({
    env,
    authentication: client,
    authorization: client,
    tokenTTL: reviewTTL,
    authorizedTTL: reviewTTL,
    unauthorizedTTL: reviewTTL,
    alwaysAllowPaths,
    clientCA,
    requestHeader,
    skipLookup: true,
    tolerateLookupFailure: false,
  })
  const pages = new Pages()
  registerHealth(pages, env, [{ name: 'ping', check: () => undefined }], ['healthz', 'livez', 'readyz'])
  registerMetricsPage(pages, metrics)
  return startComponentServer({ env, bindAddress, port, tls, access, pages }).catch(error => {
    throw new UserFacingError(`${name} cannot be served: ${oneLine((error as Error).message)}`)
  })
}
