// What of a pod's status may change, and what it may say.

import { duplicate, type FieldError, forbidden, invalid } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { parseIP } from '../../../machinery/ip.ts'
import { checkImmutable, checkQualifiedName, type Errors } from '../../../machinery/validation/field-checks.ts'
import { isValidIPForLegacyField } from '../../../machinery/validation/ip.ts'
import { nameIsDNSSubdomain } from '../../../machinery/validation/names.ts'
import type { KubeObject } from '../../resource.ts'
import type { ContainerStatus, PodSpec, PodStatus } from './pod.ts'
import { checkPodAnnotationUpdates } from './podannotations.validation.ts'

const status = root('status')
const metadata = root('metadata')
const systemConditions = new Set(['PodScheduled', 'Ready', 'Initialized'])

export function validatePodStatusUpdate(pod: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  const [next, before] = [pod['status'] as PodStatus, old['status'] as PodStatus]
  const spec = old['spec'] as PodSpec
  checkPodAnnotationUpdates(pod, old, metadata.child('annotations'), errors)
  for (const [index, { type = '' }] of (next.conditions ?? []).entries())
    if (!systemConditions.has(type))
      checkQualifiedName(type, metadata.child('conditions').index(index).child('Type'), errors)
  const nominated = next.nominatedNodeName
  if (nominated && nominated !== before.nominatedNodeName)
    for (const message of nameIsDNSSubdomain(nominated, false))
      errors.push(invalid(status.child('nominatedNodeName'), nominated, message))
  checkImmutable(next.qosClass, before.qosClass, status.child('qosClass'), errors)
  const sidecars = new Set(
    (spec.initContainers ?? []).flatMap(({ name, restartPolicy }) => (restartPolicy === 'Always' ? (name ?? '') : [])),
  )
  checkTransitions(next.containerStatuses, before.containerStatuses, 'containerStatuses', spec.restartPolicy, errors)
  checkTransitions(
    next.initContainerStatuses,
    before.initContainerStatuses?.filter(({ name = '' }) => !sidecars.has(name)),
    'initContainerStatuses',
    spec.restartPolicy,
    errors,
  )
  checkTransitions(
    next.ephemeralContainerStatuses,
    before.ephemeralContainerStatuses,
    'ephemeralContainerStatuses',
    'Never',
    errors,
  )
  if (next.podIPs) checkAddresses(next.podIPs, status.child('podIPs'), errors)
  if (next.hostIPs?.length) {
    const path = status.child('hostIPs')
    if ((next.hostIP ?? '') !== next.hostIPs[0]!.ip)
      errors.push(invalid(path.index(0).child('ip'), next.hostIPs[0]!.ip, 'must be equal to `hostIP`'))
    checkAddresses(next.hostIPs, path, errors)
  }
  return errors
}

/** A container that ended for good stays so. */
function checkTransitions(
  next: readonly ContainerStatus[] | undefined,
  old: readonly ContainerStatus[] | undefined,
  list: string,
  restartPolicy: string | undefined,
  errors: Errors,
): void {
  if (restartPolicy === 'Always' || !next) return
  for (const [index, before] of (old ?? []).entries()) {
    const { terminated } = before.state ?? {}
    if (!terminated || (terminated.exitCode !== 0 && restartPolicy === 'OnFailure')) continue
    if (next.some(one => one.name === before.name && !one.state?.terminated))
      errors.push(
        forbidden(status.child(list).index(index).child('state'), 'may not be transitioned to non-terminated state'),
      )
  }
}

function checkAddresses(addresses: readonly { readonly ip?: string }[], path: FieldPath, errors: Errors): void {
  const seen = new Set<string>()
  for (const [index, { ip = '' }] of addresses.entries()) {
    errors.push(...isValidIPForLegacyField(path.index(index), ip))
    if (seen.has(ip)) errors.push(duplicate(path.index(index), { ip }))
    seen.add(ip)
  }
  if (addresses.length < 2) return
  const families = new Set(addresses.map(({ ip = '' }) => parseIP(ip)?.family))
  if (families.size !== 2 || addresses.length > 2)
    errors.push(invalid(path, addresses, 'may specify no more than one IP for each IP family'))
}
