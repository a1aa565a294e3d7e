import { describe, expect, test } from 'vitest'
import { type FieldError, fieldErrorMessage } from '../../../machinery/field-error.ts'
import type { KubeObject } from '../../resource.ts'
import { validatePersistentVolume, validatePersistentVolumeUpdate } from './persistentvolume.validation.ts'
import {
  validatePersistentVolumeClaimStatusUpdate,
  validatePersistentVolumeClaimUpdate,
} from './persistentvolumeclaim.validation.ts'

const told = (errors: FieldError[]): string[] => errors.map(error => fieldErrorMessage(error).split('\n')[0]!)
const volume = (spec: object): KubeObject => ({
  metadata: { name: 'v' },
  spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, ...spec },
})
const hostPath = { path: '/data' }

test.each<[string, object, string[]]>([
  ['one that is right', { hostPath }, []],
  [
    'one without anything',
    { accessModes: [], capacity: undefined },
    [
      'spec.accessModes: Required value',
      'spec.capacity: Required value',
      'spec.capacity: Unsupported value: null: supported values: "storage"',
      'spec: Required value: must specify a volume type',
    ],
  ],
  [
    'two kinds',
    { hostPath, nfs: { server: 's', path: '/' } },
    ['spec.nfs: Forbidden: may not specify more than 1 volume type'],
  ],
  [
    'modes that exclude each other',
    { hostPath, accessModes: ['ReadWriteOncePod', 'ReadWriteMany', 'x'] },
    [
      'spec.accessModes: Unsupported value: "x": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
    ],
  ],
  [
    'no size',
    { hostPath, capacity: { storage: '0' } },
    ['spec.capacity[storage]: Invalid value: "0": must be greater than zero'],
  ],
  [
    'recycling the root',
    { hostPath: { path: '/./' }, persistentVolumeReclaimPolicy: 'Recycle' },
    ["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"],
  ],
  [
    'a local one is somewhere',
    { local: { path: '/a/../b' } },
    [
      'spec.local.path: Invalid value: "/a/../b": must not contain \'..\'',
      'spec.nodeAffinity: Required value: Local volume requires node affinity',
    ],
  ],
  [
    'an affinity to nothing',
    { hostPath, nodeAffinity: {} },
    ['spec.nodeAffinity.required: Required value: must specify required node constraints'],
  ],
  [
    'a CSI volume',
    { csi: { driver: 'a_b', nodePublishSecretRef: { name: 's' } } },
    [
      `spec.csi.driver: Invalid value: "a_b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
      'spec.csi.volumeHandle: Required value',
      'spec.csi.nodePublishSecretRef.namespace: Required value',
    ],
  ],
  [
    'attributes of what has none',
    { hostPath, volumeAttributesClassName: '' },
    [
      'spec.volumeAttributesClassName: Required value: an empty string is disallowed',
      'spec.csi: Required value: has to be specified when using volumeAttributesClassName',
    ],
  ],
  [
    'another mode',
    { hostPath, volumeMode: 'x' },
    ['spec.volumeMode: Unsupported value: "x": supported values: "Block", "Filesystem"'],
  ],
])('%s', (_name, spec, errors) => {
  expect(told(validatePersistentVolume(volume(spec)))).toEqual(errors)
})

const affinity = (key: string) => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: ['a'] }] }] },
})

test.each<[string, object, string[]]>([
  [
    'that is not mounted',
    { hostPath },
    [
      'metadata.annotations.volume.beta.kubernetes.io/mount-options: Forbidden: may not specify mount options for this volume type',
    ],
  ],
  ['that is mounted', { nfs: { server: 's', path: '/' } }, []],
])('mount options in an annotation of a volume %s', (_of, spec, errors) => {
  const annotations = { 'volume.beta.kubernetes.io/mount-options': 'ro' }
  const annotated = { ...volume(spec), metadata: { name: 'v', annotations } }
  expect(told(validatePersistentVolume(annotated))).toEqual(errors)
  // What does not change may still be wrong.
  expect(told(validatePersistentVolumeUpdate(annotated, annotated))).toEqual(errors)
})

describe('a change of a volume', () => {
  test.each<[string, object, object, string[]]>([
    ['of its size', { hostPath, capacity: { storage: '2Gi' } }, { hostPath }, []],
    [
      'of its source',
      { hostPath: { path: '/other' } },
      { hostPath },
      ['spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation'],
    ],
    [
      'of its mode',
      { hostPath, volumeMode: 'Block' },
      { hostPath, volumeMode: 'Filesystem' },
      ['volumeMode: Invalid value: "Block": field is immutable'],
    ],
    [
      'to the label now in use',
      { hostPath, nodeAffinity: affinity('kubernetes.io/os') },
      { hostPath, nodeAffinity: affinity('beta.kubernetes.io/os') },
      [],
    ],
    [
      'of its place',
      { hostPath },
      { hostPath, nodeAffinity: affinity('a') },
      ['nodeAffinity: Invalid value: null: field is immutable, except for updating from beta label to GA'],
    ],
  ])('%s', (_name, next, old, errors) => {
    expect(told(validatePersistentVolumeUpdate(volume(next), volume(old)))).toEqual(errors)
  })
})

const claim = (spec: object, status: object = {}, annotations: object = {}): KubeObject => ({
  metadata: { name: 'c', annotations },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  status,
})
const bound = { phase: 'Bound', capacity: { storage: '1Gi' } }
const size = (storage: string) => ({ resources: { requests: { storage } } })
const immutable =
  'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'
const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

describe('a change of a claim', () => {
  test.each<[string, KubeObject, KubeObject, string[]]>([
    ['when it is bound', claim({ volumeName: 'v' }), claim({}), []],
    ['of its volume', claim({ volumeName: 'w' }), claim({ volumeName: 'v' }), [immutable]],
    ['to more', claim(size('2Gi'), bound), claim({}, bound), []],
    ['to more, too early', claim(size('2Gi')), claim({}), [immutable]],
    [
      'to less than there is',
      claim(size('512Mi'), bound),
      claim({}, bound),
      ['spec.resources.requests.storage: Forbidden: field can not be less than status.capacity'],
    ],
    ['to less than was asked for', claim(size('2Gi'), bound), claim(size('3Gi'), bound), []],
    ['from no class to one', claim({ storageClassName: 'a' }), claim({}), []],
    ['to another class', claim({ storageClassName: 'b' }), claim({ storageClassName: 'a' }), [immutable]],
    ['from the annotation', claim({ storageClassName: 'a' }), claim({}, {}, { [classAnnotation]: 'a' }), []],
    [
      'of the annotation',
      claim({}, {}, { [classAnnotation]: 'b' }),
      claim({}, {}, { [classAnnotation]: 'a' }),
      [`metadata.annotations.${classAnnotation}: Invalid value: "b": field is immutable`],
    ],
    [
      'of its attributes',
      claim({ volumeAttributesClassName: 'b' }, bound),
      claim({ volumeAttributesClassName: 'a' }, bound),
      [],
    ],
    [
      'to no attributes',
      claim({}, bound),
      claim({ volumeAttributesClassName: 'a' }, { ...bound, currentVolumeAttributesClassName: 'a' }),
      [
        'spec.volumeAttributesClassName: Forbidden: update to nil is forbidden when status.currentVolumeAttributesClassName is not nil',
      ],
    ],
  ])('%s', (_name, next, old, errors) => {
    expect(told(validatePersistentVolumeClaimUpdate(next, old))).toEqual(errors)
  })

  test('of its status', () => {
    const status = {
      capacity: { storage: '-1' },
      allocatedResourceStatuses: { cpu: 'x' },
      allocatedResources: { storage: '-1' },
    }
    expect(told(validatePersistentVolumeClaimStatusUpdate(claim({}, status)))).toEqual([
      'status.capacity[storage]: Invalid value: -1: must be a valid resource quantity',
      'status.allocatedResourceStatuses: Unsupported value: "cpu": supported values: "storage"',
      'status.allocatedResourceStatuses: Unsupported value: "cpu": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"',
      'status.allocatedResources[storage]: Invalid value: -1: must be a valid resource quantity',
    ])
  })
})
