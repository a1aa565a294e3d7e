import { expect, test } from 'vitest'
import type { OwnerReference } from '../../api/meta/v1/objectmeta.ts'
import { type Metadata, OwnershipGraph } from './graph.ts'

// Which objects are to be looked at again when dependents and owners, that may be somewhere else than a dependent says,
// are seen and found absent. Names are `kind/namespace/name`, the namespace `-` for none.

const owner = (kind: string, name: string, uid: string): OwnerReference => ({ apiVersion: 'v1', kind, name, uid })
const object = (kind: string, namespace: string, name: string, owners: OwnerReference[] = []): Metadata => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    name,
    uid: `uid-${name}`,
    ...(namespace !== '-' && { namespace }),
    ...(owners.length > 0 && { ownerReferences: owners }),
  } as Metadata['metadata'],
})

function graphed() {
  const queued: string[] = []
  const reported: string[] = []
  const text = ({ kind, namespace, name }: { kind: string; namespace: string; name: string }) =>
    `${kind}/${namespace || '-'}/${name}`
  const graph = new OwnershipGraph({
    attemptToDelete: ({ identity }) => queued.push(text(identity)),
    attemptToOrphan: () => {},
    invalidNamespace: ({ identity }) => reported.push(text(identity)),
  })
  return { graph, reported, taken: () => queued.splice(0) }
}

test('an owner without a namespace may be named from any', () => {
  const { graph, taken, reported } = graphed()
  graph.observed(object('Node', '-', 'owner'), undefined)
  graph.observed(object('Pod', 'a', 'child', [owner('Node', 'owner', 'uid-owner')]), undefined)
  expect([taken(), reported]).toEqual([[], []])
})

test('of an owner that only something without a namespace has named, others are doubtful', () => {
  const { graph, taken } = graphed()
  const reference = owner('Pod', 'owner', 'uid-owner')
  graph.observed(object('Node', '-', 'bad', [reference]), undefined)
  expect(taken()).toEqual(['Pod/-/owner'])
  graph.observed(object('Pod', 'a', 'good', [reference]), undefined)
  expect(taken()).toEqual(['Pod/a/good'])
})

test('what is not there without a namespace is looked for under its other names, and not in a namespace', () => {
  const { graph, taken } = graphed()
  graph.observed(object('Node', '-', 'bad', [owner('Node', 'one', 'uid-owner')]), undefined)
  graph.observed(object('Pod', 'a', 'good', [owner('Node', 'two', 'uid-owner')]), undefined)
  taken()
  graph.virtualDeletion({ apiVersion: 'v1', kind: 'Node', namespace: '', name: 'one', uid: 'uid-owner' })
  expect(taken()).toEqual(['Node/-/bad', 'Node/-/two'])
})

test('kinds come first among the other names of an owner', () => {
  const { graph, taken } = graphed()
  graph.observed(object('Pod', 'a', 'first', [owner('Pod', 'owner', 'uid-owner')]), undefined)
  graph.observed(
    object('Pod', 'a', 'second', [{ ...owner('Secret', 'owner', 'uid-owner'), apiVersion: 'a/v1' }]),
    undefined,
  )
  graph.observed(
    object('Pod', 'a', 'third', [{ ...owner('Pod', 'owner', 'uid-owner'), apiVersion: 'w/v1' }]),
    undefined,
  )
  taken()
  graph.virtualDeletion({ apiVersion: 'v1', kind: 'Pod', namespace: 'a', name: 'owner', uid: 'uid-owner' })
  expect(taken()).toEqual(['Pod/a/first', 'Pod/a/owner'])
  expect(graph.get('uid-owner')!.identity.apiVersion).toBe('w/v1')
})

test('an owner that is seen in another namespace than a dependent’s is reported', () => {
  const { graph, taken, reported } = graphed()
  graph.observed(object('Pod', 'a', 'child', [owner('Pod', 'owner', 'uid-owner')]), undefined)
  taken()
  graph.observed(object('Pod', 'b', 'owner'), undefined)
  expect([taken(), reported]).toEqual([['Pod/a/child'], ['Pod/a/child']])
})
