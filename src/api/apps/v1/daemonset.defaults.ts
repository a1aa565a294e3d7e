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
    const rolling = strategy.type === 'RollingUpdate'
    if (rolling) strategy.rollingUpdate ??= {}
    if (!strategy.rollingUpdate) return
    // Upstream's own form of the object has no way to leave them out.
    strategy.rollingUpdate.maxUnavailable ??= rolling ? 1 : 0
    strategy.rollingUpdate.maxSurge ??= 0
  }),
]
