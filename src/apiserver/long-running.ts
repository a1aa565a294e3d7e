// Requests that may go on for as long as the client likes: they have no deadline, and flow control counts of them only
// how a watch begins.

import type { RequestInfo } from './request-info.ts'

const subresources = new Set(['attach', 'exec', 'proxy', 'log', 'portforward'])

export function isLongRunning({ isResourceRequest, verb, subresource, path }: RequestInfo): boolean {
  if (verb === 'watch' || verb === 'proxy') return true
  if (!isResourceRequest) return path.startsWith('/debug/pprof/')
  return subresource !== '' && subresources.has(subresource)
}
