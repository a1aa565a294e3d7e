import type { CelEnvironment, CelEnvironmentOptions } from './cel.ts'

export function celEnvironment(_options: CelEnvironmentOptions): CelEnvironment {
  throw new Error('not yet')
}
