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

/** How to read a connection's certificate; the same value each time, for as long as the connection lives. */
export function peerCertificateReader({ clientCA, requestHeaderCA }: ClientAuthorities): ReadPeerCertificate {
  const known = new WeakMap<TLSSocket, PeerCertificate>()
  const authorities = requestHeaderCA
    ? { client: fingerprints(clientCA), frontProxy: fingerprints(requestHeaderCA) }
    : undefined
  return socket => {
    const read = known.get(socket) ?? readCertificate(socket, authorities)
    if (read) known.set(socket, read)
    return read
  }
}

type Authorities = { readonly client: ReadonlySet<string>; readonly frontProxy: ReadonlySet<string> }

/** undefined when the client showed no certificate. */
function readCertificate(socket: TLSSocket, authorities: Authorities | undefined): PeerCertificate | undefined {
  const certificate = socket.getPeerCertificate?.(true)
  const subject = certificate?.subject as Record<string, string | string[] | undefined> | undefined
  if (!subject) return undefined
  const list = (value: string | string[] | undefined) =>
    value === undefined ? [] : Array.isArray(value) ? value : [value]
  const vouchers = authorities && socket.authorized ? issuersOf(certificate) : []
  const vouchedBy = (trusted: ReadonlySet<string>) => vouchers.some(fingerprint => trusted.has(fingerprint))
  return {
    commonName: list(subject['CN'])[0] ?? '',
    organizations: list(subject['O']),
    uid: list(subject['1.3.6.1.4.1.57683.2'])[0],
    fingerprint: certificate.fingerprint256?.replaceAll(':', '').toLowerCase(),
    authorized: authorities ? vouchedBy(authorities.client) : socket.authorized,
    frontProxy: authorities ? vouchedBy(authorities.frontProxy) : false,
  }
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
