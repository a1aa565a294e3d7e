// The objects behind Services' addresses: ServiceCIDRs, and an IPAddress for each that is taken (upstream:
// pkg/apis/networking/validation).

import { type FieldError, invalid, required } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { parseCIDR } from '../../../machinery/ip.ts'
import {
  checkDNSSubdomain,
  checkImmutable,
  checkName,
  type Errors,
} from '../../../machinery/validation/field-checks.ts'
import { isValidCIDR, isValidIP } from '../../../machinery/validation/ip.ts'
import { nameIsPathSegment } from '../../../machinery/validation/names.ts'
import { immutableMessage } from '../../../machinery/validation/object-meta.ts'
import { showing } from '../../go/internal-form.ts'
import type { KubeObject } from '../../resource.ts'
import { ServiceCIDRSpec } from './servicecidr.ts'

/** The name of an IPAddress is the address. */
export const nameIsIPAddress = (name: string): string[] =>
  isValidIP(root('metadata', 'name'), name).map(({ detail }) => detail)

const parentPath = root('spec', 'parentRef')

export function validateIPAddress(address: KubeObject): FieldError[] {
  const errors: Errors = []
  const parent: Record<string, string> | undefined = address['spec']?.parentRef
  if (!parent) return [required(parentPath)]
  if (parent['group']) checkDNSSubdomain(parent['group'], parentPath.child('group'), errors)
  for (const field of ['resource', 'name']) {
    const value = parent[field]
    if (!value) errors.push(required(parentPath.child(field)))
    else checkName(value, nameIsPathSegment, parentPath.child(field), errors)
  }
  if (parent['namespace']) checkName(parent['namespace'], nameIsPathSegment, parentPath.child('namespace'), errors)
  return errors
}

export function validateIPAddressUpdate(address: KubeObject, old: KubeObject): FieldError[] {
  const errors = validateIPAddress(address)
  checkImmutable(address['spec']?.parentRef, old['spec']?.parentRef, parentPath, errors)
  return errors
}

const cidrsPath = root('spec', 'cidrs')

export function validateServiceCIDR(serviceCIDR: KubeObject): FieldError[] {
  const cidrs: string[] = serviceCIDR['spec']?.cidrs ?? []
  if (cidrs.length === 0) return [required(cidrsPath, 'at least one CIDR required')]
  if (cidrs.length > 2)
    return [invalid(cidrsPath, showing(ServiceCIDRSpec, serviceCIDR['spec']), 'may only hold up to 2 values')]
  const errors = cidrs.flatMap((cidr, index) => isValidCIDR(cidrsPath.index(index), cidr))
  const [first, second] = cidrs.map(cidr => parseCIDR(cidr)?.family)
  if (cidrs.length === 2 && first !== undefined && first === second)
    errors.push(
      invalid(
        cidrsPath,
        cidrs,
        'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ),
    )
  return errors
}

/** A second range may be added, of the other family. */
export function validateServiceCIDRUpdate(serviceCIDR: KubeObject, old: KubeObject): FieldError[] {
  const [next, before]: [string[], string[]] = [serviceCIDR['spec']?.cidrs ?? [], old['spec']?.cidrs ?? []]
  const changed = (count: number): FieldError[] =>
    before
      .slice(0, count)
      .flatMap((cidr, index) =>
        cidr === next[index] ? [] : [invalid(cidrsPath.index(index), next[index], immutableMessage)],
      )
  if (next.length === before.length) return changed(before.length)
  if (before.length === 1 && next.length === 2) return [...changed(1), ...validateServiceCIDR(serviceCIDR)]
  return [invalid(cidrsPath, serviceCIDR['spec']?.cidrs ?? null, immutableMessage)]
}
