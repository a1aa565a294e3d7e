// Certificate requests as clients make them, PEM: for tests, since nothing here asks for certificates itself.

import { generateKeyPairSync, sign } from 'node:crypto'
import {
  bitString,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  utf8String,
} from '../der.ts'

export interface RequestedNames {
  readonly commonName?: string
  readonly organizations?: readonly string[]
  readonly dns?: readonly string[]
  readonly ips?: readonly string[]
  readonly emails?: readonly string[]
  readonly uris?: readonly string[]
}

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

export function certificateRequest(
  { commonName = 'jane', organizations = [], dns = [], ips = [], emails = [], uris = [] }: RequestedNames,
  { publicKey, privateKey } = newKeys(),
): string {
  const attribute = (oid: string, value: string) => set(sequence(objectIdentifier(oid), utf8String(value)))
  const names = [
    ...dns.map(name => implicit(2, Buffer.from(name))),
    ...emails.map(name => implicit(1, Buffer.from(name))),
    ...ips.map(ip => implicit(7, Uint8Array.from(ip.split('.').map(Number)))),
    ...uris.map(uri => implicit(6, Buffer.from(uri))),
  ]
  const extensions = sequence(sequence(objectIdentifier('2.5.29.17'), octetString(sequence(...names))))
  const info = sequence(
    integer(Uint8Array.of(0)),
    sequence(...organizations.map(name => attribute('2.5.4.10', name)), attribute('2.5.4.3', commonName)),
    publicKey.export({ type: 'spki', format: 'der' }),
    names.length === 0
      ? explicit(0)
      : explicit(0, sequence(objectIdentifier('1.2.840.113549.1.9.14'), set(extensions))),
  )
  const signature = bitString(sign('sha256', info, privateKey))
  const signed = sequence(info, sequence(objectIdentifier('1.2.840.10045.4.3.2')), signature)
  const lines = Buffer.from(signed)
    .toString('base64')
    .match(/.{1,64}/g)!
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`
}
