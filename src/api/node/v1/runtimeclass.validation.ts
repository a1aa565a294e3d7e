// What a runtime class may say, and what of it may change (upstream: pkg/apis/node/validation).

import { duplicate, type FieldError, required } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { jsonText } from '../../../machinery/json/write.ts'
import { checkDNSLabel, checkImmutable, type Errors } from '../../../machinery/validation/field-checks.ts'
import { validateLabels } from '../../../machinery/validation/labels.ts'
import { checkContainerResourceName, checkResourceRequirements } from '../../core/v1/resources.validation.ts'
import { checkTolerations } from '../../core/v1/scheduling.validation.ts'
import type { Toleration } from '../../core/v1/toleration.ts'
import type { KubeObject } from '../../resource.ts'

const none: ReadonlySet<string> = new Set()

export function validateRuntimeClass(runtimeClass: KubeObject): FieldError[] {
  const errors: Errors = []
  const { handler = '', overhead, scheduling } = runtimeClass
  if (handler === '') errors.push(required('handler'))
  else checkDNSLabel(handler, root('handler'), errors)
  if (overhead)
    checkResourceRequirements({ limits: overhead.podFixed }, checkContainerResourceName, root('overhead'), none, errors)
  if (scheduling) checkScheduling(scheduling, root('scheduling'), errors)
  return errors
}

function checkScheduling(
  { nodeSelector, tolerations }: { nodeSelector?: Record<string, string>; tolerations?: Toleration[] },
  path: FieldPath,
  errors: Errors,
): void {
  if (nodeSelector) errors.push(...validateLabels(nodeSelector, path.child('nodeSelector')))
  if (!tolerations) return
  const at = path.child('tolerations')
  checkTolerations(tolerations, at, errors)
  const seen = new Set<string>()
  for (const [index, toleration] of tolerations.entries()) {
    const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = toleration
    const text = jsonText([key, operator, value, effect, tolerationSeconds])
    if (seen.has(text)) errors.push(duplicate(at.index(index), toleration))
    seen.add(text)
  }
}

export function validateRuntimeClassUpdate(next: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  checkImmutable(next['handler'], old['handler'], root('handler'), errors)
  return errors
}
