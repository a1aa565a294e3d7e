import { expect, test } from 'vitest'
import type { RequestContext } from '../../request.ts'
import { keepValid } from './field-manager.ts'

const before = [{ manager: 'a', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {} }]

test.each<[string, unknown, unknown, string | undefined]>([
  ['the same', before, before, undefined],
  ['none', undefined, undefined, undefined],
  ['others', [{ ...before[0], manager: 'b' }], [{ ...before[0], manager: 'b' }], undefined],
  ['no operation', [{ ...before[0], operation: '' }], before, 'operation must be `Apply` or `Update`'],
  ['no version', [{ ...before[0], apiVersion: '' }], before, 'apiVersion must not be empty'],
  ['no type', [{ ...before[0], fieldsType: '' }], before, 'missing fieldsType in managed fields entry 0'],
  ['another type', [{ ...before[0], fieldsType: 'V2' }], before, 'invalid fieldsType "V2" in managed fields entry 0'],
])('admission that leaves %s in managedFields', (_, after, kept, problem) => {
  const request = { warnings: [] as string[] } as unknown as RequestContext
  const object = { metadata: { managedFields: after } }
  keepValid(request, object, before)
  expect(object.metadata.managedFields).toEqual(kept)
  expect(request.warnings).toEqual(
    problem === undefined
      ? []
      : [
          `.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${problem}`,
        ],
  )
})
