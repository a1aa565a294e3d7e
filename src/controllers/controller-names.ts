// The names of --controllers: upstream's, those it had before, and those of controllers that do not start by default because
// a feature of theirs is off, which may be named nevertheless.

import { allControllers } from './all-controllers.ts'
import type { ManagedController } from './managed-controller.ts'

/** The alias, if there is one, of each that is known and never starts. */
const featuresOff: Readonly<Record<string, string | undefined>> = {
  'cloud-node-lifecycle-controller': 'cloud-node-lifecycle',
  'kube-apiserver-serving-clustertrustbundle-publisher-controller': undefined,
  'node-route-controller': 'route',
  'podcertificaterequest-cleaner-controller': undefined,
  'podgroup-protection-controller': undefined,
  'resourcepoolstatusrequest-controller': undefined,
  'storage-version-migrator-controller': 'svm',
  'storageversion-garbage-collector-controller': 'storage-version-gc',
}

function canonicalNames(): Map<string, string> {
  const names = new Map<string, string>()
  const aliases = [...allControllers.map(({ name, alias }) => [name, alias] as const), ...Object.entries(featuresOff)]
  for (const [name, alias] of aliases) {
    names.set(name, name)
    if (alias !== undefined) names.set(alias, name)
  }
  return names
}

/** The list with every name as it is called today. Throws for a name that nobody knows. */
export function controllerList(list: readonly string[]): string[] {
  const names = canonicalNames()
  const unknown = new Set<string>()
  const found = list.map(item => {
    const [sign, name] = item.startsWith('-') ? ['-', item.slice(1)] : ['', item]
    if (item === '*') return item
    const canonical = names.get(name)
    if (canonical === undefined) unknown.add(`"${name}" is not in the list of known controllers`)
    return `${sign}${canonical}`
  })
  if (unknown.size > 0) throw new Error(unknown.size === 1 ? [...unknown][0] : `[${[...unknown].join(', ')}]`)
  return found
}

/** Upstream's rule: the first mention of the name decides, else `*` does. */
export function isEnabled({ name, disabledByDefault }: ManagedController, list: readonly string[]): boolean {
  for (const item of list) {
    if (item === name) return true
    if (item === `-${name}`) return false
  }
  return !disabledByDefault && list.includes('*')
}
