// The checks of CustomResourceDefinitions, in one file to load at the first write of one.

import type { CustomResourceDefinition } from '../../api/apiextensions/v1/customresourcedefinition.ts'
import {
  validateCustomResourceDefinition,
  validateCustomResourceDefinitionName,
  validateCustomResourceDefinitionUpdate,
} from '../../api/apiextensions/v1/customresourcedefinition.validation.ts'
import { ruleCompiler } from '../../api/apiextensions/v1/validationrule.compiler.ts'
import type { FieldError } from '../../machinery/field-error.ts'
import { isRecognizedFormat } from '../../machinery/structural/formats.ts'
import { someSchema } from '../../machinery/structural/schema.ts'

export { validateCustomResourceDefinitionStatus } from '../../api/apiextensions/v1/customresourcedefinition.validation.ts'

export function validateNewDefinition(crd: CustomResourceDefinition): FieldError[] {
  return [...validateCustomResourceDefinitionName(crd), ...validateCustomResourceDefinition(crd, ruleCompiler)]
}

export function validateChangedDefinition(crd: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  return validateCustomResourceDefinitionUpdate(crd, old, ruleCompiler)
}

function formatsOf({ spec }: CustomResourceDefinition): string[] {
  const formats: string[] = []
  for (const { schema } of spec.versions ?? [])
    someSchema(schema?.openAPIV3Schema, each => {
      if (each.format && !isRecognizedFormat(each)) formats.push(each.format)
      return false
    })
  return formats
}

/** Formats that objects cannot be held to, and that the old definition didn't have. */
export function unrecognizedFormats(
  crd: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): readonly string[] {
  const before = new Set(old ? formatsOf(old) : [])
  return [...new Set(formatsOf(crd))].filter(format => !before.has(format))
}
