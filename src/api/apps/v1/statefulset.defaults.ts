import { defaulter } from '../../defaulter.ts'
import { StatefulSetUpdateStrategy } from './statefulset.ts'

export const statefulSetDefaults = [
  defaulter(StatefulSetUpdateStrategy, strategy => {
    if (!strategy.type) {
      strategy.type = 'RollingUpdate'
      strategy.rollingUpdate ??= {}
    }
    // Whoever names the type and no parameters gets none.
    if (strategy.type !== 'RollingUpdate' || !strategy.rollingUpdate) return
    strategy.rollingUpdate.partition ??= 0
    strategy.rollingUpdate.maxUnavailable ??= 1
  }),
]
