// Discovery: which groups, versions and resources there are. /api and /apis answer the aggregated form to clients that
// ask for it, the older documents to the others. Made once and kept until a resource comes or goes.

import { createHash } from 'node:crypto'
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from '../../api/discovery.ts'
import type { ResourceDeclaration } from '../../api/resource.ts'
import { notAcceptable } from '../../machinery/status-error.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { Registry } from '../registry/registry.ts'
import type { RequestContext, Response } from '../request.ts'
import type { ServerOptions } from '../server-context.ts'
import { json, parseAccept } from '../serving/media-type.ts'

export function registerDiscovery(dispatcher: Dispatcher, registry: Registry, options: ServerOptions): void {
  const resources = (): ResourceDeclaration[] => [...registry.resources()].map(({ declaration }) => declaration)
  const documents = new Map<string, Response>()
  const document = (name: string, make: () => object | undefined, contentType = json): Response | undefined => {
    let answer = documents.get(name)
    if (!answer) {
      const object = make()
      if (!object) return undefined
      const body = Buffer.from(`${JSON.stringify(object)}\n`)
      const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`
      answer = { status: 200, contentType, object, body, headers: { etag } }
      documents.set(name, answer)
    }
    return answer
  }
  const aggregated = (path: '/api' | '/apis', request: RequestContext): Response | undefined => {
    const header = request.headers['accept']
    for (const { type, parameters } of parseAccept((Array.isArray(header) ? header.join(',') : header) ?? '*/*')) {
      if (parameters['as'] === 'APIGroupDiscoveryList') {
        const version = parameters['v']
        if (type !== json || (version !== 'v2' && version !== 'v2beta1')) continue
        const contentType = `${json};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
        const answer = document(
          `${path} ${version}`,
          () => aggregatedDiscovery(resources(), path, { version }),
          contentType,
        )!
        return request.headers['if-none-match'] === answer.headers!['etag']
          ? { status: 304, headers: answer.headers }
          : answer
      }
      if (type === json || type === '*/*' || type === 'application/*') return undefined
    }
    if (header === undefined || request.direct) return undefined
    const onlyOthers = parseAccept(String(header)).every(
      ({ type }) => type !== 'application/vnd.kubernetes.protobuf' && type !== 'application/yaml',
    )
    if (onlyOthers) throw notAcceptable([json])
    return undefined
  }
  const address = `${options.advertiseAddress}:${options.port}`
  dispatcher.register('/api', request => aggregated('/api', request) ?? document('/api', () => apiVersions(address))!)
  dispatcher.register(
    '/apis',
    request => aggregated('/apis', request) ?? document('/apis', () => apiGroupList(resources()))!,
  )
  const seen = new Set<string>()
  for (const { group, version } of resources()) {
    if (group !== '' && !seen.has(group)) {
      seen.add(group)
      dispatcher.register(`/apis/${group}`, () => document(`/apis/${group}`, () => apiGroup(resources(), group))!)
    }
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
    if (seen.has(path)) continue
    seen.add(path)
    dispatcher.register(path, () => document(path, () => apiResourceList(resources(), group, version))!)
  }
  dispatcher.register('/', () => document('/', () => ({ paths: dispatcher.paths() }))!)
}
