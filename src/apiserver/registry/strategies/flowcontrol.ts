// Flow schemas and priority levels. Those that every cluster must have may not be changed.

import {
  validateFlowControlStatus,
  validateFlowSchema,
  validatePriorityLevelConfiguration,
} from '../../../api/flowcontrol/v1/flowcontrol.validation.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { semanticEqual } from '../../../machinery/deep-equal.ts'
import { type FieldError, invalid } from '../../../machinery/field-error.ts'
import { flowSchemas, priorityLevelConfigurations } from '../../bootstrap/flow-control.ts'
import type { Strategy } from '../strategy.ts'

const mandatory = new Set(['exempt', 'catch-all'])

/** What comes before the checks of the status, which upstream makes last. */
function checkMandatory(object: KubeObject, known: () => readonly KubeObject[]): FieldError[] {
  const name = object.metadata.name ?? ''
  if (!mandatory.has(name)) return []
  const fixed = known().find(({ metadata }) => metadata.name === name)?.['spec']
  const spec = object['spec']
  // How much the exempt level may borrow is the administrator's business.
  if (spec.type === 'Exempt' || fixed.type === 'Exempt')
    return semanticEqual({ ...spec, exempt: undefined }, { ...fixed, exempt: undefined })
      ? []
      : [invalid('spec', spec, `spec of '${name}' except the 'spec.exempt' field must equal the fixed value`)]
  return semanticEqual(spec, fixed) ? [] : [invalid('spec', spec, `spec of '${name}' must equal the fixed value`)]
}

const validateSchema = (schema: KubeObject): FieldError[] => [
  ...validateFlowSchema(schema),
  ...checkMandatory(schema, () => flowSchemas('')),
]
const validateLevel = (level: KubeObject): FieldError[] => [
  ...validatePriorityLevelConfiguration(level),
  ...checkMandatory(level, priorityLevelConfigurations),
]

export const flowControlStrategies: Readonly<Record<string, Strategy>> = {
  'flowschemas.flowcontrol.apiserver.k8s.io': {
    tracksGeneration: true,
    statusKeepsMetadata: true,
    validate: validateSchema,
    validateUpdate: validateSchema,
    validateStatusUpdate: validateFlowControlStatus,
  },
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': {
    tracksGeneration: true,
    statusKeepsMetadata: true,
    validate: validateLevel,
    validateUpdate: validateLevel,
    validateStatusUpdate: validateFlowControlStatus,
  },
}
