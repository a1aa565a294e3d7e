import { defaulter } from '../../defaulter.ts'
import { DaemonSet, DaemonSetUpdateStrategy } from './daemonset.ts'

/** Counts the changes of the template, in an annotation that every DaemonSet has; only the server writes it. */
export const templateGeneration = 'deprecated.daemonset.template.generation'

export const daemonSetDefaults = [
  defaulter(DaemonSet, ({ metadata }) => {
    metadata.annotations ??= {}
    metadata.annotations[templateGeneration] ??= '0'
  }),
  defaulter(DaemonSetUpdateStrategy, strategy => {
    if (strategy.type !== 'RollingUpdate') return
    strategy.rollingUpdate ??= {}
    strategy.rollingUpdate.maxUnavailable ??= 1
    strategy.rollingUpdate.maxSurge ??= 0
  }),
]
