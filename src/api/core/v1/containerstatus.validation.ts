// What the status of a pod may say of its containers: who they run as, and how the devices that they have been given are.

import { duplicate, forbidden, invalid, notSupported, required, tooLong } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import type { Errors } from '../../../machinery/validation/field-checks.ts'
import type { Container } from './container.ts'
import type { ContainerStatus, LinuxContainerUser, PodSpec, ResourceStatus } from './pod.ts'

const largestID = 2_147_483_647
const longestMessage = 1024
const healths = ['Healthy', 'Unhealthy', 'Unknown']
const claimPrefix = 'claim:'

export function checkUsers(
  statuses: readonly ContainerStatus[] | undefined,
  os: PodSpec['os'],
  path: FieldPath,
  errors: Errors,
): void {
  for (const [index, { user }] of (statuses ?? []).entries()) {
    if (!user?.linux) continue
    const at = path.index(index).child('user', 'linux')
    if (os?.name === 'windows') errors.push(forbidden(at, 'cannot be set for a windows pod'))
    else checkLinuxUser(user.linux, at, errors)
  }
}

function checkLinuxUser({ uid, gid, supplementalGroups }: LinuxContainerUser, path: FieldPath, errors: Errors): void {
  const check = (id: number, at: FieldPath): void => {
    if (id < 0 || id > largestID) errors.push(invalid(at, id, `must be between 0 and ${largestID}, inclusive`))
  }
  check(uid ?? 0, path.child('uid'))
  check(gid ?? 0, path.child('gid'))
  for (const [index, group] of (supplementalGroups ?? []).entries())
    check(group, path.child('supplementalGroups').index(index))
}

/** Without containers: those that are given none. */
export function checkAllocated(
  statuses: readonly ContainerStatus[] | undefined,
  containers: readonly Container[] | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  for (const [index, { name, allocatedResourcesStatus }] of (statuses ?? []).entries()) {
    if (!allocatedResourcesStatus?.length) continue
    const at = path.index(index).child('allocatedResourcesStatus')
    if (!containers) {
      errors.push(forbidden(at, 'must not be specified in container status'))
      continue
    }
    const container = containers.find(container => container.name === name)
    for (const [index, allocated] of allocatedResourcesStatus.entries()) {
      if (container) checkAsked(allocated.name ?? '', container, at.index(index).child('name'), errors)
      checkHealth(allocated, at.index(index).child('resources'), errors)
    }
  }
}

function checkAsked(name: string, { resources }: Container, path: FieldPath, errors: Errors): void {
  if (!name.startsWith(claimPrefix)) {
    if (!Object.hasOwn(resources?.requests ?? {}, name))
      errors.push(invalid(path, name, "must match one of the container's resource requests"))
    return
  }
  const claims = (resources?.claims ?? []).map(
    ({ name, request }) => claimPrefix + name + (request ? `/${request}` : ''),
  )
  if (!claims.includes(name))
    errors.push(
      invalid(
        path,
        name,
        "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty",
      ),
    )
}

function checkHealth({ resources }: ResourceStatus, path: FieldPath, errors: Errors): void {
  const seen = new Set<string>()
  for (const [index, { resourceID = '', health = '', message }] of (resources ?? []).entries()) {
    const at = path.index(index)
    if (!healths.includes(health)) errors.push(notSupported(at.child('health'), health, healths))
    if (message === '') errors.push(required(at.child('message'), 'must be non-empty if specified'))
    else if (message && Buffer.byteLength(message) > longestMessage)
      errors.push(tooLong(at.child('message'), message, longestMessage))
    if (seen.has(resourceID)) errors.push(duplicate(at.child('resourceID'), resourceID))
    seen.add(resourceID)
  }
}
