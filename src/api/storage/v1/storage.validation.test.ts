import { describe, expect, test } from 'vitest'
import { type FieldError, fieldErrorMessage } from '../../../machinery/field-error.ts'
import type { KubeObject } from '../../resource.ts'
import * as storage from './storage.validation.ts'

type Validate = (object: KubeObject) => FieldError[]
const told = (errors: FieldError[]): string[] => errors.map(fieldErrorMessage)
const long = 'x'.repeat(257)

const driver = (spec: object) => ({
  spec: { attachRequired: true, podInfoOnMount: false, storageCapacity: false, seLinuxMount: false, ...spec },
})
const attachment = (spec: object) => ({ spec: { attacher: 'a.b', nodeName: 'n', ...spec } })
const qualified =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

test.each<[string, Validate, object, string[]]>([
  [
    'a class that says nothing',
    storage.validateStorageClass,
    {},
    ['provisioner: Required value', 'volumeBindingMode: Required value'],
  ],
  [
    'a class that says too much',
    storage.validateStorageClass,
    {
      provisioner: 'A/-',
      parameters: { '': 'x' },
      reclaimPolicy: 'Recycle',
      volumeBindingMode: 'Later',
      allowedTopologies: [
        {
          matchLabelExpressions: [
            { key: 'zone', values: ['a', 'a'] },
            { key: 'zone', values: null },
          ],
        },
      ],
    },
    [
      `provisioner: Invalid value: "a/-": ${qualified}`,
      'parameters: Invalid value: "": field can not be empty.',
      'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
      'volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"',
      'allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"',
      'allowedTopologies[0].matchLabelExpressions[1].values: Required value',
      'allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: "zone"',
    ],
  ],
  [
    'parameters without end',
    storage.validateStorageClass,
    { provisioner: 'a', volumeBindingMode: 'Immediate', parameters: { a: 'x'.repeat(256 * 1024) } },
    ['parameters: Too long: may not be more than 262144 bytes'],
  ],
  [
    'a class of attributes without any',
    storage.validateVolumeAttributesClass,
    {},
    ['driverName: Required value', 'parameters: Required value: must contain at least one key/value pair'],
  ],
  ['a driver', storage.validateCSIDriver, driver({}), []],
  [
    'a driver that was not defaulted',
    storage.validateCSIDriver,
    { spec: {} },
    [
      'spec.attachedRequired: Required value',
      'spec.podInfoOnMount: Required value',
      'spec.storageCapacity: Required value',
      'spec.seLinuxMount: Required value',
    ],
  ],
  [
    'a driver with everything wrong',
    storage.validateCSIDriver,
    driver({
      fsGroupPolicy: 'x',
      tokenRequests: [
        { audience: 'a', expirationSeconds: 1 },
        { audience: 'a' },
        { audience: 'b', expirationSeconds: 2 ** 32 + 1 },
      ],
      volumeLifecycleModes: ['x'],
      nodeAllocatableUpdatePeriodSeconds: 9,
    }),
    [
      'spec.fsGroupPolicy: Unsupported value: "x": supported values: "File", "None", "ReadWriteOnceWithFSType"',
      'spec.tokenRequests[0].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes',
      'spec.tokenRequests[1].audience: Duplicate value: "a"',
      'spec.tokenRequests[2].expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
      'spec.volumeLifecycleModes: Unsupported value: "x": supported values: "Persistent", "Ephemeral"',
      'spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds',
    ],
  ],
  [
    'drivers of a node',
    storage.validateCSINode,
    {
      spec: {
        drivers: [
          { name: 'a', nodeID: long, topologyKeys: ['zone', 'zone'], allocatable: { count: -1 } },
          { name: 'a', nodeID: '', topologyKeys: null },
        ],
      },
    },
    [
      `spec.drivers[0].nodeID: Invalid value: "${long}": must be 256 characters or less`,
      'spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0',
      'spec.drivers[0]: Duplicate value: "zone"',
      'spec.drivers[1].nodeID: Required value',
      'spec.drivers[1].name: Duplicate value: "a"',
    ],
  ],
  [
    'less than no capacity',
    storage.validateCSIStorageCapacity,
    { storageClassName: 'a', capacity: '-1' },
    ['capacity: Invalid value: "-1": must be greater than or equal to 0'],
  ],
  [
    'an attachment of nothing',
    storage.validateVolumeAttachment,
    attachment({}),
    ['spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName'],
  ],
  [
    'an attachment of two',
    storage.validateVolumeAttachment,
    attachment({ source: { persistentVolumeName: 'v', inlineVolumeSpec: {} } }),
    ['spec.source: Forbidden: must specify exactly one of inlineVolumeSpec and persistentVolumeName'],
  ],
  [
    'an inline volume says less',
    storage.validateVolumeAttachment,
    attachment({
      source: {
        inlineVolumeSpec: {
          claimRef: {},
          capacity: { storage: '1Gi' },
          accessModes: ['ReadWriteOnce'],
          persistentVolumeReclaimPolicy: 'Delete',
          storageClassName: 'x',
          volumeMode: 'Block',
          nfs: { server: 's', path: '/' },
        },
      },
    }),
    [
      'spec.source.inlineVolumeSpec.claimRef: Forbidden: may not be specified in the context of inline volumes',
      'spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes',
      'spec.source.inlineVolumeSpec.csi: Required value: has to be specified in the context of inline volumes',
      'spec.source.inlineVolumeSpec.persistentVolumeReclaimPolicy: Forbidden: may only be Retain in the context of inline volumes',
      'spec.source.inlineVolumeSpec.storageClassName: Forbidden: may not be specified in the context of inline volumes',
      'spec.source.inlineVolumeSpec.volumeMode: Forbidden: may not specify volumeMode other than Filesystem in the context of inline volumes',
    ],
  ],
])('%s', (_name, validate, object, errors) => {
  expect(told(validate({ metadata: { name: 'x' }, ...object }))).toEqual(errors)
})

describe('what may not change', () => {
  test.each<[string, (next: KubeObject, old: KubeObject) => FieldError[], object, object, string[]]>([
    [
      'of a class',
      storage.validateStorageClassUpdate,
      { provisioner: 'b', parameters: { a: 'b' }, reclaimPolicy: 'Retain', volumeBindingMode: 'WaitForFirstConsumer' },
      { provisioner: 'a', reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' },
      [
        'parameters: Invalid value: {"a":"b"}: field is immutable',
        'provisioner: Invalid value: "b": field is immutable',
        'reclaimPolicy: Invalid value: "Retain": field is immutable',
        'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
      ],
    ],
    [
      'of a class of attributes',
      storage.validateVolumeAttributesClassUpdate,
      { driverName: 'b', parameters: { a: 'b' } },
      { driverName: 'a', parameters: { a: 'a' } },
      [
        'driverName: Forbidden: updates to driverName are forbidden.',
        'parameters: Forbidden: updates to parameters are forbidden.',
      ],
    ],
    [
      'of a driver',
      storage.validateCSIDriverUpdate,
      driver({ attachRequired: false, requiresRepublish: true }),
      driver({}),
      ['spec.attachedRequired: Invalid value: false: field is immutable'],
    ],
    [
      "of a node's driver",
      storage.validateCSINodeUpdate,
      { spec: { drivers: [{ name: 'a', nodeID: 'y', allocatable: { count: 2 } }] } },
      { spec: { drivers: [{ name: 'a', nodeID: 'x', allocatable: { count: 1 } }] } },
      [
        'spec.drivers: Invalid value: {"Name":"a","NodeID":"y","TopologyKeys":null,"Allocatable":null}: field is immutable',
      ],
    ],
    [
      'of capacity',
      storage.validateCSIStorageCapacityUpdate,
      { storageClassName: 'b', capacity: '2' },
      { storageClassName: 'a', capacity: '1' },
      ['storageClassName: Invalid value: "b": field is immutable'],
    ],
    [
      'of an attachment',
      storage.validateVolumeAttachmentUpdate,
      attachment({ nodeName: 'm', source: { persistentVolumeName: 'v' } }),
      attachment({ source: { persistentVolumeName: 'v' } }),
      [
        'spec: Invalid value: {"attacher":"a.b","nodeName":"m","source":{"persistentVolumeName":"v"}}: field is immutable',
      ],
    ],
  ])('%s', (_name, validate, next, old, errors) => {
    const named = { metadata: { name: 'x' } }
    expect(told(validate({ ...named, ...next }, { ...named, ...old }))).toEqual(errors)
  })
})
