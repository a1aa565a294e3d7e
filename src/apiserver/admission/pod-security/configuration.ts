// PodSecurityConfiguration: what namespaces without labels get, and who is exempt.

import { duplicate, type FieldError, invalid } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { isDNS1123Label, isDNS1123Subdomain } from '../../../machinery/validation/names.ts'
import {
  badLevel,
  badVersion,
  type LevelVersion,
  latest,
  modes,
  type Policy,
  parseLevel,
  parseVersion,
  privilegedPolicy,
} from './policy.ts'

export interface PodSecurityConfiguration {
  readonly defaults: Policy
  readonly exemptNamespaces: ReadonlySet<string>
  readonly exemptUsers: ReadonlySet<string>
  readonly exemptRuntimeClasses: ReadonlySet<string>
}

export const defaultConfiguration: PodSecurityConfiguration = {
  defaults: privilegedPolicy,
  exemptNamespaces: new Set(),
  exemptUsers: new Set(),
  exemptRuntimeClasses: new Set(),
}

interface Given {
  readonly defaults?: Readonly<Record<string, string>>
  readonly exemptions?: {
    readonly namespaces?: readonly string[]
    readonly usernames?: readonly string[]
    readonly runtimeClasses?: readonly string[]
  }
}

/** From the file's object; with what is wrong with it. */
export function podSecurityConfiguration(given: Given): {
  readonly configuration: PodSecurityConfiguration
  readonly errors: readonly FieldError[]
} {
  const errors: FieldError[] = []
  const policy: Record<string, LevelVersion> = {}
  for (const mode of modes) {
    const levelText = given.defaults?.[mode] ?? 'privileged'
    const versionText = given.defaults?.[`${mode}-version`] ?? latest
    const level = parseLevel(levelText)
    const version = parseVersion(versionText)
    if (!level) errors.push(invalid(root('defaults', mode), levelText, badLevel))
    if (version === undefined) errors.push(invalid(root('defaults', `${mode}-version`), versionText, badVersion))
    policy[mode] = { level: level ?? 'restricted', version: version ?? latest }
  }
  const { namespaces = [], usernames = [], runtimeClasses = [] } = given.exemptions ?? {}
  const notEmpty = (name: string): string[] => (name === '' ? ['username must not be empty'] : [])
  errors.push(
    ...validateNames('namespaces', namespaces, isDNS1123Label),
    ...validateNames('runtimeClasses', runtimeClasses, isDNS1123Subdomain),
    ...validateNames('usernames', usernames, notEmpty),
  )
  return {
    errors,
    configuration: {
      defaults: policy as unknown as Policy,
      exemptNamespaces: new Set(namespaces),
      exemptUsers: new Set(usernames),
      exemptRuntimeClasses: new Set(runtimeClasses),
    },
  }
}

function validateNames(
  field: string,
  names: readonly string[],
  check: (name: string) => readonly string[],
): FieldError[] {
  const seen = new Set<string>()
  return names.flatMap((name, index) => {
    const path = root('exemptions', field).index(index)
    const problems = check(name)
    if (problems.length > 0) return [invalid(path, name, problems.join(', '))]
    if (seen.has(name)) return [duplicate(path, name)]
    seen.add(name)
    return []
  })
}
