// Makes the claims of pods' generic ephemeral volumes (KEP-1698). The pod owns them, so they go with it.

import { persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { claimKeysOf, claimNameOf, foreignClaim } from '../../api/core/v1/volume-binding.ts'
import { controller, controllerReference, watch } from '../../client/controller.ts'
import { keyFor, keyOf } from '../../client/object-key.ts'
import type { Counter } from '../../machinery/metrics/metrics.ts'
import { podsByClaim } from '../pods-by-claim.ts'

interface State {
  readonly creations: Counter
  readonly failures: Counter
}

const metric = { stability: 'ALPHA', help: 'Number of PersistentVolumeClaim creation requests' } as const

export const ephemeralVolumeController = controller<Pod, State>({
  name: 'ephemeral-volume-controller',
  reconciles: pods,
  concurrency: 5,
  state: ({ metrics }) => ({
    creations: metrics.counter({ ...metric, name: 'ephemeral_volume_controller_create_total' }).with(),
    failures: metrics.counter({ ...metric, name: 'ephemeral_volume_controller_create_failures_total' }).with(),
  }),
  indexers: { [podsByClaim]: claimKeysOf },
  filter: ({ before, after }) =>
    after !== undefined && before === undefined && !!after.spec.volumes?.some(({ ephemeral }) => ephemeral),
  watches: [
    // One that is gone is made anew.
    watch(persistentVolumeClaims, {
      keys: ({ before, after }, { lister }) =>
        after ? [] : lister(pods).byIndex(podsByClaim, keyOf(before!)).map(keyOf),
    }),
  ],
  async reconcile(key, { lister, client, events, state }) {
    const pod = lister(pods).get(key)
    if (!pod || pod.metadata.deletionTimestamp) return
    const { namespace } = pod.metadata
    for (const volume of pod.spec.volumes ?? []) {
      const template = volume.ephemeral?.volumeClaimTemplate
      const name = claimNameOf(pod, volume)
      if (!template || name === undefined) continue
      const there = lister(persistentVolumeClaims).get(keyFor(namespace, name))
      if (there) {
        const foreign = foreignClaim(pod, there)
        if (foreign === undefined) continue
        events.event(pod, 'Warning', 'FailedBinding', `ephemeral volume ${volume.name}: ${foreign}`)
        throw new Error(foreign)
      }
      const { annotations, labels } = template.metadata ?? {}
      state.creations.inc()
      try {
        await client
          .resource(persistentVolumeClaims)
          .namespace(namespace)
          .create({
            metadata: { name, namespace, annotations, labels, ownerReferences: [controllerReference(pod, pods)] },
            spec: template.spec,
          })
      } catch (error) {
        state.failures.inc()
        const message = `ephemeral volume ${volume.name}: create PVC ${name}: ${(error as Error).message}`
        events.event(pod, 'Warning', 'FailedBinding', message)
        throw new Error(message, { cause: error })
      }
    }
  },
})
