// Which file is the user's own kubeconfig. Apart from the room that changes it, which start-up does without.

import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Says what is wrong with the user's kubeconfig, in one line. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError'
}

export interface UserEnvironment {
  readonly KUBECONFIG?: string
  readonly HOME?: string
}

/** The file that changes go to: the first of `$KUBECONFIG` that exists, else its last; else ~/.kube/config. */
export function userKubeconfigPath(environment: UserEnvironment): string {
  const listed = [...new Set((environment.KUBECONFIG ?? '').split(delimiter).filter(path => path !== ''))]
  if (listed.length > 0) return listed.find(path => existsSync(path)) ?? listed[listed.length - 1]!
  if (!environment.HOME) throw new KubeconfigError('neither KUBECONFIG nor HOME says where the kubeconfig is')
  return join(environment.HOME, '.kube', 'config')
}
