// The headers of every answer, as upstream sends them: those of the answer, those that the pipeline's stages add, and
// the warnings.

import type { RequestContext, Response } from '../request.ts'
import { warningHeaders } from './warnings.ts'

export type Headers = Record<string, string | string[]>

export function responseHeaders(request: RequestContext, response: Response): Headers {
  const headers: Headers = { 'cache-control': 'no-cache, private' }
  // Components other than the API server keep no record.
  if (request.auditID !== '') headers['audit-id'] = request.auditID
  if (response.contentType) headers['content-type'] = response.contentType
  if (request.flow) {
    const { schema } = request.flow
    headers['x-kubernetes-pf-flowschema-uid'] = schema.uid
    headers['x-kubernetes-pf-prioritylevel-uid'] = schema.level.uid
  }
  if (request.responseHeaders) Object.assign(headers, request.responseHeaders)
  if (response.headers) Object.assign(headers, response.headers)
  if (request.warnings.length > 0) headers['warning'] = warningHeaders(request.warnings)
  return headers
}
