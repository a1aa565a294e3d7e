// Certificates for servers on loopback, and for clients.

import type { KeyAndCertificate } from '../../../src/cluster/pki/pki.ts'
import { createCertificateAuthority, issueCertificate, type Subject } from '../../../src/machinery/x509/certificate.ts'

const day = 24 * 3600_000
let serial = 100
const nextSerial = () => Uint8Array.of(1, ++serial)
const now = () => Date.now()
const fresh = () => ({ notBefore: now() - day, notAfter: now() + day })

export const newAuthority = (name: string): KeyAndCertificate => createCertificateAuthority(name, fresh(), nextSerial())

export const serverCertificate = (authority: KeyAndCertificate): KeyAndCertificate =>
  issueCertificate(
    authority,
    { subject: { commonName: 'server' }, usages: ['serverAuth'], names: ['localhost', '127.0.0.1'] },
    fresh(),
    nextSerial(),
  )

export const clientCertificate = (
  authority: KeyAndCertificate,
  subject: Subject,
  { expired = false, usage = 'clientAuth' as 'clientAuth' | 'serverAuth' } = {},
): KeyAndCertificate =>
  issueCertificate(
    authority,
    { subject, usages: [usage] },
    expired ? { notBefore: now() - 2 * day, notAfter: now() - day } : fresh(),
    nextSerial(),
  )
