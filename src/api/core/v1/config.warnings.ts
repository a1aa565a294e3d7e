// A certificate and a key that don't belong together, and what ServiceAccounts and nodes still say of old.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { warningsForCIDR } from '../../../machinery/validation/ip.ts'
import type { KubeObject } from '../../resource.ts'

const none: string[] = Object.freeze([]) as unknown as string[]

export function secretWarnings(secret: KubeObject): string[] {
  if (secret['type'] !== 'kubernetes.io/tls') return none
  const problem = keyPairProblem(decoded(secret, 'tls.crt'), decoded(secret, 'tls.key'))
  return problem ? [problem] : none
}

const decoded = (secret: KubeObject, key: string): string =>
  Buffer.from(secret['data']?.[key] ?? '', 'base64').toString()

const certificateBlock = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/
const anyBlock = /-----BEGIN [A-Z0-9 ]+-----[\s\S]*?-----END [A-Z0-9 ]+-----/
const keyBlock = /-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----[\s\S]*?-----END ([A-Z0-9]+ )*PRIVATE KEY-----/

/** As Go's crypto/tls says it (X509KeyPair). */
function keyPairProblem(certificate: string, key: string): string | undefined {
  const found = certificateBlock.exec(certificate)?.[0]
  if (found === undefined) {
    if (!anyBlock.test(certificate)) return 'tls: failed to find any PEM data in certificate input'
    return keyBlock.test(certificate)
      ? 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched'
      : 'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: []'
  }
  const keyFound = keyBlock.exec(key)?.[0]
  if (keyFound === undefined) {
    if (!anyBlock.test(key)) return 'tls: failed to find any PEM data in key input'
    return certificateBlock.test(key)
      ? 'tls: found a certificate rather than a key in the PEM for the private key'
      : 'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: []'
  }
  let parsed: X509Certificate
  try {
    parsed = new X509Certificate(found)
  } catch {
    return 'x509: malformed certificate'
  }
  try {
    return parsed.checkPrivateKey(createPrivateKey(keyFound)) ? undefined : 'tls: private key does not match public key'
  } catch {
    return 'tls: failed to parse private key'
  }
}

const mountableSecrets = 'kubernetes.io/enforce-mountable-secrets'

export function serviceAccountWarnings(account: KubeObject): string[] {
  if (account.metadata['annotations']?.[mountableSecrets] === undefined) return none
  return [
    `metadata.annotations[${mountableSecrets}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
  ]
}

export function nodeWarnings(node: KubeObject): string[] {
  const { configSource, externalID, podCIDRs } = node['spec'] ?? {}
  const warnings: string[] = []
  if (configSource) warnings.push('spec.configSource: deprecated in v1.22, support removal is planned in v1.23')
  if (externalID) warnings.push('spec.externalID: this field is deprecated, and is unused by Kubernetes')
  for (const [index, range] of ((podCIDRs ?? []) as string[]).entries())
    warnings.push(...warningsForCIDR(`spec.podCIDRs[${index}]`, range))
  return warnings
}
