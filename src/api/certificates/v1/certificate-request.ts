// A PKCS #10 request for a certificate, as far as the server looks into it: is it one, and did the holder of its key sign
// it (RFC 2986).

import { constants, createPublicKey, verify } from 'node:crypto'
import { children, type Element, readElement } from '../../../machinery/x509/der-reader.ts'

/** Go's `encoding/pem`: the first block, whatever stands around it. */
const block = /-----BEGIN ([^\n]+?)-----\r?\n([\s\S]*?)-----END \1-----/

/** What is wrong with the text, in upstream's words; undefined when nothing is. */
export function certificateRequestProblem(pem: string): string | undefined {
  const found = block.exec(pem)
  if (found?.[1] !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST'
  const parts = found[2]!.split(/\r?\n\r?\n/)
  const der = Buffer.from(parts.at(-1)!, 'base64')
  const malformed = 'asn1: structure error: malformed certificate request'
  try {
    const request = readElement(der, 0, 0x30)
    if (request.end !== der.length) return 'asn1: syntax error: trailing data'
    const info = readElement(der, request.start, 0x30)
    const algorithm = readElement(der, info.end, 0x30)
    const identifier = readElement(der, algorithm.start, 0x06)
    const signature = readElement(der, algorithm.end, 0x03)
    const version = readElement(der, info.start, 0x02)
    const subject = readElement(der, version.end, 0x30)
    const key = readElement(der, subject.end, 0x30)
    const publicKey = createPublicKey({
      key: der.subarray(key.from, key.end),
      format: 'der',
      type: 'spki',
    })
    const oid = der.subarray(identifier.start, identifier.end).toString('hex')
    const scheme = schemes[oid]
    if (!scheme) return 'x509: cannot verify signature: algorithm unimplemented'
    const signed = der.subarray(info.from, info.end)
    const bits = der.subarray(signature.start + 1, signature.end)
    const padding = scheme.pss ? { padding: constants.RSA_PKCS1_PSS_PADDING } : {}
    if (verify(scheme.hash, signed, { key: publicKey, ...padding }, bits)) return undefined
    return scheme.failure
  } catch {
    return malformed
  }
}

/** What a request says, for those who decide about it. */
export interface ParsedCertificateRequest {
  /** DER. */
  readonly subject: Uint8Array
  readonly publicKey: Uint8Array
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly dnsNames: readonly string[]
  readonly emailAddresses: readonly string[]
  readonly ipAddresses: readonly Uint8Array[]
  readonly uris: readonly string[]
}

/** Takes PEM; throws when `certificateRequestProblem` has something to say. */
export function parseCertificateRequest(pem: string): ParsedCertificateRequest {
  const problem = certificateRequestProblem(pem)
  if (problem) throw new Error(problem)
  const der = Buffer.from(
    block
      .exec(pem)![2]!
      .split(/\r?\n\r?\n/)
      .at(-1)!,
    'base64',
  )
  const info = readElement(der, readElement(der, 0, 0x30).start, 0x30)
  const version = readElement(der, info.start, 0x02)
  const subject = readElement(der, version.end, 0x30)
  const key = readElement(der, subject.end, 0x30)
  const names = { 1: [] as Buffer[], 2: [] as Buffer[], 6: [] as Buffer[], 7: [] as Buffer[] }
  for (const { tag, content } of key.end < info.end ? alternativeNames(der, key.end) : []) {
    const kind = (tag & 0x1f) as keyof typeof names
    names[kind]?.push(content)
  }
  const attributes = subjectAttributes(der, subject)
  const texts = (contents: readonly Buffer[]) => contents.map(content => content.toString())
  return {
    subject: der.subarray(subject.from, subject.end),
    publicKey: der.subarray(key.from, key.end),
    commonName: attributes.findLast(({ oid }) => oid === '550403')?.value ?? '',
    organizations: attributes.filter(({ oid }) => oid === '55040a').map(({ value }) => value),
    emailAddresses: texts(names[1]),
    dnsNames: texts(names[2]),
    uris: texts(names[6]),
    ipAddresses: names[7],
  }
}

function subjectAttributes(der: Buffer, subject: Element): { oid: string; value: string }[] {
  return children(der, subject).flatMap(set =>
    children(der, set).map(attribute => {
      const [type, value] = children(der, attribute)
      const bytes = der.subarray(value!.start, value!.end)
      const oid = der.subarray(type!.start, type!.end).toString('hex')
      return {
        oid,
        value: der[value!.from] === 0x1e ? Buffer.from(bytes).swap16().toString('utf16le') : bytes.toString(),
      }
    }),
  )
}

const extensionRequest = '2a864886f70d01090e'
const subjectAltName = '551d11'

/** What the requested extensions say besides the subject. */
function alternativeNames(der: Buffer, from: number): { tag: number; content: Buffer }[] {
  for (const attribute of children(der, readElement(der, from, 0xa0))) {
    const [type, values] = children(der, attribute)
    if (der.subarray(type!.start, type!.end).toString('hex') !== extensionRequest) continue
    for (const extensions of children(der, values!))
      for (const extension of children(der, extensions)) {
        const parts = children(der, extension)
        if (der.subarray(parts[0]!.start, parts[0]!.end).toString('hex') !== subjectAltName) continue
        return children(der, readElement(der, parts.at(-1)!.start, 0x30)).map(name => ({
          tag: der[name.from]!,
          content: der.subarray(name.start, name.end),
        }))
      }
  }
  return []
}

interface Scheme {
  readonly hash: string | null
  readonly failure: string
  readonly pss?: boolean
}

const rsa = (hash: string): Scheme => ({ hash, failure: 'crypto/rsa: verification error' })
const ecdsa = (hash: string): Scheme => ({ hash, failure: 'x509: ECDSA verification failure' })

/** Signature algorithms by their object identifier. */
const schemes: Readonly<Record<string, Scheme>> = {
  '2a864886f70d01010b': rsa('sha256'),
  '2a864886f70d01010c': rsa('sha384'),
  '2a864886f70d01010d': rsa('sha512'),
  '2a864886f70d01010a': { ...rsa('sha256'), pss: true },
  '2a8648ce3d040302': ecdsa('sha256'),
  '2a8648ce3d040303': ecdsa('sha384'),
  '2a8648ce3d040304': ecdsa('sha512'),
  '2b6570': { hash: null, failure: 'x509: Ed25519 verification failure' },
}
