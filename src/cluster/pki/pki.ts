// The cluster's public key infrastructure: who may vouch for whom.
//
// Comes in: a directory (or none, for a cluster in memory), the names the API server is reached by, an `Env`. Goes out:
// the certificates and keys of every component, in kubeadm's layout and with its names. What stands in the directory
// is used again; what is missing, about to expire or made for other names is made anew. A damaged certificate authority
// or service account key is an error: replacing it would lock out everyone who trusts the old one.

import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { Env } from '../../machinery/env/env.ts'
import {
  addressBytes,
  type CertificateRequest,
  createCertificateAuthority,
  issueCertificate,
  type KeyAndCertificate,
  type Validity,
} from '../../machinery/x509/certificate.ts'
import { PkiDirectory, PkiError } from './pki-directory.ts'

export type { KeyAndCertificate } from '../../machinery/x509/certificate.ts'
export { PkiError } from './pki-directory.ts'

const hour = 3_600_000
const day = 24 * hour
const authorityLifetime = 10 * 365 * day
const certificateLifetime = 365 * day
/** A certificate with less than this left is made anew at the next start. */
const renewBefore = 30 * day
/** Certificates begin a little before now, for machines whose clocks are behind. */
const clockSkew = hour

export interface PkiOptions {
  readonly env: Env
  /** Where the files are kept; in memory only when absent. */
  readonly directory?: string
  /** Names and addresses that clients use for the API server, besides those every cluster has. */
  readonly apiServerNames?: readonly string[]
  /** The first address of the service range: the kubernetes Service's. */
  readonly serviceAddress?: string
  readonly clusterDomain?: string
}

export interface NodeCredentials {
  /** What the kubelet shows the API server: system:node:<name> in system:nodes. */
  readonly client: KeyAndCertificate
  /** What the kubelet's own HTTPS server shows. */
  readonly serving: KeyAndCertificate
}

export interface Pki {
  /** Signs everything below but the front proxy's. */
  readonly certificateAuthority: KeyAndCertificate
  readonly apiServer: KeyAndCertificate
  /** What the API server shows to kubelets. */
  readonly apiServerKubeletClient: KeyAndCertificate
  readonly frontProxyAuthority: KeyAndCertificate
  readonly frontProxyClient: KeyAndCertificate
  /** Signs and checks service account tokens; PEM. */
  readonly serviceAccountKey: { readonly privateKey: string; readonly publicKey: string }
  readonly admin: KeyAndCertificate
  readonly controllerManager: KeyAndCertificate
  readonly scheduler: KeyAndCertificate
  readonly proxy: KeyAndCertificate
  node(name: string, addresses: readonly string[]): NodeCredentials
  /** A client certificate for anyone else. Kept under the name, if there is a directory. */
  client(file: string, commonName: string, organizations?: readonly string[]): KeyAndCertificate
}

/** Loads what the directory holds and makes what it lacks. Throws `PkiError` when what it holds cannot be used. */
export function loadOrCreatePki(options: PkiOptions): Pki {
  const { env, clusterDomain = 'cluster.local' } = options
  const directory = new PkiDirectory(options.directory)
  const serial = () => {
    const bytes = env.random.bytes(16)
    bytes[0] = (bytes[0]! & 0x7f) | 0x40
    return bytes
  }
  const validFor = (lifetime: number): Validity => {
    const now = env.clock.now()
    return { notBefore: now - clockSkew, notAfter: now + lifetime }
  }

  /** `signed` is a certificate that exists as soon as the authority has been used. */
  const authority = (file: string, commonName: string, signed: string): KeyAndCertificate => {
    const stored = directory.read(file)
    if (!stored) assertNotLost(directory, file, signed)
    if (stored && !expiresWithin(parseAuthority(directory, file, stored), env.clock.now(), renewBefore)) return stored
    const made = createCertificateAuthority(commonName, validFor(authorityLifetime), serial())
    directory.write(file, made, { durable: true })
    return made
  }

  const certificateAuthority = authority('ca', 'kubernetes', 'apiserver')
  const frontProxyAuthority = authority('front-proxy-ca', 'front-proxy-ca', 'front-proxy-client')

  const certificate = (
    file: string,
    request: CertificateRequest,
    issuer: KeyAndCertificate = certificateAuthority,
  ): KeyAndCertificate => {
    const stored = directory.read(file)
    if (stored && isGood(stored, request, issuer, env.clock.now())) return stored
    const made = issueCertificate(issuer, request, validFor(certificateLifetime), serial())
    directory.write(file, made)
    return made
  }
  const client = (file: string, commonName: string, organizations?: readonly string[], issuer?: KeyAndCertificate) =>
    certificate(file, { subject: { commonName, organizations }, usages: ['clientAuth'] }, issuer)

  const apiServerNames = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${clusterDomain}`,
    'localhost',
    '127.0.0.1',
    '::1',
    ...(options.serviceAddress ? [options.serviceAddress] : []),
    ...(options.apiServerNames ?? []),
  ]

  return {
    certificateAuthority,
    frontProxyAuthority,
    apiServer: certificate('apiserver', {
      subject: { commonName: 'kube-apiserver' },
      usages: ['serverAuth'],
      names: [...new Set(apiServerNames.filter(name => name !== '0.0.0.0' && name !== '::'))],
    }),
    apiServerKubeletClient: client('apiserver-kubelet-client', 'kube-apiserver-kubelet-client', ['system:masters']),
    frontProxyClient: client('front-proxy-client', 'front-proxy-client', undefined, frontProxyAuthority),
    serviceAccountKey: serviceAccountKey(directory),
    admin: client('admin', 'kubernetes-admin', ['system:masters']),
    controllerManager: client('controller-manager', 'system:kube-controller-manager'),
    scheduler: client('scheduler', 'system:kube-scheduler'),
    proxy: client('proxy', 'system:kube-proxy'),
    node: (name, addresses) => {
      const subject = { commonName: `system:node:${name}`, organizations: ['system:nodes'] }
      return {
        client: certificate(`kubelet-client-${name}`, { subject, usages: ['clientAuth'] }),
        serving: certificate(`kubelet-${name}`, {
          subject,
          usages: ['serverAuth'],
          names: [...new Set([name, ...addresses])],
        }),
      }
    },
    client,
  }
}

function serviceAccountKey(directory: PkiDirectory): Pki['serviceAccountKey'] {
  const stored = directory.readKey('sa')
  if (stored !== undefined) {
    try {
      const privateKey = createPrivateKey(stored)
      const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }) as string
      return { privateKey: stored, publicKey }
    } catch (error) {
      throw new PkiError(directory.path('sa.key'), error)
    }
  }
  const keys = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  directory.writeKey('sa', keys.privateKey, keys.publicKey)
  return keys
}

/** Half an authority: what is left of one whose making was cut short, or a loss that a new one would make worse. */
function assertNotLost(directory: PkiDirectory, file: string, signed: string): void {
  const lost = (half: string) =>
    new PkiError(directory.path(half), new Error('it is missing; restore it, or remove the directory to start anew'))
  if (directory.has(`${file}.crt`)) throw lost(`${file}.key`)
  if (directory.has(`${file}.key`) && directory.has(`${signed}.crt`)) throw lost(`${file}.crt`)
}

function parseAuthority(directory: PkiDirectory, file: string, stored: KeyAndCertificate): X509Certificate {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(stored.certificate)
  } catch (error) {
    throw new PkiError(directory.path(`${file}.crt`), error)
  }
  try {
    if (certificate.checkPrivateKey(createPrivateKey(stored.privateKey))) return certificate
  } catch (error) {
    throw new PkiError(directory.path(`${file}.key`), error)
  }
  throw new PkiError(directory.path(`${file}.key`), new Error(`it is not the key of ${file}.crt`))
}

function expiresWithin(certificate: X509Certificate, now: number, margin: number): boolean {
  return Date.parse(certificate.validTo) < now + margin || Date.parse(certificate.validFrom) > now
}

/** Whether a stored certificate is still what would be made today. */
function isGood(stored: KeyAndCertificate, request: CertificateRequest, issuer: KeyAndCertificate, now: number) {
  try {
    const certificate = new X509Certificate(stored.certificate)
    if (expiresWithin(certificate, now, renewBefore)) return false
    const issuerCertificate = new X509Certificate(issuer.certificate)
    if (!certificate.checkIssued(issuerCertificate) || !certificate.verify(issuerCertificate.publicKey)) return false
    if (!certificate.checkPrivateKey(createPrivateKey(stored.privateKey))) return false
    const { commonName, organizations = [] } = request.subject
    if (certificate.subject !== [...organizations.map(name => `O=${name}`), `CN=${commonName}`].join('\n')) return false
    return sameNames(certificate.subjectAltName, request.names ?? [])
  } catch {
    return false
  }
}

function sameNames(stored: string | undefined, wanted: readonly string[]): boolean {
  const canonical = (kind: string, name: string) =>
    kind === 'IP Address' ? Buffer.from(addressBytes(name)).toString('hex') : name
  const have = (stored ? stored.split(', ') : []).map(entry => {
    const colon = entry.indexOf(':')
    return canonical(entry.slice(0, colon), entry.slice(colon + 1))
  })
  const want = wanted.map(name => canonical(isIP(name) === 0 ? 'DNS' : 'IP Address', name))
  return have.length === want.length && have.every((name, index) => name === want[index])
}
