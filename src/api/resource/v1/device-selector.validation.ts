// Selectors of devices: expressions over one device, compiled when they are written (upstream: the cel package of
// dynamic-resource-allocation). Those that are not new are compiled as if they were: every function that an expression
// may use in this release was there in the one before.
//
// Brings CEL with it: import what imports this file dynamically.

import {
  CelCompileError,
  type CelProgram,
  type CelSizes,
  celEnvironment,
  declaredName,
  objectType,
} from '../../../machinery/cel/cel.ts'
import { forbidden, invalid, required, tooLong } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import { byteLength } from '../../../machinery/go-text.ts'
import type { Errors } from '../../../machinery/validation/field-checks.ts'
import type { DeviceSelector } from './device.ts'
import { checkList } from './device.validation.ts'

const mostSelectors = 32
const longestExpression = 10 * 1024
const mostCost = 1_000_000

const quantity = { opaque: 'kubernetes.Quantity' } as const
const deviceName = 'kubernetes.DRADevice'
const deviceType = objectType(
  deviceName,
  {
    driver: 'string',
    allowMultipleAllocations: 'bool',
    // By domain, then by name.
    attributes: { map: ['string', { map: ['string', 'any'] }] },
    capacity: { map: ['string', { map: ['string', quantity] }] },
  },
  { constructible: true },
)

const environment = celEnvironment({
  variables: { device: deviceType },
  findType: name => (name === deviceName ? deviceType : undefined),
  bindings: true,
})

/** How large a part of a device may be, and the parts of it. */
interface Size {
  readonly most: number
  readonly fields?: Readonly<Record<string, Size>>
  readonly keys?: Size
  readonly values?: Size
}

const domain: Size = { most: 63 }
const identifier: Size = { most: 32 }
const attribute: Size = { most: 64 }
const mostAttributes = 32
const byName = (values: Size): Size => ({
  most: mostAttributes,
  keys: domain,
  values: { most: mostAttributes, keys: identifier, values },
})
const deviceSize: Size = {
  most: 0,
  fields: {
    driver: { most: 63 },
    allowMultipleAllocations: { most: 1 },
    attributes: byName(attribute),
    capacity: byName({ most: 0 }),
  },
}

const sizes: CelSizes = ([variable, ...parts]) => {
  if (variable !== 'device') return undefined
  let size: Size | undefined = deviceSize
  for (const part of parts) {
    if (part === '@keys') size = size.keys
    else if (part === '@items' || part === '@values') size = size.values
    else if (size.fields && Object.hasOwn(size.fields, part)) size = size.fields[part]
    // Attributes are as large whatever they are called; upstream knows nothing of capacities that are selected as fields.
    else size = size.values === attribute ? attribute : undefined
    if (!size) return undefined
  }
  return { min: 0, max: size.most }
}

export function checkSelectors(
  selectors: readonly DeviceSelector[] | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  checkList(
    selectors,
    mostSelectors,
    ({ cel }, at) => {
      if (cel) checkExpression(cel.expression ?? '', at.child('cel', 'expression'), errors)
      else errors.push(required(at.child('cel')))
    },
    path,
    errors,
  )
}

function checkExpression(expression: string, path: FieldPath, errors: Errors): void {
  if (byteLength(expression) > longestExpression) {
    errors.push(tooLong(path, '', longestExpression))
    return
  }
  let program: CelProgram
  try {
    program = environment.compile(expression)
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error
    errors.push(invalid(path, expression, `compilation failed: ${error.message}`))
    return
  }
  const { type } = program
  // What an attribute is, is not known yet.
  if (type !== 'bool' && type !== 'any') {
    const message = `must evaluate to bool or the unknown type, not ${declaredName(type)}`
    errors.push(invalid(path, expression, message))
  } else if (program.estimatedCost(sizes).max > mostCost)
    errors.push(forbidden(path, 'too complex, exceeds cost limit'))
}
