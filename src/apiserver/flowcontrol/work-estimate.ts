// How many seats a request takes, and for how long (upstream: flowcontrol/request, work estimators): a list or the
// beginning of a watch by the memory its objects fill, a write by how many watches must be told of it.

import type { RequestContext } from '../request.ts'
import type { WorkEstimate } from './queue-set.ts'

const bytesPerSeat = 100_000
/** What a list from the watch cache holds in memory at once, at most. */
const streamedListBytes = 1_000_000
const mostListSeats = 100
const mostMutatingSeats = 10
const watchesPerSeat = 10
/** Milliseconds of a seat that telling ten watches takes. */
const eventMilliseconds = 5

/** How many objects of a resource there are, and their size all together. */
export interface ObjectStatistics {
  readonly count: number
  readonly bytes: number
}

export interface EstimatorSources {
  /** undefined: not a resource that is stored here. */
  objects(group: string, resource: string): ObjectStatistics | undefined
  /** Watches that a write is told to. */
  interestedWatches(request: RequestContext): number
}

const ofSeats = (initialSeats: number): WorkEstimate => ({ initialSeats, finalSeats: 0, additionalLatency: 0 })
const estimates = Array.from({ length: mostListSeats + 1 }, (_, seats) => ofSeats(seats))
const oneSeat = estimates[1]!

/** `mostSeats` is what the priority level allows one request; 0 when it says nothing. */
export function estimateWork(request: RequestContext, sources: EstimatorSources, mostSeats: number): WorkEstimate {
  switch (request.info.verb) {
    case 'list':
    case 'watch':
      return estimateList(request, sources, mostSeats)
    case 'create':
    case 'update':
    case 'patch':
    case 'delete':
      return estimateWrite(request, sources, mostSeats)
    default:
      return oneSeat
  }
}

function estimateList({ info, query }: RequestContext, sources: EstimatorSources, mostSeats: number): WorkEstimate {
  const most = mostSeats === 0 ? mostListSeats : Math.min(mostSeats, mostListSeats)
  const resourceVersion = query.get('resourceVersion') ?? ''
  if (info.verb === 'watch') {
    const sendsState = query.get('sendInitialEvents') === 'true' || resourceVersion === '' || resourceVersion === '0'
    if (!sendsState) return oneSeat
  }
  const statistics = sources.objects(info.group, info.resource)
  if (!statistics || statistics.count === 0) return oneSeat
  const { count, bytes } = statistics
  const limit = Number(query.get('limit') ?? 0)
  const limited = limit > 0 && limit < count ? limit : count
  const fromCache = info.verb === 'watch' || !readsStore(query, resourceVersion, limit)
  const selects = (info.fieldSelector ?? '') !== '' || (info.labelSelector ?? '') !== ''
  let loaded = limited
  if (info.name !== '' || selectsName(info.fieldSelector)) loaded = 1
  else if (!fromCache && selects) loaded = Math.max(limited, Math.floor(count / 2))
  let memory = loaded * Math.floor(bytes / count)
  if (fromCache) memory = Math.min(memory, streamedListBytes)
  return estimates[Math.min(most, Math.max(1, Math.ceil(memory / bytesPerSeat)))]!
}

const selectsName = (fieldSelector: string | undefined): boolean =>
  fieldSelector !== undefined && /(^|,)metadata\.name==?[^,]/.test(fieldSelector)

/** Whether the list needs more than the newest state: an exact revision or a continuation. */
function readsStore(query: URLSearchParams, resourceVersion: string, limit: number): boolean {
  const match = query.get('resourceVersionMatch') ?? ''
  if (match !== '') return match !== 'NotOlderThan'
  return (query.get('continue') ?? '') !== '' || (limit > 0 && resourceVersion !== '' && resourceVersion !== '0')
}

function estimateWrite(request: RequestContext, sources: EstimatorSources, mostSeats: number): WorkEstimate {
  const { resource, subresource } = request.info
  // A token changes no object.
  if (resource === 'serviceaccounts' && subresource === 'token') return oneSeat
  const watches = sources.interestedWatches(request)
  if (watches < watchesPerSeat) return oneSeat
  const most = mostSeats === 0 ? mostMutatingSeats : Math.min(mostSeats, mostMutatingSeats)
  const wanted = Math.ceil(watches / watchesPerSeat)
  const finalSeats = Math.min(wanted, most)
  return { initialSeats: 1, finalSeats, additionalLatency: (wanted * eventMilliseconds) / finalSeats }
}
