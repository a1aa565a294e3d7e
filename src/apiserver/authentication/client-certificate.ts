// x509: the subject of a client certificate that the client CA signed. CN is the user, each O a group.

import type { Clock } from '../../machinery/env/env.ts'
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

export class ClientCertificateAuthenticator implements Authenticator {
  readonly #clock: Pick<Clock, 'now'>
  /** One user value for each connection's certificate. */
  readonly #users = new WeakMap<PeerCertificate, UserInfo>()

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  authenticate(request: AuthenticationInput): AuthenticationResult {
    const certificate = request.peerCertificate?.()
    if (certificate === undefined) return undefined
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
