import { expect, test } from 'vitest'
import type { StatefulSet } from '../../api/apps/v1/statefulset.ts'
import type { PersistentVolumeClaim } from '../../api/core/v1/persistentvolumeclaim.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { OwnerReference } from '../../api/meta/v1/objectmeta.ts'
import { ownersToBe } from './claim-owners.ts'

// Whose the claim of the pod db-1 is, by what its set retains. A reference is written `kind/uid`, with a star when that one
// is the controller.

const apiVersions: Readonly<Record<string, string>> = { Pod: 'v1', StatefulSet: 'apps/v1', Other: 'custom/v1' }
const names: Readonly<Record<string, string>> = { Pod: 'db-1', StatefulSet: 'db', Other: 'other' }
function reference(text: string): OwnerReference {
  const [, kind = '', uid = '', star] = /^(\w+)\/(\w*)(\*?)$/.exec(text)!
  return { apiVersion: apiVersions[kind]!, kind, name: names[kind]!, uid, ...(star && { controller: true }) }
}
const written = ({ kind, uid, controller }: OwnerReference) => `${kind}/${uid}${controller ? '*' : ''}`

const [set, pod] = ['StatefulSet/set*', 'Pod/pod*']
test.each<[why: string, policy: string, surplus: boolean, before: string[], after: string[] | undefined]>([
  ['all is retained', 'Retain Retain', false, [], undefined],
  ['all is retained', 'Retain Retain', false, [pod, set], []],
  ['all is retained, others stay', 'Retain Retain', true, ['Other/x*', pod], ['Other/x*']],
  ['it goes with the set', 'Retain Delete', false, [], [set]],
  ['it goes with the set', 'Retain Delete', true, [set], undefined],
  ['it goes with the set only', 'Retain Delete', true, [pod, set], [set]],
  ['it goes with a pod too many', 'Delete Retain', true, [set], [pod]],
  ['it goes with a pod too many', 'Delete Retain', true, [pod], undefined],
  ['the pod is wanted', 'Delete Retain', false, [pod], []],
  ['it goes with either', 'Delete Delete', true, [set], [pod]],
  ['it goes with either', 'Delete Delete', false, [pod], [set]],
  ['it goes with either', 'Delete Delete', false, [set, 'Other/x'], undefined],
  ['it is owned but not controlled', 'Delete Delete', true, ['Pod/pod'], [pod]],
  ['it is owned but not controlled', 'Retain Delete', false, ['StatefulSet/set', 'Other/x'], ['Other/x', set]],
  ['its pod is gone', 'Delete Delete', true, ['Pod/former*'], undefined],
  ['its set is gone', 'Retain Delete', false, ['StatefulSet/former*'], undefined],
  ['its set never had a uid', 'Delete Delete', false, ['StatefulSet/*'], undefined],
  ['another controls it', 'Delete Delete', true, ['Other/x*'], undefined],
  ['another controls it too', 'Delete Delete', true, [pod, 'Other/x*'], ['Other/x*']],
  ['another controls it too', 'Retain Delete', false, ['Other/x*', set], ['Other/x*']],
])('%s (%s, surplus: %s): %j becomes %j', (_, policy, surplus, before, after) => {
  const [whenScaled, whenDeleted] = policy.split(' ')
  const claim = { metadata: { name: 'data-db-1', ownerReferences: before.map(reference) } } as PersistentVolumeClaim
  const claimants = {
    set: {
      metadata: { name: 'db', uid: 'set' },
      spec: { persistentVolumeClaimRetentionPolicy: { whenScaled, whenDeleted } },
    } as StatefulSet,
    pod: { metadata: { name: 'db-1', uid: 'pod' } } as Pod,
    surplus,
  }
  expect(ownersToBe(claim, claimants)?.map(written)).toEqual(after)
})
