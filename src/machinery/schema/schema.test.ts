import { describe, expect, expectTypeOf, test } from 'vitest'
import { type Infer, int32, list, map, object, ref, string } from './schema.ts'

const Port = object('test.Port', {
  name: string(1),
  port: int32(2).required(),
  protocol: string(3).default('TCP').enum('TCP', 'UDP'),
})
const Thing = object('test.Thing', {
  ports: list(1, Port).listType('map', 'port', 'protocol').mergeKey('port').patchStrategy('merge'),
  labels: map(2, 'string'),
  first: ref(3, () => Port),
})
type Thing = Infer<typeof Thing>

describe('a declaration', () => {
  test('gives the TypeScript type', () => {
    expectTypeOf<Thing['labels']>().toEqualTypeOf<Record<string, string> | undefined>()
    expectTypeOf<NonNullable<Thing['ports']>[number]['port']>().toEqualTypeOf<number>()
    expectTypeOf<NonNullable<Thing['first']>['name']>().toEqualTypeOf<string | undefined>()
  })

  test('gives the schema that walkers read', () => {
    expect(Thing.fields.get('ports')).toMatchObject({ number: 1, listType: 'map', listMapKeys: ['port', 'protocol'] })
    expect(Port.fields.get('port')).toMatchObject({ required: true, presence: 'always' })
    expect(Port.fields.get('protocol')).toMatchObject({ default: 'TCP', enum: ['TCP', 'UDP'], presence: 'omitempty' })
    expect(Thing.fields.get('first')).toMatchObject({ presence: 'pointer' })
  })
})
