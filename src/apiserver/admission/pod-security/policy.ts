// Levels, versions and which of them a namespace asks for (upstream: k8s.io/pod-security-admission/api).

import { type FieldError, invalid } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'

export const levels = ['privileged', 'baseline', 'restricted'] as const
export type Level = (typeof levels)[number]

export const latest = 'latest'

/** The minor of `v1.minor`; `latest` is beyond all of them. */
export type Version = number | typeof latest

export interface LevelVersion {
  readonly level: Level
  readonly version: Version
}

export interface Policy {
  readonly enforce: LevelVersion
  readonly audit: LevelVersion
  readonly warn: LevelVersion
}

const privileged: LevelVersion = { level: 'privileged', version: latest }
export const privilegedPolicy: Policy = { enforce: privileged, audit: privileged, warn: privileged }

export const levelVersionText = ({ level, version }: LevelVersion): string =>
  `${level}:${version === latest ? latest : `v1.${version}`}`

export const parseLevel = (text: string): Level | undefined => levels.find(level => level === text)

export function parseVersion(text: string): Version | undefined {
  if (text === latest) return latest
  const match = /^v1\.([0-9]|[1-9][0-9]*)$/.exec(text)
  return match ? Number(match[1]) : undefined
}

export const badLevel = `must be one of ${levels.join(', ')}`
export const badVersion = 'must be "latest" or "v1.x"'

export const labelPrefix = 'pod-security.kubernetes.io/'
export const modes = ['enforce', 'audit', 'warn'] as const

export interface ParsedPolicy {
  readonly policy: Policy
  readonly errors: readonly FieldError[]
}

/** What a namespace's labels ask for; where they cannot be read, enforcing is strict and the other modes are silent. */
export function policyOf(labels: Readonly<Record<string, string>> | undefined, defaults: Policy): ParsedPolicy {
  if (!labels) return { policy: defaults, errors: [] }
  const errors: FieldError[] = []
  const path = root('metadata', 'labels')
  const policy: Record<(typeof modes)[number], LevelVersion> = { ...defaults }
  for (const mode of modes) {
    let { level, version } = policy[mode]
    const levelText = labels[labelPrefix + mode]
    if (levelText !== undefined) {
      const parsed = parseLevel(levelText)
      if (!parsed) errors.push(invalid(path.key(labelPrefix + mode), levelText, badLevel))
      level = parsed ?? (mode === 'enforce' ? 'restricted' : 'privileged')
    }
    const versionLabel = `${labelPrefix}${mode}-version`
    const versionText = labels[versionLabel]
    if (versionText !== undefined) {
      const parsed = parseVersion(versionText)
      if (parsed === undefined) errors.push(invalid(path.key(versionLabel), versionText, badVersion))
      version = parsed ?? latest
    }
    policy[mode] = { level, version }
  }
  // Who enforces is warned too, unless the namespace says otherwise.
  const enforced = parseLevel(labels[`${labelPrefix}enforce`] ?? '')
  if (enforced && labels[`${labelPrefix}warn`] === undefined && isStricter(enforced, policy.warn.level)) {
    const version = labels[`${labelPrefix}warn-version`] === undefined ? policy.enforce.version : policy.warn.version
    policy.warn = { level: enforced, version }
  }
  return { policy, errors }
}

export const isStricter = (one: Level, other: Level): boolean => levels.indexOf(one) > levels.indexOf(other)

export const isSame = (one: LevelVersion, other: LevelVersion): boolean =>
  one.level === other.level && one.version === other.version

export const isFullyPrivileged = (policy: Policy): boolean => modes.every(mode => policy[mode].level === 'privileged')

/** Versions of the privileged level make no difference. */
export const isEquivalent = (one: Policy, other: Policy): boolean =>
  modes.every(
    mode => (one[mode].level === 'privileged' && other[mode].level === 'privileged') || isSame(one[mode], other[mode]),
  )
