// Which requests are a kubelet's, and for what: to call the API server, or to serve its own API (upstream:
// pkg/apis/certificates/helpers.go). What is wrong with a request is answered in upstream's words.

import type { ParsedCertificateRequest } from '../../api/certificates/v1/certificate-request.ts'

const nodesGroup = 'system:nodes'
const nodePrefix = 'system:node:'

/** Keys that cannot encipher need not ask for it. */
function usagesProblem(usages: readonly string[], auth: string): string | undefined {
  const required = [auth, 'digital signature', 'key encipherment'].sort()
  const given = new Set(usages)
  const asks = (wanted: readonly string[]) => wanted.length === given.size && wanted.every(usage => given.has(usage))
  if (asks(required) || asks(required.filter(usage => usage !== 'key encipherment'))) return undefined
  return `usages did not match [${required.join(' ')}]`
}

function isNodes({ organizations }: ParsedCertificateRequest): boolean {
  return organizations.length === 1 && organizations[0] === nodesGroup
}

function nameProblem({ commonName }: ParsedCertificateRequest): string | undefined {
  return commonName.startsWith(nodePrefix) ? undefined : `subject common name does not begin with ${nodePrefix}`
}

export function kubeletClientProblem(request: ParsedCertificateRequest, usages: readonly string[]): string | undefined {
  if (!isNodes(request)) return `subject organization is not ${nodesGroup}`
  if (request.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed'
  if (request.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed'
  if (request.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed'
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed'
  return nameProblem(request) ?? usagesProblem(usages, 'client auth')
}

export function kubeletServingProblem(
  request: ParsedCertificateRequest,
  usages: readonly string[],
): string | undefined {
  if (!isNodes(request)) return `subject organization is not ${nodesGroup}`
  if (request.dnsNames.length === 0 && request.ipAddresses.length === 0) return 'DNS or IP subjectAltName is required'
  if (request.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed'
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed'
  return usagesProblem(usages, 'server auth') ?? nameProblem(request)
}

export function apiServerClientProblem(
  _request: ParsedCertificateRequest,
  usages: readonly string[],
): string | undefined {
  const optional = ['digital signature', 'key encipherment']
  const other = usages.find(usage => usage !== 'client auth' && !optional.includes(usage))
  if (other !== undefined) return `invalid usage for client certificate: ${other}`
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth'
}
