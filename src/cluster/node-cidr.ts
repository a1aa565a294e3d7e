// Which part of the cluster's pod addresses a node has: the nth /24 of the range, as kube-controller-manager hands out.

import { UserFacingError } from './user-facing-error.ts'

/** `number` counts from 1. */
export function nodeCIDR(clusterCIDR: string, number: number): string {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(clusterCIDR)
  if (!match || Number(match[5]) > 24)
    throw new UserFacingError(
      `--cluster-cidr ${clusterCIDR}: must be an IPv4 range of /24 or larger, such as 10.244.0.0/16`,
    )
  const [a = 0, b = 0, c = 0] = match.slice(1).map(Number)
  const most = 2 ** (24 - Number(match[5]))
  if (number > most) throw new UserFacingError(`--cluster-cidr ${clusterCIDR} has room for ${most} nodes only`)
  const third = a * 65536 + b * 256 + c + number - 1
  return `${Math.floor(third / 65536)}.${Math.floor(third / 256) % 256}.${third % 256}.0/24`
}
