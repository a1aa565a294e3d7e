// What a ReplicationController may say: a ReplicaSet whose selector is a plain map.

import { type FieldError, forbidden, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { selectorFromSet } from '../../../machinery/labels.ts'
import { checkNonnegative, type Errors } from '../../../machinery/validation/field-checks.ts'
import type { KubeObject } from '../../resource.ts'
import { checkPodTemplate } from './pod.validation.ts'
import type { ReplicationControllerSpec } from './replicationcontroller.ts'

const path = root('spec')
const templatePath = path.child('template')

export function validateReplicationController(controller: KubeObject): FieldError[] {
  const errors: Errors = []
  const { minReadySeconds, selector, replicas, template } = controller['spec'] as ReplicationControllerSpec
  checkNonnegative(minReadySeconds, path, 'minReadySeconds', errors)
  const selects = Object.keys(selector ?? {}).length > 0
  if (!selects) errors.push(required(path.child('selector')))
  checkNonnegative(replicas, path, 'replicas', errors)
  if (!template) {
    errors.push(required(templatePath))
    return errors
  }
  const labels = template.metadata?.labels
  if (selects && !selectorFromSet(selector).matches(labels ?? {}))
    errors.push(
      invalid(templatePath.child('metadata', 'labels'), labels ?? null, '`selector` does not match template `labels`'),
    )
  checkPodTemplate(template, templatePath, errors)
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {}
  if (restartPolicy !== 'Always')
    errors.push(notSupported(templatePath.child('spec', 'restartPolicy'), restartPolicy ?? '', ['Always']))
  if (activeDeadlineSeconds !== undefined)
    errors.push(
      forbidden(
        templatePath.child('spec', 'activeDeadlineSeconds'),
        'activeDeadlineSeconds in ReplicationController is not Supported',
      ),
    )
  return errors
}

const statusPath = root('status')

export function validateReplicationControllerStatusUpdate(controller: KubeObject): FieldError[] {
  const errors: Errors = []
  const status = (controller['status'] ?? {}) as Record<string, number | undefined>
  const of = (field: string): number => status[field] ?? 0
  for (const field of ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'])
    checkNonnegative(status[field], statusPath, field, errors)
  for (const field of ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'])
    if (of(field) > of('replicas'))
      errors.push(invalid(statusPath.child(field), of(field), 'cannot be greater than status.replicas'))
  if (of('availableReplicas') > of('readyReplicas'))
    errors.push(
      invalid(statusPath.child('availableReplicas'), of('availableReplicas'), 'cannot be greater than readyReplicas'),
    )
  return errors
}
