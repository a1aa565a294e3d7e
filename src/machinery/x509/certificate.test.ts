import { generateKeyPairSync, type KeyPairKeyObjectResult, sign, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { issueCertificate, type KeyAndCertificate } from './certificate.ts'
import {
  bitString,
  type Der,
  explicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts'

const from = Date.parse('2026-01-01T00:00:00Z')
const validity = { notBefore: from, notAfter: from + 86_400_000 }
const printableString = (text: string): Der => Buffer.concat([Uint8Array.of(0x13, text.length), Buffer.from(text)])

/** An authority such as others make: more of a name than a CN, and any key. Nobody looks at its own signature. */
function authorityOf({ publicKey, privateKey }: KeyPairKeyObjectResult, keyIdentifier?: Uint8Array): KeyAndCertificate {
  const attribute = (oid: string, value: Der) => set(sequence(objectIdentifier(oid), value))
  const name = sequence(
    attribute('2.5.4.6', printableString('NL')),
    attribute('2.5.4.10', utf8String('Example, Inc.')),
    attribute('2.5.4.3', printableString('the authority')),
  )
  const identifier = keyIdentifier && sequence(objectIdentifier('2.5.29.14'), octetString(octetString(keyIdentifier)))
  const algorithm = sequence(objectIdentifier('1.2.840.10045.4.3.2'))
  const body = sequence(
    explicit(0, integer(Uint8Array.of(2))),
    integer(Uint8Array.of(1)),
    algorithm,
    name,
    sequence(time(validity.notBefore), time(validity.notAfter)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(identifier ? [explicit(3, sequence(identifier))] : []),
  )
  const hash = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  const certificate = Buffer.from(sequence(body, algorithm, bitString(sign(hash, body, privateKey)))).toString('base64')
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

const curve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve })

test.each<[string, () => KeyPairKeyObjectResult, Uint8Array?]>([
  ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 }), Uint8Array.of(1, 2, 3)],
  ['RSA, without a key identifier', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['P-256', () => curve('P-256'), Uint8Array.of(4)],
  ['P-384', () => curve('P-384'), Uint8Array.of(5)],
  ['P-521', () => curve('P-521'), Uint8Array.of(6)],
  ['Ed25519', () => generateKeyPairSync('ed25519'), Uint8Array.of(7)],
])('an authority of another make signs with its key, under its whole name: %s', (_name, generate, keyIdentifier) => {
  const keys = generate()
  const authority = authorityOf(keys, keyIdentifier)
  const request = { subject: { commonName: 'alice' }, usages: ['clientAuth'] as const }
  const issued = new X509Certificate(issueCertificate(authority, request, validity, Uint8Array.of(9)).certificate)
  expect(issued.verify(keys.publicKey)).toBe(true)
  // By the name, and the identifier of the key where there is one.
  expect(issued.checkIssued(new X509Certificate(authority.certificate))).toBe(true)
  expect(issued.issuer).toBe('C=NL\nO=Example\\, Inc.\nCN=the authority')
})
