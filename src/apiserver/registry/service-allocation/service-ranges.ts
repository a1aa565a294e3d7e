// The ranges that Services' addresses may come from: those of the ServiceCIDRs that are ready and not going away.

import { serviceCIDRs } from '../../../api/networking/v1/servicecidr.ts'
import { groupResource, type KubeObject } from '../../../api/resource.ts'
import { type CIDR, cidrContains, type IPAddress, parseCIDR } from '../../../machinery/ip.ts'
import type { ServerContext } from '../../server-context.ts'
import type { ResourceStorage } from '../resource-storage.ts'

export const serviceCIDRStorage = ({ registry }: ServerContext): ResourceStorage =>
  registry.storage(groupResource(serviceCIDRs))

const rangesOf = (object: KubeObject): CIDR[] =>
  ((object['spec']?.cidrs ?? []) as string[]).flatMap(text => parseCIDR(text) ?? [])

function isReady({ metadata, status }: KubeObject): boolean {
  const conditions: { type: string; status: string }[] = status?.['conditions'] ?? []
  return !metadata.deletionTimestamp && conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
}

/** The configured ones first: they are there from the start. */
export function readyRanges(server: ServerContext): CIDR[] {
  const configured = server.options.serviceCIDR.split(',').map(range => range.trim())
  const objects = [...serviceCIDRStorage(server).cache.all()].map(({ object }) => object)
  const isConfigured = (object: KubeObject) => object['spec']?.cidrs?.some((text: string) => configured.includes(text))
  return objects
    .filter(isReady)
    .sort((a, b) => Number(isConfigured(b)) - Number(isConfigured(a)))
    .flatMap(rangesOf)
}

/** Whether the address is in a range, were it one that is going away. */
export function isInRange(server: ServerContext, address: IPAddress): boolean {
  for (const { object } of serviceCIDRStorage(server).cache.all())
    if (rangesOf(object).some(cidr => cidrContains(cidr, address))) return true
  return false
}
