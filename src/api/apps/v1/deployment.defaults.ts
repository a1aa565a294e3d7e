import { defaulter } from '../../defaulter.ts'
import { DeploymentStrategy } from './deployment.ts'

export const deploymentDefaults = [
  defaulter(DeploymentStrategy, strategy => {
    if (strategy.type !== 'RollingUpdate') return
    strategy.rollingUpdate ??= {}
    strategy.rollingUpdate.maxUnavailable ??= '25%'
    strategy.rollingUpdate.maxSurge ??= '25%'
  }),
]
