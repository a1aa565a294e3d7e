import { describe, expect, test } from 'vitest'
import { accessModesCell, persistentVolumeCells } from './persistentvolume.columns.ts'
import { persistentVolumeClaimCells } from './persistentvolumeclaim.columns.ts'

const now = Date.parse('2026-01-02T00:00:00Z')
const metadata = { name: 'v', creationTimestamp: '2026-01-01T00:00:00Z' }
const deleted = { ...metadata, deletionTimestamp: '2026-01-02T00:00:00Z' }

test.each<[string, string[] | undefined]>([
  ['', undefined],
  ['RWO', ['ReadWriteOnce']],
  ['RWO,ROX,RWX,RWOP', ['ReadWriteOncePod', 'ReadWriteMany', 'ReadOnlyMany', 'ReadWriteOnce', 'ReadWriteOnce']],
])('access modes %s: %j', (text, modes) => {
  expect(accessModesCell(modes)).toBe(text)
})

describe('a volume', () => {
  const cells = (of: object) => persistentVolumeCells({ metadata, spec: {}, status: {}, ...of } as any, now).slice(1)

  test('without anything', () => {
    expect(cells({})).toEqual(['0', '', '', '', '', '', '<unset>', '', '24h', '<unset>'])
  })

  test('with everything', () => {
    const spec = {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { namespace: 'n', name: 'c' },
      storageClassName: 's',
      volumeAttributesClassName: 'a',
      volumeMode: 'Filesystem',
    }
    const status = { phase: 'Failed', reason: 'why' }
    const rest = ['n/c', 's', 'a', 'why', '24h', 'Filesystem']
    expect(cells({ spec, status })).toEqual(['1Gi', 'RWO', 'Retain', 'Failed', ...rest])
    expect(cells({ spec, status, metadata: deleted })).toEqual(['1Gi', 'RWO', 'Retain', 'Terminating', ...rest])
  })
})

describe('a claim', () => {
  const cells = (of: object) =>
    persistentVolumeClaimCells({ metadata, spec: {}, status: {}, ...of } as any, now).slice(1)
  const status = { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteMany'] }

  test('shows capacity and modes once it has a volume', () => {
    expect(cells({ status, spec: { volumeName: 'pv', storageClassName: 's', volumeMode: 'Block' } })).toEqual([
      'Bound',
      'pv',
      '1Gi',
      'RWX',
      's',
      '<unset>',
      '24h',
      'Block',
    ])
    expect(cells({ status: { phase: 'Pending' } })).toEqual(['Pending', '', '', '', '', '<unset>', '24h', '<unset>'])
    expect(cells({ status, metadata: deleted })[0]).toBe('Terminating')
  })

  test('may have its class in the old annotation', () => {
    const annotations = { 'volume.beta.kubernetes.io/storage-class': 'old' }
    expect(cells({ metadata: { ...metadata, annotations }, spec: { storageClassName: 's' } })[4]).toBe('old')
  })
})
