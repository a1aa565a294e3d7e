import { defaulter } from '../../defaulter.ts'
import { ReplicationController } from './replicationcontroller.ts'

export const replicationControllerDefaults = [
  defaulter(ReplicationController, ({ metadata, spec }) => {
    const labels = spec.template?.metadata?.labels
    if (!labels) return
    if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels }
    if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels }
  }),
]
