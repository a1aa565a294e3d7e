import { describe, expect, expectTypeOf, test } from 'vitest'
import { boolean, either, eitherOf, type Infer, int32, list, map, object, ref, type Schema, string } from './schema.ts'

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
const Named = object('test.Named', {
  name: string(1).required(),
  source: ref(2, object('test.Source', { path: string(1), read: boolean(2).always() }))
    .always()
    .inline(),
})
interface Tree {
  leaf?: string
  more?: Tree | boolean
}
const Tree: Schema<Tree> = object('test.Tree', {
  leaf: string(1),
  more: either(2, eitherOf('test.TreeOrBool', { object: [2, () => Tree], or: [1, 'boolean'] })),
})

describe('a declaration', () => {
  test('gives the TypeScript type', () => {
    expectTypeOf<Thing['labels']>().toEqualTypeOf<Record<string, string> | undefined>()
    expectTypeOf<NonNullable<Thing['ports']>[number]['port']>().toEqualTypeOf<number>()
    expectTypeOf<NonNullable<Thing['first']>['name']>().toEqualTypeOf<string | undefined>()
  })

  test('has inline fields in the parent itself in JSON, as one message in protobuf', () => {
    expectTypeOf<Infer<typeof Named>>().toEqualTypeOf<{ name: string; path?: string; read: boolean }>()
    expect([...Named.fields.keys()]).toEqual(['name', 'path', 'read'])
    expect(Named.message.map(field => [field.number, field.name])).toEqual([
      [1, 'name'],
      [2, 'source'],
    ])
  })

  test('may refer to itself and have either of two shapes', () => {
    expect(Tree.fields.get('more')?.node).toMatchObject({ type: 'either', ofNumber: 2, or: { type: 'boolean' } })
    expect((Tree.fields.get('more')!.node as { of: () => unknown }).of()).toBe(Tree)
  })

  test('gives the schema that walkers read', () => {
    expect(Thing.fields.get('ports')).toMatchObject({ number: 1, listType: 'map', listMapKeys: ['port', 'protocol'] })
    expect(Port.fields.get('port')).toMatchObject({ required: true, presence: 'always' })
    expect(Port.fields.get('protocol')).toMatchObject({ default: 'TCP', enum: ['TCP', 'UDP'], presence: 'omitempty' })
    expect(Thing.fields.get('first')).toMatchObject({ presence: 'pointer' })
  })
})
