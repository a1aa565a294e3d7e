// The names in a TLS client's certificate, and which of the authorities that the server trusts vouches for it.

import { X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import type { PeerCertificate } from '../authentication/authenticator.ts'

/** Who may vouch for clients, and who for front proxies; neither for the other's. PEM bundles. */
export interface ClientAuthorities {
  readonly clientCA: string
  readonly requestHeaderCA?: string
}

export type ReadPeerCertificate = (socket: TLSSocket) => PeerCertificate | undefined

/** Reads connections' certificates. The same value each time, until other authorities count. */
export class PeerCertificates {
  readonly #requestHeader: ReadonlySet<string>
  #client: ReadonlySet<string>
  #known = new WeakMap<TLSSocket, PeerCertificate | typeof none>()

  constructor({ clientCA, requestHeaderCA }: ClientAuthorities) {
    this.#client = fingerprints(clientCA)
    this.#requestHeader = fingerprints(requestHeaderCA ?? '')
  }

  setClientCA(bundle: string): void {
    this.#client = fingerprints(bundle)
    this.#known = new WeakMap()
  }

  /** undefined when the client showed no certificate. */
  of(socket: TLSSocket): PeerCertificate | undefined {
    let known = this.#known.get(socket)
    if (!known) {
      known = this.#read(socket) ?? none
      this.#known.set(socket, known)
    }
    return known === none ? undefined : (known as PeerCertificate)
  }

  #read(socket: TLSSocket): PeerCertificate | undefined {
    const certificate = socket.getPeerCertificate?.(true)
    const subject = certificate?.subject as Record<string, string | string[] | undefined> | undefined
    if (!subject) return undefined
    const vouchers = socket.authorized ? issuersOf(certificate) : []
    const vouchedBy = (trusted: ReadonlySet<string>) => vouchers.some(fingerprint => trusted.has(fingerprint))
    return {
      commonName: list(subject['CN'])[0] ?? '',
      organizations: list(subject['O']),
      ...uidOf(list(subject[uidAttribute])),
      fingerprint: certificate.fingerprint256?.replaceAll(':', '').toLowerCase(),
      notAfter: Date.parse(certificate.valid_to),
      authorized: vouchedBy(this.#client),
      frontProxy: vouchedBy(this.#requestHeader),
    }
  }
}

const none = Symbol('no certificate')
const uidAttribute = '1.3.6.1.4.1.57683.2'

const list = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value]

function uidOf(uids: readonly string[]): Pick<PeerCertificate, 'uid' | 'uidProblem'> {
  if (uids.length > 1) return { uidProblem: `expected 1 UID, but found multiple: [${uids.join(' ')}]` }
  if (uids[0] === '') return { uidProblem: 'UID cannot be an empty string' }
  return uids[0] === undefined ? {} : { uid: uids[0] }
}

/** The chain that the handshake has verified, without the certificate itself. */
function issuersOf(certificate: DetailedPeerCertificate): string[] {
  const found: string[] = []
  let issuer = certificate.issuerCertificate
  while (issuer && !found.includes(issuer.fingerprint256)) {
    found.push(issuer.fingerprint256)
    issuer = issuer.issuerCertificate
  }
  return found
}

export const certificatesIn = (bundle: string): X509Certificate[] =>
  (bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    pem => new X509Certificate(pem),
  )

const fingerprints = (bundle: string): Set<string> =>
  new Set(certificatesIn(bundle).map(({ fingerprint256 }) => fingerprint256))
