// Makes X.509 certificates: ECDSA P-256 keys of our own, signatures of whatever key the authority has, and the extensions
// that Kubernetes' clients and servers look at. A whole cluster's worth takes a few milliseconds, which is why this is not a library's doing: the
// start of a cluster has no time to load one.

import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import {
  bitString,
  boolean,
  type Der,
  explicit,
  implicit,
  integer,
  namedBits,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts'
import { children, readElement } from './der-reader.ts'

/** A certificate and its private key, both PEM. */
export interface KeyAndCertificate {
  readonly certificate: string
  readonly privateKey: string
}

export interface Subject {
  readonly commonName: string
  readonly organizations?: readonly string[]
  /** The UID that the API server takes its holder to have. */
  readonly uid?: string
}

export interface CertificateRequest {
  readonly subject: Subject
  readonly usages: readonly ('serverAuth' | 'clientAuth')[]
  /** DNS names and IP addresses the certificate is good for, in order. */
  readonly names?: readonly string[]
}

export interface Validity {
  /** Milliseconds since the Unix epoch. */
  readonly notBefore: number
  readonly notAfter: number
}

const extendedKeyUsages = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' }

/** A certificate authority of our own: its certificate signs itself. */
export function createCertificateAuthority(
  commonName: string,
  validity: Validity,
  serial: Uint8Array,
): KeyAndCertificate {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = distinguishedName({ commonName })
  const keyIdentifier = keyIdentifierOf(keys.publicKey)
  const certificate = signedCertificate({
    serial,
    issuer: name,
    subject: name,
    validity,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    extensions: [
      extension('2.5.29.15', namedBits(0, 2, 5), true),
      extension('2.5.29.19', sequence(boolean(true)), true),
      extension('2.5.29.14', octetString(keyIdentifier)),
      extension('2.5.29.17', sequence(implicit(2, Buffer.from(commonName)))),
    ],
  })
  return { certificate, privateKey: pemOf(keys.privateKey) }
}

/** A certificate for someone, signed by the authority, with a key of its own. */
export function issueCertificate(
  authority: KeyAndCertificate,
  request: CertificateRequest,
  validity: Validity,
  serial: Uint8Array,
): KeyAndCertificate {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = issuerOf(authority)
  const extensions = [
    extension('2.5.29.15', namedBits(0, 2), true),
    extension('2.5.29.37', sequence(...request.usages.map(usage => objectIdentifier(extendedKeyUsages[usage])))),
    extension('2.5.29.19', sequence(), true),
    ...authorityKeyIdentifier(issuer),
  ]
  if (request.names?.length) extensions.push(extension('2.5.29.17', sequence(...request.names.map(generalName))))
  const certificate = signedCertificate({
    serial,
    issuer: issuer.name,
    subject: distinguishedName(request.subject),
    validity,
    publicKey: keys.publicKey,
    signingKey: issuer.key,
    extensions,
  })
  return { certificate, privateKey: pemOf(keys.privateKey) }
}

/** What a request for a certificate asks to be said of the key that it was signed with. */
export interface RequestedCertificate {
  /** DER of the subject and of the public key, as they stand in the request. */
  readonly subject: Der
  readonly publicKey: Der
  readonly dnsNames: readonly string[]
  readonly emailAddresses: readonly string[]
  readonly ipAddresses: readonly Uint8Array[]
  readonly uris: readonly string[]
  /** Bits of KeyUsage, and object identifiers of ExtendedKeyUsage. */
  readonly keyUsages: readonly number[]
  readonly extendedKeyUsages: readonly string[]
}

/** A certificate for whoever holds the key already; PEM. */
export function signCertificate(
  authority: KeyAndCertificate,
  requested: RequestedCertificate,
  validity: Validity,
  serial: Uint8Array,
): string {
  const issuer = issuerOf(authority)
  const { keyUsages, extendedKeyUsages: extended } = requested
  const names = [
    ...requested.dnsNames.map(name => implicit(2, Buffer.from(name))),
    ...requested.emailAddresses.map(address => implicit(1, Buffer.from(address))),
    ...requested.ipAddresses.map(address => implicit(7, address)),
    ...requested.uris.map(uri => implicit(6, Buffer.from(uri))),
  ]
  const extensions = [
    ...(keyUsages.length > 0 ? [extension('2.5.29.15', namedBits(...keyUsages), true)] : []),
    ...(extended.length > 0 ? [extension('2.5.29.37', sequence(...extended.map(objectIdentifier)))] : []),
    extension('2.5.29.19', sequence(), true),
    ...authorityKeyIdentifier(issuer),
    // Where there is no subject, the names are all there is to go by.
    ...(names.length > 0 ? [extension('2.5.29.17', sequence(...names), requested.subject.length === 2)] : []),
  ]
  return signedCertificate({
    serial,
    issuer: issuer.name,
    subject: requested.subject,
    validity,
    publicKey: requested.publicKey,
    signingKey: issuer.key,
    extensions,
  })
}

interface Issuer {
  readonly key: KeyObject
  /** DER: of every byte as it stands in the authority's certificate, or clients don't find it. */
  readonly name: Der
  readonly keyIdentifier: Uint8Array | undefined
}

const subjectKeyIdentifier = objectIdentifier('2.5.29.14')

function issuerOf({ certificate, privateKey }: KeyAndCertificate): Issuer {
  const der = new X509Certificate(certificate).raw
  const [body] = children(der, readElement(der, 0, 0x30))
  const parts = children(der, body!)
  // The version is left out of certificates of the first.
  const [, , , , subject] = der[parts[0]!.from] === 0xa0 ? parts.slice(1) : parts
  const last = parts.at(-1)!
  const extensions = der[last.from] === 0xa3 ? children(der, children(der, last)[0]!) : []
  const identifier = extensions
    .map(one => children(der, one))
    .find(([type]) => Buffer.compare(der.subarray(type!.from, type!.end), subjectKeyIdentifier) === 0)
    ?.at(-1)
  const content = identifier && readElement(der, identifier.start, 0x04)
  return {
    key: createPrivateKey(privateKey),
    name: der.subarray(subject!.from, subject!.end),
    keyIdentifier: content && der.subarray(content.start, content.end),
  }
}

const authorityKeyIdentifier = ({ keyIdentifier }: Issuer): readonly Der[] =>
  keyIdentifier ? [extension('2.5.29.35', sequence(implicit(0, keyIdentifier)))] : []

/** How a key of this kind signs: the hash, and the algorithm's identifier. */
function signatureOf(key: KeyObject): { readonly hash: string | null; readonly algorithm: Der } {
  const none = Uint8Array.of(0x05, 0x00)
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return { hash: 'sha256', algorithm: sequence(objectIdentifier('1.2.840.113549.1.1.11'), none) }
    case 'ed25519':
      return { hash: null, algorithm: sequence(objectIdentifier('1.3.101.112')) }
    default: {
      const { namedCurve = '' } = key.asymmetricKeyDetails ?? {}
      const [hash, last] =
        namedCurve === 'secp384r1' ? ['sha384', 3] : namedCurve === 'secp521r1' ? ['sha512', 4] : ['sha256', 2]
      return { hash: hash as string, algorithm: sequence(objectIdentifier(`1.2.840.10045.4.3.${last}`)) }
    }
  }
}

function signedCertificate(of: {
  serial: Uint8Array
  issuer: Der
  subject: Der
  validity: Validity
  publicKey: KeyObject | Der
  signingKey: KeyObject
  extensions: readonly Der[]
}): string {
  const { hash, algorithm } = signatureOf(of.signingKey)
  const body = sequence(
    explicit(0, integer(Uint8Array.of(2))),
    integer(of.serial),
    algorithm,
    of.issuer,
    sequence(time(of.validity.notBefore), time(of.validity.notAfter)),
    of.subject,
    of.publicKey instanceof Uint8Array ? of.publicKey : of.publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...of.extensions)),
  )
  const certificate = sequence(body, algorithm, bitString(sign(hash, body, of.signingKey)))
  const lines = Buffer.from(certificate)
    .toString('base64')
    .match(/.{1,64}/g)!
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function distinguishedName({ commonName, organizations = [], uid }: Subject): Der {
  const attribute = (oid: string, value: string) => set(sequence(objectIdentifier(oid), utf8String(value)))
  return sequence(
    ...organizations.map(name => attribute('2.5.4.10', name)),
    attribute('2.5.4.3', commonName),
    ...(uid === undefined ? [] : [attribute('1.3.6.1.4.1.57683.2', uid)]),
  )
}

function generalName(name: string): Der {
  return isIP(name) === 0 ? implicit(2, Buffer.from(name)) : implicit(7, addressBytes(name))
}

/** The 4 or 16 bytes of an IP address. */
export function addressBytes(address: string): Uint8Array {
  if (isIP(address) === 4) return Uint8Array.from(address.split('.').map(Number))
  const [withoutZone] = address.split('%')
  const embedded = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(withoutZone!)
  const text = embedded
    ? `${embedded[1]}${((+embedded[2]! << 8) | +embedded[3]!).toString(16)}:${((+embedded[4]! << 8) | +embedded[5]!).toString(16)}`
    : withoutZone!
  const [head = '', tail] = text.split('::')
  const groupsOf = (part: string) => (part === '' ? [] : part.split(':').map(group => Number.parseInt(group, 16)))
  const left = groupsOf(head)
  const right = tail === undefined ? [] : groupsOf(tail)
  const groups = [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
  return Uint8Array.from(groups.flatMap(group => [group >> 8, group & 0xff]))
}

function extension(oid: string, value: Der, critical = false): Der {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value))
}

function keyIdentifierOf(publicKey: KeyObject): Uint8Array {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest()
}

function pemOf(privateKey: KeyObject): string {
  // SEC 1 for keys on a curve: clients tell by the header which kind it is, and some (fabric8) know no other form.
  return privateKey.export({ type: 'sec1', format: 'pem' }) as string
}
