// Cross-origin requests: what a browser is told of who may call from which page (upstream: --cors-allowed-origins).

import type { RequestContext } from './request.ts'

/** undefined when the request doesn't come from an allowed origin. */
export function corsHeaders(
  { headers }: Pick<RequestContext, 'headers'>,
  allowed: readonly RegExp[],
): Record<string, string> | undefined {
  const given = headers['origin']
  const origin = Array.isArray(given) ? given[0] : given
  if (!origin || !allowed.some(pattern => pattern.test(origin))) return undefined
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'POST, GET, OPTIONS, PUT, DELETE, PATCH',
    'access-control-allow-headers':
      'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since',
    'access-control-expose-headers': 'Date',
    'access-control-allow-credentials': 'true',
  }
}
