// What is only read: tables and metadata of every kind, discovery, OpenAPI, health, version.

import type { Asked } from '../connection.ts'
import type { Case, Subject } from '../subject.ts'
import { validObjects } from '../valid-objects.ts'
import { collectionPath, prepareNamespace } from './validation.ts'

const namespace = 'reading'

const text = (value: unknown) => JSON.parse(JSON.stringify(value).replaceAll('NAMESPACE', namespace))

/** Each with a status where there is one; some names are fixed. */
function stored(): Asked[] {
  const asked: Asked[] = []
  for (const [index, valid] of validObjects.entries()) {
    const { object, resource, status } = valid
    if (resource === 'apiservices' || resource === 'namespaces') continue
    const fixed = resource === 'customresourcedefinitions' || resource === 'ipaddresses'
    const name = resource === 'ipaddresses' ? '10.96.88.8' : fixed ? object.metadata.name : `read-${index}`
    const body = text({ ...object, metadata: { ...object.metadata, name } })
    if (resource === 'customresourcedefinitions') {
      body.metadata.name = 'reads.example.org'
      body.spec.group = 'example.org'
      body.spec.names = { plural: 'reads', kind: 'Read' }
    }
    const path = collectionPath(valid, namespace)
    asked.push({ method: 'POST', path, body })
    if (status && !['customresourcedefinitions', 'persistentvolumeclaims'].includes(resource))
      asked.push({
        method: 'PATCH',
        path: `${path}/${body.metadata.name}/status`,
        body: { status },
        headers: { 'content-type': 'application/merge-patch+json' },
      })
  }
  return asked
}

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
const metadata = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json'
const metadataList = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json'

const tables: Subject = {
  name: 'reading: tables',
  setup: [...prepareNamespace(namespace), ...stored()],
  *cases() {
    const seen = new Set<string>()
    for (const [index, valid] of validObjects.entries()) {
      if (valid.resource === 'customresourcedefinitions' || valid.resource === 'apiservices') continue
      const path = collectionPath(valid, namespace)
      const name = valid.resource === 'ipaddresses' ? '10.96.88.8' : `read-${index}`
      if (valid.resource !== 'namespaces') {
        for (const include of ['', '?includeObject=None', '?includeObject=Object', '?includeObject=Bogus'])
          yield {
            name: `table of ${path}/${name}${include}`,
            path: `${path}/${name}${include}`,
            headers: { accept: table },
          }
        yield { name: `metadata of ${path}/${name}`, path: `${path}/${name}`, headers: { accept: metadata } }
        yield { name: `${path}/${name}`, path: `${path}/${name}` }
        yield { name: `YAML of ${path}/${name}`, path: `${path}/${name}`, headers: { accept: 'application/yaml' } }
      }
      if (seen.has(path)) continue
      seen.add(path)
      const all = valid.namespaced ? path : `${path}?labelSelector=app=web`
      yield { name: `table of ${all}`, path: all, headers: { accept: table } }
      yield { name: `metadata of ${all}`, path: all, headers: { accept: metadataList } }
      yield { name: `list ${all}`, path: all }
    }
    // What is there from the start.
    for (const path of [
      '/api/v1/namespaces',
      '/api/v1/services',
      '/apis/rbac.authorization.k8s.io/v1/clusterroles',
      '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
      '/apis/rbac.authorization.k8s.io/v1/roles',
      '/apis/rbac.authorization.k8s.io/v1/rolebindings',
      '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas',
      '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
      '/apis/scheduling.k8s.io/v1/priorityclasses',
      '/apis/apiregistration.k8s.io/v1/apiservices',
      '/apis/networking.k8s.io/v1/servicecidrs',
      '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases',
      '/api/v1/namespaces/kube-system/configmaps',
    ]) {
      yield { name: `at the start: ${path}`, path }
      yield { name: `at the start, as a table: ${path}`, path, headers: { accept: table } }
    }
  },
}

const pages: Subject = {
  name: 'reading: pages',
  *cases(): Iterable<Case> {
    const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'
    for (const path of ['/api', '/apis'])
      for (const accept of [
        aggregated,
        aggregated.replace('v=v2', 'v=v2beta1'),
        'application/json',
        'application/vnd.kubernetes.protobuf',
        'application/yaml',
      ])
        yield { name: `${path} as ${accept}`, path, headers: { accept } }
    const groups = new Set(validObjects.map(({ object }) => object.apiVersion as string))
    for (const version of groups) {
      const [group] = version.split('/')
      yield { name: version, path: version.includes('/') ? `/apis/${version}` : `/api/${version}` }
      if (version.includes('/')) yield { name: `group ${group}`, path: `/apis/${group}` }
    }
    for (const path of [
      '/version',
      '/healthz',
      '/livez',
      '/readyz',
      '/healthz?verbose',
      '/livez?verbose',
      '/readyz?verbose',
    ])
      yield { name: path, path }
    for (const path of ['/statusz', '/flagz'])
      for (const accept of [
        'text/plain',
        '*/*',
        'application/json',
        'application/json;v=v1beta1;g=config.k8s.io;as=Statusz',
      ])
        yield { name: `${path} as ${accept}`, path, headers: { accept } }
    yield { name: 'the OpenAPI index', path: '/openapi/v3' }
    for (const path of ['/openapi/v2', '/openapi/v3/api/v1', '/openapi/v3/apis/apps/v1'])
      for (const accept of [
        'application/json',
        '*/*',
        'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
        'application/com.github.proto-openapi.spec.v3@v1.0+protobuf',
        'text/plain',
      ])
        yield { name: `${path} as ${accept}`, method: 'HEAD', path, headers: { accept } }
  },
}

export const reading: readonly Subject[] = [tables, pages]
