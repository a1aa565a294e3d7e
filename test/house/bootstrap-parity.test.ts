// The objects that exist at start, against those of a stock server. Runs where upstream's data lies beside the project.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { bootstrapObjects } from '../../src/apiserver/bootstrap/bootstrap-objects.ts'

const file = fileURLToPath(new URL('../../../shared/kubernetes-v1.36/served/objects-at-start.json', import.meta.url))

interface Anything {
  [field: string]: any
}

/** Without what differs from one start to the next. */
function timeless(object: Anything): Anything {
  const {
    uid: _uid,
    creationTimestamp: _creationTimestamp,
    resourceVersion: _resourceVersion,
    managedFields: _managedFields,
    ...metadata
  } = object['metadata']
  return JSON.parse(
    JSON.stringify({ ...object, metadata }, (key, value) => (key === 'lastTransitionTime' ? '' : value))
      // The record was made after the controller manager had its say on what the API server makes.
      .replace('Kubernetes default Service CIDR', 'Kubernetes Service CIDR'),
  )
}

const nameOf = (object: Anything) => [object['metadata'].namespace, object['metadata'].name].join('/')

describe.skipIf(!existsSync(file))('objects at start', () => {
  const theirs: Record<string, Anything[]> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  // Made by controllers, not by the API server.
  delete theirs['/v1/serviceaccounts']

  const ours: Record<string, Anything[]> = {}
  const options = { serviceCIDR: '10.96.0.0/16', securePort: 16443, now: Date.UTC(2026, 0, 1) }
  for (const { resource, object } of bootstrapObjects(options)) {
    const key = `${resource.group}/${resource.version}/${resource.resource}`
    ours[key] ??= []
    ours[key].push(object)
  }

  test('the same resources', () => {
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort())
  })

  test.each(Object.keys(theirs))('%s', key => {
    expect((ours[key] ?? []).map(nameOf).sort()).toEqual(theirs[key]!.map(nameOf).sort())
    for (const object of theirs[key]!) {
      const mine = { ...ours[key]!.find(each => nameOf(each) === nameOf(object))! }
      // The data leaves their conditions out.
      if (mine['kind'] === 'APIService') delete mine['status']
      expect(timeless(mine), nameOf(object)).toEqual(timeless(object))
    }
  })
})
