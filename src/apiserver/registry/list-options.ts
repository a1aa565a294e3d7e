// The parameters of LIST, WATCH and DELETECOLLECTION (meta/v1 ListOptions), read as upstream reads them: what cannot be
// read is a 400, what does not go together a 422 with every mistake named.

import { type FieldError, forbidden, notSupported } from '../../machinery/field-error.ts'
import { quote } from '../../machinery/go-text.ts'
import { invalid } from '../../machinery/status-error.ts'
import { booleanParameter, integerParameter, secondsParameter } from '../query-parameters.ts'

export interface ListOptions {
  readonly allowWatchBookmarks: boolean
  readonly resourceVersion: string
  readonly resourceVersionMatch: string
  /** undefined: not said. */
  readonly timeoutSeconds: number | undefined
  readonly limit: number
  readonly continue: string
  readonly sendInitialEvents: boolean | undefined
}

const unset: ListOptions = Object.freeze({
  allowWatchBookmarks: false,
  resourceVersion: '',
  resourceVersionMatch: '',
  timeoutSeconds: undefined,
  limit: 0,
  continue: '',
  sendInitialEvents: undefined,
})

/** Throws a StatusError: 400 or 422. */
export function listOptionsOf(query: URLSearchParams, watch: boolean): ListOptions {
  if (query.size === 0) return unset
  const options: ListOptions = {
    allowWatchBookmarks: booleanParameter(query, 'allowWatchBookmarks') ?? false,
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    timeoutSeconds: secondsParameter(query, 'timeoutSeconds'),
    limit: integerParameter(query, 'limit') ?? 0,
    continue: query.get('continue') ?? '',
    sendInitialEvents: booleanParameter(query, 'sendInitialEvents'),
  }
  const errors = watch ? validateWatchOptions(options) : validateListOptions(options)
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors)
  return options
}

/** Why a text is no revision; undefined when it is one. */
export function resourceVersionProblem(text: string): string | undefined {
  if (text === '') return undefined
  const parsing = `strconv.ParseUint: parsing ${quote(text)}`
  if (!/^[0-9]+$/.test(text)) return `${parsing}: invalid syntax`
  return BigInt(text) > 2n ** 64n - 1n ? `${parsing}: value out of range` : undefined
}

function validateListOptions(options: ListOptions): FieldError[] {
  const errors: FieldError[] = []
  const match = options.resourceVersionMatch
  const field = 'resourceVersionMatch'
  if (match !== '') {
    if (options.resourceVersion === '')
      errors.push(forbidden(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'))
    if (options.continue !== '')
      errors.push(forbidden(field, 'resourceVersionMatch is forbidden when continue is provided'))
    if (match !== 'Exact' && match !== 'NotOlderThan')
      errors.push(notSupported(field, match, ['Exact', 'NotOlderThan', '']))
    if (match === 'Exact' && options.resourceVersion === '0')
      errors.push(forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
  }
  if (options.sendInitialEvents !== undefined)
    errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  return errors
}

function validateWatchOptions(options: ListOptions): FieldError[] {
  // From the start: upstream reads such a watch as one that asks for the initial events, and then as no other list.
  const fromTheStart = ['', '0'].includes(options.resourceVersion) && options.resourceVersionMatch === ''
  if (fromTheStart && options.continue !== '' && options.sendInitialEvents === undefined)
    return [forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided')]
  const errors: FieldError[] = []
  const match = options.resourceVersionMatch
  const field = 'resourceVersionMatch'
  if (options.sendInitialEvents !== undefined && match !== 'NotOlderThan')
    errors.push(forbidden(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'))
  if (match !== '') {
    if (options.sendInitialEvents === undefined)
      errors.push(forbidden(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'))
    if (match !== 'NotOlderThan') errors.push(notSupported(field, match, ['NotOlderThan']))
    if (options.continue !== '')
      errors.push(forbidden(field, 'resourceVersionMatch is forbidden when continue is provided'))
  }
  return errors
}
