// `kubectl explain` of every kind that is served: beside upstream's own documents, served to the same kubectl, field by
// field.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resources } from '../../src/api/scheme.ts'
import { K8ts } from './environment/k8ts.ts'
import { Kubectl } from './environment/kubectl.ts'

const served = fileURLToPath(new URL('../../../shared/kubernetes-v1.36/served/', import.meta.url))

/** As much of a stock API server as explain asks for. */
function upstreamDocuments(): Server {
  return createServer((request, response) => {
    const path = new URL(request.url!, 'http://localhost').pathname
    const discovery = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
    const [file, type] =
      path === '/api'
        ? ['discovery-api.json', discovery]
        : path === '/apis'
          ? ['discovery-apis.json', discovery]
          : path === '/openapi/v3'
            ? ['openapi-v3/index.json', 'application/json']
            : [`openapi-v3/${path.replace('/openapi/v3/', '').replaceAll('/', '__')}.json`, 'application/json']
    response.setHeader('content-type', type)
    response.statusCode = existsSync(served + file) ? 200 : 404
    response.end(response.statusCode === 200 ? readFileSync(served + file) : '')
  })
}

describe.skipIf(!existsSync(served))('explain', () => {
  let k8ts: K8ts
  let ours: Kubectl
  let theirs: Kubectl
  let upstream: Server
  const home = mkdtempSync(join(tmpdir(), 'k8ts-explain-'))

  beforeAll(async () => {
    k8ts = await K8ts.start({ nodes: 0 })
    ours = k8ts.kubectl()
    upstream = upstreamDocuments()
    await new Promise<void>(resolve => upstream.listen(0, '127.0.0.1', resolve))
    const kubeconfig = join(home, 'kubeconfig')
    const server = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'upstream', cluster: { server } }],
        contexts: [{ name: 'upstream', context: { cluster: 'upstream', user: '' } }],
        'current-context': 'upstream',
      }),
    )
    theirs = new Kubectl(kubeconfig, home)
  })
  afterAll(async () => {
    await k8ts?.stop()
    upstream?.close()
    rmSync(home, { recursive: true, force: true })
  })

  const kinds = resources.map(({ group, version, resource }) => [
    group === '' ? version : `${group}/${version}`,
    resource,
  ])
  test.each(kinds)('%s %s', async (apiVersion, resource) => {
    const all = ['explain', resource!, '--api-version', apiVersion!]
    const fieldsOf = (text: string) => text.slice(text.indexOf('FIELDS:'))
    const [mine, upstreams, words] = await Promise.all([
      ours.output(...all, '--recursive'),
      theirs.output(...all, '--recursive'),
      ours.output(...all),
    ])
    expect(fieldsOf(mine)).toBe(fieldsOf(upstreams))
    expect(fieldsOf(mine).split('\n').length).toBeGreaterThan(3)
    expect(words).not.toContain('<empty>')
    expect(words).not.toContain('<no description>')
  })
})
