import { ageCell } from '../../cells.ts'
import { groupResource } from '../../resource.ts'
import type { IPAddress } from './ipaddress.ts'

/** There is an age, although no column is declared for it: upstream's rows have it too. */
export function ipAddressCells(address: IPAddress, now: number): unknown[] {
  return [address.metadata.name, parentCell(address), ageCell(address, now)]
}

/** `services/default/kubernetes` */
function parentCell({ spec }: IPAddress): string {
  const { parentRef } = spec
  if (!parentRef) return '<none>'
  const { group = '', resource = '', namespace, name = '' } = parentRef
  return [groupResource({ group, resource }).toLowerCase(), ...(namespace ? [namespace] : []), name].join('/')
}
