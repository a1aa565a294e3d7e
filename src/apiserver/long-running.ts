// Requests that may go on for as long as the client likes: they have no deadline, and flow control counts of them only
// how a watch begins.

import type { RequestInfo } from './request-info.ts'

const subresources = new Set(['attach', 'exec', 'proxy', 'log', 'portforward'])

export function isLongRunning({ isResourceRequest, verb, subresource }: RequestInfo): boolean {
  if (verb === 'watch' || verb === 'proxy') return true
  return isResourceRequest && subresource !== '' && subresources.has(subresource)
}
