// x509: the subject of a client certificate that the client CA signed. CN is the user, each O a group.

import type { Clock } from '../../machinery/env/env.ts'
import type { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import type { UserInfo } from '../user.ts'
import {
  type AuthenticationInput,
  type AuthenticationResult,
  type Authenticator,
  authenticated,
  credentialIDKey,
  InvalidCredentials,
  type PeerCertificate,
} from './authenticator.ts'

const minute = 60
const hour = 60 * minute
const day = 24 * hour

export class ClientCertificateAuthenticator implements Authenticator {
  readonly #clock: Pick<Clock, 'now'>
  readonly #remaining
  /** One user value for each connection's certificate. */
  readonly #users = new WeakMap<PeerCertificate, UserInfo>()

  constructor(clock: Pick<Clock, 'now'>, registry?: MetricsRegistry) {
    this.#clock = clock
    this.#remaining = registry
      ?.histogram({
        name: 'apiserver_client_certificate_expiration_seconds',
        stability: 'ALPHA',
        help: 'Distribution of the remaining lifetime on the certificate used to authenticate a request.',
        buckets: [
          ...[0, 30 * minute, hour, 2 * hour, 6 * hour, 12 * hour],
          ...[day, 2 * day, 4 * day, 7 * day, 30 * day, 90 * day, 180 * day, 360 * day],
        ],
      })
      .with()
  }

  authenticate(request: AuthenticationInput): AuthenticationResult {
    const certificate = request.peerCertificate?.()
    if (certificate === undefined) return undefined
    if (certificate.notAfter !== undefined) this.#remaining?.observe((certificate.notAfter - this.#clock.now()) / 1000)
    if (certificate.notAfter !== undefined && this.#clock.now() > certificate.notAfter)
      return new InvalidCredentials('x509: certificate has expired or is not yet valid')
    const known = this.#users.get(certificate)
    if (known !== undefined) return known
    if (!certificate.authorized) return new InvalidCredentials('the client certificate was not signed by the client CA')
    if (certificate.commonName === '') return undefined
    if (certificate.uidProblem !== undefined) return new InvalidCredentials(certificate.uidProblem)
    const user = authenticated({
      name: certificate.commonName,
      groups: certificate.organizations,
      ...(certificate.uid && { uid: certificate.uid }),
      ...(certificate.fingerprint && { extra: { [credentialIDKey]: [`X509SHA256=${certificate.fingerprint}`] } }),
    })
    this.#users.set(certificate, user)
    return user
  }
}
