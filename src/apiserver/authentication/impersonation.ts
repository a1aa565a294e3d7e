// Acting as somebody else: `Impersonate-User`, `-Group`, `-Uid` and `-Extra-*` headers.
//
// There are several ways to be allowed to (KEP-5284, constrained impersonation). Each but the last needs two rights: to
// be that user in this mode (`impersonate:<mode>`), and to do what the request does while being somebody in this mode
// (`impersonate-on:<mode>:<verb>`).
//
//     associated-node   a pod's service account, as the node the pod is on
//     arbitrary-node    any node
//     serviceaccount    a service account
//     user-info         any other user, with groups, UID and extras
//     (legacy)          the plain right to `impersonate`, whatever the request does

import { quote } from '../../machinery/go-text.ts'
import { badRequest, StatusError } from '../../machinery/status-error.ts'
import { isDNS1123Subdomain } from '../../machinery/validation/names.ts'
import type { AuthorizationAttributes, Authorizer, Decision } from '../authorization/authorizer.ts'
import { forbiddenError } from '../authorization/forbidden.ts'
import { type Headers, headerValues } from '../header-values.ts'
import {
  allAuthenticated,
  allServiceAccountsGroup,
  allUnauthenticated,
  anonymousUser,
  nodesGroup,
  nodeUserPrefix,
  serviceAccountGroupPrefix,
  splitServiceAccountUsername,
  systemPrivilegedGroup,
  type UserInfo,
} from '../user.ts'
import type { ImpersonationMetrics } from './impersonation-metrics.ts'

const userHeader = 'impersonate-user'
const extraPrefix = 'impersonate-extra-'
const nodeNameKey = 'authentication.kubernetes.io/node-name'
/** From so many groups or extras on, the right to all of them is asked for first. */
const manyChecks = 4

/** What the headers ask for, as they say it. */
interface Wanted {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

export interface Impersonated {
  readonly user: UserInfo
  /** The right that allowed it, for audit; '' for the legacy one. */
  readonly constraint: string
}

/** Whether any of the headers is there; cheap, since every request is asked. */
export function wantsImpersonation({ headers }: Headers): boolean {
  if (headers[userHeader] !== undefined) return true
  if (headers['impersonate-group'] !== undefined || headers['impersonate-uid'] !== undefined) return true
  for (const name in headers) if (name.startsWith(extraPrefix)) return true
  return false
}

function readHeaders(request: Headers): Wanted | undefined {
  const values = (header: string) => headerValues(request, header)
  const extra: Record<string, readonly string[]> = {}
  for (const header of Object.keys(request.headers))
    if (header.startsWith(extraPrefix)) extra[unescaped(header.slice(extraPrefix.length))] = values(header)
  const wanted: Wanted = {
    name: values(userHeader)[0] ?? '',
    uid: values('impersonate-uid')[0] ?? '',
    groups: values('impersonate-group'),
    extra,
  }
  if (wanted.name !== '') return wanted
  if (wanted.uid === '' && wanted.groups.length === 0 && Object.keys(extra).length === 0) return undefined
  throw badRequest(`requested ${goText(wanted)} without impersonating a user name`)
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Upstream prints the value as Go's %#v does. */
function goText({ name, uid, groups, extra }: Wanted): string {
  const list = (texts: readonly string[]) =>
    texts.length === 0 ? '[]string(nil)' : `[]string{${texts.map(quote).join(', ')}}`
  const keys = Object.keys(extra).sort()
  const map =
    keys.length === 0
      ? 'map[string][]string(nil)'
      : `map[string][]string{${keys.map(key => `${quote(key)}:${list(extra[key]!)}`).join(', ')}}`
  return `&user.DefaultInfo{Name:${quote(name)}, UID:${quote(uid)}, Groups:${list(groups)}, Extra:${map}}`
}

type Check = (attributes: Partial<AuthorizationAttributes>) => void

interface Mode {
  /** '' is the legacy one. */
  readonly name: string
  applies(wanted: Wanted, requestor: UserInfo): boolean
}

const onlyName = ({ uid, groups, extra }: Wanted): boolean =>
  uid === '' && groups.length === 0 && Object.keys(extra).length === 0

const modes: readonly Mode[] = [
  {
    name: 'associated-node',
    applies: (wanted, requestor) => {
      const node = nodeName(wanted.name)
      const own = requestor.extra?.[nodeNameKey]
      return (
        onlyName(wanted) &&
        node !== undefined &&
        splitServiceAccountUsername(requestor.name) !== undefined &&
        own?.length === 1 &&
        own[0] === node
      )
    },
  },
  { name: 'arbitrary-node', applies: wanted => onlyName(wanted) && nodeName(wanted.name) !== undefined },
  {
    name: 'serviceaccount',
    applies: wanted => onlyName(wanted) && splitServiceAccountUsername(wanted.name) !== undefined,
  },
  {
    name: 'user-info',
    applies: wanted => nodeName(wanted.name) === undefined && splitServiceAccountUsername(wanted.name) === undefined,
  },
  { name: '', applies: () => true },
]

/** As metrics have it. */
const shownMode = ({ name }: Mode): string => name || 'legacy'

function nodeName(user: string): string | undefined {
  if (!user.startsWith(nodeUserPrefix)) return undefined
  const name = user.slice(nodeUserPrefix.length)
  return isDNS1123Subdomain(name).length === 0 ? name : undefined
}

/** Decides who a request is made as; remembers which mode a user was last allowed to use, and asks for that one first. */
export class Impersonation {
  readonly #authorizer: Authorizer
  readonly #metrics: ImpersonationMetrics | undefined
  readonly #lastMode = new Map<string, Mode>()

  constructor(authorizer: Authorizer, metrics?: ImpersonationMetrics) {
    this.#authorizer = authorizer
    this.#metrics = metrics
  }

  /** undefined when nobody else is asked for. Throws the 400 or 403. */
  impersonate(request: Headers, attributes: AuthorizationAttributes): Impersonated | undefined {
    const wanted = readHeaders(request)
    if (!wanted) return undefined
    const started = this.#metrics?.clock.monotonic() ?? 0
    const ended = (mode: string, decision: 'allowed' | 'denied') =>
      this.#metrics?.attempted(mode, decision, this.#metrics.clock.monotonic() - started)
    const requestor = attributes.user
    const last = this.#lastMode.get(requestor.name)
    const order = last ? [last, ...modes.filter(mode => mode !== last)] : modes
    let refusal: unknown
    for (const mode of order) {
      if (!mode.applies(wanted, requestor)) continue
      try {
        const impersonated = this.#inMode(mode, wanted, attributes)
        if (this.#lastMode.size >= 10_000) this.#lastMode.clear()
        this.#lastMode.set(requestor.name, mode)
        ended(shownMode(mode), 'allowed')
        return impersonated
      } catch (error) {
        if (!(error instanceof StatusError)) throw error
        refusal ??= error
      }
    }
    ended('', 'denied')
    throw refusal
  }

  #decide(asked: AuthorizationAttributes, mode: Mode): Decision {
    const started = this.#metrics?.clock.monotonic() ?? 0
    const decision = this.#authorizer.authorize(asked)
    this.#metrics?.checked(
      shownMode(mode),
      decision.allowed ? 'allowed' : 'denied',
      this.#metrics.clock.monotonic() - started,
    )
    return decision
  }

  #inMode(mode: Mode, wanted: Wanted, attributes: AuthorizationAttributes): Impersonated {
    const user = mode.name === 'associated-node' ? withoutExtras(attributes.user) : attributes.user
    const check: Check = more => {
      const asked = { ...attributes, user, ...more }
      const decision = this.#decide(asked, mode)
      if (!decision.allowed) throw forbiddenError(asked, [decision.error, decision.reason].filter(Boolean).join(': '))
    }
    if (mode.name === '') return { user: legacyUser(wanted, plain(check, 'impersonate')), constraint: '' }
    check({ verb: `impersonate-on:${mode.name}:${attributes.verb}` })
    const constraint = `impersonate:${mode.name}`
    const refuse = (resource: string, name: string, reason: string): never => {
      throw forbiddenError({ user, verb: constraint, resourceRequest: true, group, resource, name }, reason)
    }
    return { user: constrainedUser(mode, wanted, plain(check, constraint), refuse), constraint }
  }
}

const group = 'authentication.k8s.io'

/** Whether the mode is allowed at all must not depend on which node it is. */
function withoutExtras(user: UserInfo): UserInfo {
  const keys = Object.keys(user.extra ?? {}).sort()
  return { ...user, extra: { 'authentication.kubernetes.io/associated-node-keys': keys } }
}

/** Asks for a right to a user, group, … : nothing of the request itself is part of the question. */
function plain(check: Check, verb: string): Check {
  return more =>
    check({
      verb,
      resourceRequest: true,
      group,
      version: 'v1',
      subresource: '',
      namespace: '',
      name: '',
      path: undefined,
      fieldSelector: undefined,
      ...more,
    })
}

function legacyUser(wanted: Wanted, check: Check): UserInfo {
  const serviceAccount = splitServiceAccountUsername(wanted.name)
  if (serviceAccount) check({ group: '', resource: 'serviceaccounts', ...serviceAccount })
  else check({ group: '', resource: 'users', name: wanted.name })
  if (wanted.uid !== '') check({ resource: 'uids', name: wanted.uid })
  for (const name of wanted.groups) check({ group: '', resource: 'groups', name })
  checkExtras(wanted, check)
  return asUser(wanted, wanted.groups.length === 0 && serviceAccount ? ofServiceAccount(serviceAccount) : wanted.groups)
}

function constrainedUser(
  mode: Mode,
  wanted: Wanted,
  check: Check,
  refuse: (resource: string, name: string, reason: string) => never,
): UserInfo {
  const { groups, extra } = wanted
  const node = nodeName(wanted.name)
  if (node !== undefined) {
    check({ resource: 'nodes', name: mode.name === 'associated-node' ? '*' : node })
    return asUser(wanted, [nodesGroup])
  }
  const serviceAccount = splitServiceAccountUsername(wanted.name)
  if (serviceAccount) {
    check({ resource: 'serviceaccounts', ...serviceAccount })
    return asUser(wanted, ofServiceAccount(serviceAccount))
  }
  check({ resource: 'users', name: wanted.name })
  if (wanted.uid !== '') check({ resource: 'uids', name: wanted.uid })
  if (groups.includes('')) refuse('groups', '', 'impersonating the empty string group is not allowed')
  if (groups.includes(systemPrivilegedGroup))
    refuse('groups', systemPrivilegedGroup, 'impersonating the system:masters group is not allowed')
  if (!(groups.length >= manyChecks && allows(check, { resource: 'groups', name: '*' })))
    for (const name of groups) check({ resource: 'groups', name })
  const problem = extraProblem(extra)
  if (problem) refuse('userextras', '', problem)
  const total = Object.values(extra).reduce((sum, { length }) => sum + length, 0)
  const many = Object.keys(extra).length >= manyChecks || total >= manyChecks
  if (!(many && allows(check, { resource: 'userextras', subresource: '*', name: '*' }))) checkExtras(wanted, check)
  return asUser(wanted, groups)
}

function checkExtras({ extra }: Wanted, check: Check): void {
  for (const [key, all] of Object.entries(extra))
    for (const value of all) check({ resource: 'userextras', subresource: key, name: value })
}

function allows(check: Check, attributes: Partial<AuthorizationAttributes>): boolean {
  try {
    check(attributes)
    return true
  } catch {
    return false
  }
}

function extraProblem(extra: Wanted['extra']): string | undefined {
  for (const [key, all] of Object.entries(extra)) {
    if (key === '') return 'impersonating the empty string key in extra is not allowed'
    const slash = key.indexOf('/')
    if (slash <= 0 || isDNS1123Subdomain(key.slice(0, slash)).length > 0 || slash === key.length - 1)
      return `impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ${quote(key)}: must be a domain-prefixed path (such as "acme.io/foo")`
    if (key !== key.toLowerCase()) return `impersonating a non-lowercase key in extra is not allowed: ${quote(key)}`
    if (all.length === 0) return 'impersonating empty values in extra is not allowed'
    if (all.includes('')) return 'impersonating the empty string value in extra is not allowed'
  }
  return undefined
}

const ofServiceAccount = ({ namespace }: { readonly namespace: string }): string[] => [
  allServiceAccountsGroup,
  serviceAccountGroupPrefix + namespace,
]

function asUser({ name, uid, extra }: Wanted, groups: readonly string[]): UserInfo {
  const all = [...groups]
  const everyone = name === anonymousUser ? allUnauthenticated : allAuthenticated
  if (!all.includes(everyone) && !all.includes(allUnauthenticated)) all.push(everyone)
  return {
    name,
    groups: all,
    ...(uid === '' ? {} : { uid }),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  }
}
