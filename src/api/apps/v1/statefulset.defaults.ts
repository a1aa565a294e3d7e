import { defaulter } from '../../defaulter.ts'
import { StatefulSetSpec, StatefulSetUpdateStrategy } from './statefulset.ts'

export const statefulSetDefaults = [
  defaulter(StatefulSetSpec, spec => {
    for (const claim of spec.volumeClaimTemplates ?? []) {
      claim.kind = 'PersistentVolumeClaim'
      claim.apiVersion = 'v1'
    }
  }),
  defaulter(StatefulSetUpdateStrategy, strategy => {
    if (!strategy.type) {
      strategy.type = 'RollingUpdate'
      strategy.rollingUpdate ??= {}
    }
    // Whoever names the type and no parameters gets none.
    if (strategy.type !== 'RollingUpdate' || !strategy.rollingUpdate) return
    strategy.rollingUpdate.partition ??= 0
  }),
]
