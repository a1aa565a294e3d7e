// The names in a TLS client's certificate.

import type { TLSSocket } from 'node:tls'
import type { PeerCertificate } from '../authentication/authenticator.ts'

/** A connection's certificate never changes, and is one value for as long as the connection lives. */
const known = new WeakMap<TLSSocket, PeerCertificate>()

/** undefined when the client showed no certificate. */
export function peerCertificateOf(socket: TLSSocket): PeerCertificate | undefined {
  const read = known.get(socket) ?? readCertificate(socket)
  if (read) known.set(socket, read)
  return read
}

function readCertificate(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerCertificate?.()
  const subject = certificate?.subject as Record<string, string | string[] | undefined> | undefined
  if (!subject) return undefined
  const list = (value: string | string[] | undefined) =>
    value === undefined ? [] : Array.isArray(value) ? value : [value]
  return {
    commonName: list(subject['CN'])[0] ?? '',
    organizations: list(subject['O']),
    uid: list(subject['1.3.6.1.4.1.57683.2'])[0],
    fingerprint: certificate.fingerprint256?.replaceAll(':', '').toLowerCase(),
    authorized: socket.authorized,
  }
}
