import { defaulter } from '../../defaulter.ts'
import { DaemonSetUpdateStrategy } from './daemonset.ts'

export const daemonSetDefaults = [
  defaulter(DaemonSetUpdateStrategy, strategy => {
    if (strategy.type !== 'RollingUpdate') return
    strategy.rollingUpdate ??= {}
    strategy.rollingUpdate.maxUnavailable ??= 1
    strategy.rollingUpdate.maxSurge ??= 0
  }),
]
