// Looks after the ranges that Services' addresses come from: a range is Ready once it is protected by a finalizer, and may
// only go when no address would be left without one.

import { type IPAddress, ipAddresses } from '../../api/networking/v1/ipaddress.ts'
import { type ServiceCIDR, serviceCIDRs } from '../../api/networking/v1/servicecidr.ts'
import { type ControllerContext, controller, watch } from '../../client/controller.ts'
import { cidrContains, parseCIDR, parseIP } from '../../machinery/ip.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { formatTime, timeOf } from '../../machinery/time.ts'

const finalizer = 'networking.k8s.io/service-cidr-finalizer'
const managedByLabel = 'ipaddress.kubernetes.io/managed-by'
const managedBy = 'ipallocator.k8s.io'
/** Allocators may not have heard yet that the range is going. */
const deletionGraceMs = 10_000

type Context = ControllerContext

export const serviceCIDRController = controller<ServiceCIDR>({
  name: 'service-cidr-controller',
  reconciles: serviceCIDRs,
  concurrency: 5,
  watches: [
    // A range that comes or goes, and an address that goes, may decide about those that wait to be deleted.
    watch(serviceCIDRs, {
      keys: ({ before, after }, { lister }) =>
        (after ?? before)!.spec.cidrs?.length ? overlapping(lister(serviceCIDRs).list(), (after ?? before)!) : [],
    }),
    watch(ipAddresses, {
      keys: ({ before, after }, { lister }) =>
        before && after ? [] : containing(lister(serviceCIDRs).list(), (after ?? before)!).map(nameOf),
    }),
  ],
  async reconcile(name, context) {
    const range = context.lister(serviceCIDRs).get(name)
    if (!range) return undefined
    const deleting = timeOf(range.metadata.deletionTimestamp)
    if (deleting === undefined) {
      await protect(range, context)
      await setReady(range, { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' }, context)
      return undefined
    }
    if (!mayGo(range, context)) {
      const message =
        'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR'
      await setReady(range, { status: 'False', reason: 'Terminating', message }, context)
      return undefined
    }
    const left = deleting + deletionGraceMs - context.clock.now()
    if (left > 0) return { requeueAfterMs: left }
    const finalizers = (range.metadata.finalizers ?? []).filter(each => each !== finalizer)
    await patch(range, { metadata: { finalizers, resourceVersion: range.metadata.resourceVersion } }, context)
    return undefined
  },
})

const nameOf = ({ metadata }: ServiceCIDR): string => metadata.name ?? ''

function rangesOf({ spec }: ServiceCIDR) {
  return (spec.cidrs ?? []).flatMap(text => parseCIDR(text) ?? [])
}

function containing(all: readonly ServiceCIDR[], { metadata }: IPAddress): ServiceCIDR[] {
  const address = parseIP(metadata.name ?? '')
  return address ? all.filter(range => rangesOf(range).some(cidr => cidrContains(cidr, address))) : []
}

/** Whether the whole inner range is in the outer one. */
function includes(outer: string, inner: string): boolean {
  const [large, small] = [parseCIDR(outer), parseCIDR(inner)]
  const start = parseIP(inner.split('/')[0]!)
  const bits = (text: string) => Number(text.split('/')[1])
  return !!large && !!small && !!start && bits(outer) <= bits(inner) && cidrContains(large, start)
}

function overlapping(all: readonly ServiceCIDR[], range: ServiceCIDR): string[] {
  const mine = range.spec.cidrs ?? []
  return all
    .filter(other => (other.spec.cidrs ?? []).some(one => mine.some(two => includes(one, two) || includes(two, one))))
    .map(nameOf)
}

function mayGo(range: ServiceCIDR, { lister }: Context): boolean {
  const all = lister(serviceCIDRs).list()
  const others = all.filter(other => nameOf(other) !== nameOf(range))
  const covered = (range.spec.cidrs ?? []).every(cidr =>
    others.some(other => (other.spec.cidrs ?? []).some(outer => includes(outer, cidr))),
  )
  if (covered) return true
  return !lister(ipAddresses)
    .list()
    .some(address => {
      if (address.metadata.labels?.[managedByLabel] !== managedBy) return false
      const ranges = containing(all, address)
      return ranges.length === 1 && nameOf(ranges[0]!) === nameOf(range)
    })
}

async function protect(range: ServiceCIDR, context: Context): Promise<void> {
  const finalizers = range.metadata.finalizers ?? []
  if (finalizers.includes(finalizer)) return
  await patch(range, { metadata: { finalizers: [...finalizers, finalizer] } }, context)
}

async function patch(range: ServiceCIDR, change: object, { client }: Context): Promise<void> {
  try {
    await client.resource(serviceCIDRs).patch(nameOf(range), 'application/merge-patch+json', change)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

interface Ready {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

async function setReady(range: ServiceCIDR, ready: Ready, { client, clock, events }: Context): Promise<void> {
  const current = range.status.conditions?.find(({ type }) => type === 'Ready')
  if (current?.status === ready.status && current.message === ready.message) return
  const condition = { type: 'Ready', ...ready, lastTransitionTime: formatTime(clock.now()) }
  try {
    await client
      .resource(serviceCIDRs)
      .patch(
        nameOf(range),
        'application/strategic-merge-patch+json',
        { status: { conditions: [condition] } },
        { subresource: 'status' },
      )
  } catch (error) {
    if (isNotFound(error)) return
    if (ready.status === 'True')
      events.event(
        range,
        'Warning',
        'KubernetesServiceCIDRError',
        'The ServiceCIDR Status can not be set to Ready=True',
      )
    throw error
  }
}
