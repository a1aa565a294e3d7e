// What an APIService must say to be one.

import { type FieldError, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { quote } from '../../../machinery/go-text.ts'
import {
  isDNS1035Label,
  isDNS1123Subdomain,
  isPathSegmentName,
  isPortNumber,
} from '../../../machinery/validation/names.ts'
import type { APIService } from './apiservice.ts'

const spec = root('spec')

export function validateAPIService({ metadata, spec: of }: APIService): FieldError[] {
  const errors: FieldError[] = []
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0, service, caBundle = '' } = of
  const insecure = of.insecureSkipTLSVerify ?? false
  const name = metadata.name ?? ''
  const wanted = `${version}.${group}`
  if (name !== wanted && name !== '' && isPathSegmentName(name).length === 0)
    errors.push(invalid(root('metadata', 'name'), name, `must be \`spec.version+"."+spec.group\`: ${quote(wanted)}`))
  if (group === '' && version !== 'v1')
    errors.push(required(spec.child('group'), 'only v1 may have an empty group and it better be legacy kube'))
  if (group !== '')
    for (const problem of isDNS1123Subdomain(group)) errors.push(invalid(spec.child('group'), group, problem))
  for (const problem of isDNS1035Label(version)) errors.push(invalid(spec.child('version'), version, problem))
  const priority = (field: 'groupPriorityMinimum' | 'versionPriority', value: number, most: number) => {
    if (value <= 0 || value > most)
      errors.push(invalid(spec.child(field), value, `must be positive and less than ${most}`))
  }
  priority('groupPriorityMinimum', groupPriorityMinimum, 20000)
  priority('versionPriority', versionPriority, 1000)
  if (!service) {
    if (caBundle !== '') {
      const { length } = Buffer.from(caBundle, 'base64')
      errors.push(invalid(spec.child('caBundle'), `${length} bytes`, 'local APIServices may not have a caBundle'))
    }
    if (insecure)
      errors.push(
        invalid(spec.child('insecureSkipTLSVerify'), insecure, 'local APIServices may not have insecureSkipTLSVerify'),
      )
    return errors
  }
  if (!service.namespace) errors.push(required(spec.child('service', 'namespace')))
  if (!service.name) errors.push(required(spec.child('service', 'name')))
  const port = service.port ?? 0
  const problems = isPortNumber(port)
  if (problems.length > 0)
    errors.push(invalid(spec.child('service', 'port'), port, `port is not valid: ${problems.join(', ')}`))
  if (insecure && caBundle !== '')
    errors.push(invalid(spec.child('insecureSkipTLSVerify'), insecure, 'may not be true if caBundle is present'))
  return errors
}

export function validateAPIServiceStatus({ status }: APIService): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, condition] of (status.conditions ?? []).entries())
    if (!['True', 'False', 'Unknown'].includes(condition.status))
      errors.push(
        notSupported(root('status', 'conditions').index(index).child('status'), condition.status, [
          'True',
          'False',
          'Unknown',
        ]),
      )
  return errors
}
