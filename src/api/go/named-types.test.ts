import { expect, test } from 'vitest'
import { decodeObject } from '../../machinery/codec/decode.ts'
import type { ObjectSchema } from '../../machinery/schema/schema.ts'
import { StatefulSet } from '../apps/v1/statefulset.ts'
import { UncountedTerminatedPods } from '../batch/v1/job.ts'
import { LimitRange } from '../core/v1/limitrange.ts'
import { Namespace } from '../core/v1/namespace.ts'
import { Pod } from '../core/v1/pod.ts'
import { Secret } from '../core/v1/secret.ts'
import { Device } from '../resource/v1/resourceslice.ts'
import { namedTypeOf } from './named-types.ts'

test.each<[ObjectSchema, object, string]>([
  [Secret, { type: 5 }, 'number into Go struct field Secret.type of type v1.SecretType'],
  [Secret, { data: 5 }, 'number into Go struct field Secret.data of type map[string][]uint8'],
  [
    Namespace,
    { spec: { finalizers: 5 } },
    'number into Go struct field NamespaceSpec.spec.finalizers of type []v1.FinalizerName',
  ],
  [
    Namespace,
    { spec: { finalizers: [5] } },
    'number into Go struct field NamespaceSpec.spec.finalizers of type v1.FinalizerName',
  ],
  [
    LimitRange,
    { spec: { limits: [{ max: 5 }] } },
    'number into Go struct field LimitRangeItem.spec.limits.max of type v1.ResourceList',
  ],
  [Pod, { metadata: { uid: 5 } }, 'number into Go struct field ObjectMeta.metadata.uid of type types.UID'],
  [
    StatefulSet,
    { spec: { podManagementPolicy: {} } },
    'object into Go struct field StatefulSetSpec.spec.podManagementPolicy of type v1.PodManagementPolicyType',
  ],
  [
    UncountedTerminatedPods,
    { failed: [true] },
    'bool into Go struct field UncountedTerminatedPods.failed of type types.UID',
  ],
  [
    Device,
    { capacity: 'a' },
    'string into Go struct field Device.capacity of type map[v1.QualifiedName]v1.DeviceCapacity',
  ],
  // Structs that Go embeds are on the way.
  [
    Pod,
    { spec: { volumes: [{ hostPath: 'a' }] } },
    'string into Go struct field Volume.spec.volumes.VolumeSource.hostPath of type v1.HostPathVolumeSource',
  ],
  [
    Pod,
    { spec: { containers: [{ livenessProbe: { exec: { command: 'a' } } }] } },
    'string into Go struct field ExecAction.spec.containers.livenessProbe.ProbeHandler.exec.command of type []string',
  ],
])('%# is refused by its name', (schema, value, message) => {
  expect(() => decodeObject(schema, value, { bare: true, namedTypeOf })).toThrow(`json: cannot unmarshal ${message}`)
})
