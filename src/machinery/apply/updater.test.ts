// Situations that structured merge must get right, each as a sequence of writes and what it leaves behind.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { any, boolean, int32, list, map, type ObjectSchema, object, ref, string } from '../schema/schema.ts'
import { atomOf } from './atom.ts'
import { emptySet, fieldSet, paths, recursiveDifference } from './field-set.ts'
import { encodeManagedFields, type Managers, managerKey, type Operation } from './managed-fields.ts'
import { printPath } from './path-element.ts'
import { apply, Conflicts, type Rules, type TypedObject, update } from './updater.ts'
import { validateTyped } from './validate.ts'

const Item = object('test.Item', { name: string(1).required(), value: string(2), nested: ref(3, () => Nested) })
const Port = object('test.Port', { port: int32(1).required(), protocol: string(2).default('TCP'), label: string(3) })
const Nested = object('test.Nested', { a: string(1), b: string(2), labels: map(3, 'string') })
const Whole = object('test.Whole', { a: string(1), b: string(2) }, { atomic: true })
const Thing = object('test.Thing', {
  scalar: string(1),
  count: int32(2).pointer(),
  flag: boolean(3).pointer(),
  struct: ref(4, Nested),
  labels: map(5, 'string'),
  items: list(6, Item).listType('map', 'name'),
  ports: list(7, Port).listType('map', 'port', 'protocol'),
  set: list(8, 'string').listType('set'),
  atomicList: list(9, Item).listType('atomic'),
  atomicMap: map(10, 'string').mapType('atomic'),
  whole: ref(11, Whole),
  free: any(12),
  byPatchStrategy: list(13, Item).patchStrategy('merge').mergeKey('name'),
})

type Value = Record<string, unknown>

class World {
  value: Value = {}
  managers: Managers = new Map()
  schemas: Readonly<Record<string, ObjectSchema>> = { v1: Thing }
  converts: (value: Value, from: string, to: string) => Value = value => value
  unowned = emptySet
  reset = emptySet
  #time = 0

  #rules(): Rules {
    return {
      unowned: this.unowned,
      filter: set => recursiveDifference(set, this.reset),
      convert: (of, apiVersion) => {
        if (of.apiVersion === apiVersion) return of
        if (!this.schemas[apiVersion]) return undefined
        return this.#typed(this.converts(of.value as Value, of.apiVersion, apiVersion), apiVersion)
      },
    }
  }

  #typed(value: Value, apiVersion: string): TypedObject {
    return { apiVersion, atom: atomOf(this.schemas[apiVersion]!), value }
  }

  #name(manager: string, operation: Operation, apiVersion: string) {
    return { manager, operation, apiVersion, subresource: '' }
  }

  #live(apiVersion: string): Value {
    return apiVersion === 'v1' ? this.value : this.converts(this.value, 'v1', apiVersion)
  }

  update(manager: string, value: Value, apiVersion = 'v1'): this {
    const time = String(++this.#time)
    const live = this.#typed(this.#live(apiVersion), apiVersion)
    const next = this.#typed(value, apiVersion)
    this.managers = update(this.#rules(), live, next, this.managers, this.#name(manager, 'Update', apiVersion), time)
    this.value = apiVersion === 'v1' ? value : this.converts(value, apiVersion, 'v1')
    return this
  }

  apply(manager: string, value: Value, { force = false, apiVersion = 'v1' } = {}): this {
    const time = String(++this.#time)
    const live = this.#typed(this.#live(apiVersion), apiVersion)
    const result = apply(
      this.#rules(),
      live,
      this.#typed(value, apiVersion),
      this.managers,
      this.#name(manager, 'Apply', apiVersion),
      { force, time },
    )
    this.managers = result.managers
    const after = (result.value ?? live.value) as Value
    this.value = withoutNulls(apiVersion === 'v1' ? after : this.converts(after, apiVersion, 'v1'))
    return this
  }

  conflicts(manager: string, value: Value): string[] {
    try {
      this.apply(manager, value)
    } catch (error) {
      if (!(error instanceof Conflicts)) throw error
      return error.conflicts.map(({ manager: of, path }) => `${of.manager}: ${printPath(path)}`)
    }
    return []
  }

  owns(manager: string): string[] {
    return [...this.managers.values()]
      .filter(of => of.manager === manager)
      .flatMap(({ fields }) => paths(fields).map(printPath))
      .sort()
  }
}

/** The decoder drops them. */
function withoutNulls(value: Value): Value {
  return JSON.parse(JSON.stringify(value, (_, item) => (item === null ? undefined : item)))
}

const start = () => new World()

describe('apply owns what it mentions', () => {
  test.each<[string, Value, string[]]>([
    ['scalars', { scalar: 'a', count: 0 }, ['.count', '.scalar']],
    ['a struct: its fields, not itself', { struct: { a: 'x' } }, ['.struct.a']],
    ['an empty struct: itself', { struct: {} }, ['.struct']],
    ['null: the field', { struct: null }, ['.struct']],
    ['a map: each key', { labels: { a: '1', b: '2' } }, ['.labels.a', '.labels.b']],
    ['an empty map: itself', { labels: {} }, ['.labels']],
    [
      'items with keys: the item and its fields',
      { items: [{ name: 'x', value: '1' }] },
      ['.items[name="x"]', '.items[name="x"].name', '.items[name="x"].value'],
    ],
    [
      'a key that is left out: its default',
      { ports: [{ port: 80 }] },
      ['.ports[port=80,protocol="TCP"]', '.ports[port=80,protocol="TCP"].port'],
    ],
    ['a set: each value', { set: ['b', 'a'] }, ['.set[="a"]', '.set[="b"]']],
    [
      'an atomic list, map and struct: the whole',
      { atomicList: [{ name: 'x' }], atomicMap: { a: '1' }, whole: { a: '1' } },
      ['.atomicList', '.atomicMap', '.whole'],
    ],
    [
      'any JSON: the keys of maps, lists whole',
      { free: { a: { b: 1 }, c: [1, 2], d: {} } },
      ['.free.a', '.free.a.b', '.free.c', '.free.d'],
    ],
    [
      'a list patched by a merge key',
      { byPatchStrategy: [{ name: 'x' }] },
      ['.byPatchStrategy[name="x"]', '.byPatchStrategy[name="x"].name'],
    ],
  ])('%s', (_, value, owned) => expect(start().apply('a', value).owns('a')).toEqual(owned.sort()))
})

describe('update owns what it adds and changes', () => {
  test('new containers are its own too', () => {
    const world = start().update('u', { struct: { a: '1' }, labels: { x: '1' }, items: [{ name: 'n' }] })
    expect(world.owns('u')).toEqual(
      ['.struct', '.struct.a', '.labels', '.labels.x', '.items', '.items[name="n"]', '.items[name="n"].name'].sort(),
    )
  })

  test('what stays as it was is not', () => {
    const world = start().update('first', { scalar: 'a', count: 1 }).update('second', { scalar: 'a', count: 2 })
    expect(world.owns('first')).toEqual(['.scalar'])
    expect(world.owns('second')).toEqual(['.count'])
  })

  test('what is gone is nobody’s', () => {
    const world = start().update('first', { scalar: 'a', count: 1 }).update('second', { count: 1 })
    expect(world.owns('first')).toEqual(['.count'])
    expect(world.managers.size).toBe(1)
  })

  test('what the way of writing cannot change is not', () => {
    const world = start()
    world.reset = fieldSet(['f:struct'])
    world.update('u', { scalar: 'a', struct: { a: '1' } })
    expect(world.owns('u')).toEqual(['.scalar'])
  })

  test('nothing changes when nothing is changed', () => {
    const world = start().update('u', { scalar: 'a' })
    const before = world.managers
    world.update('other', { scalar: 'a' })
    expect(world.managers).toBe(before)
  })

  test('an item that stands in the list twice is one thing', () => {
    const twice = start().update('u', { set: ['a', 'a', 'b'] })
    expect(twice.owns('u')).toEqual(['.set', '.set[="a"]', '.set[="b"]'])
    const items = [
      { name: 'x', value: '1' },
      { name: 'x', value: '2' },
    ]
    const world = start().update('u', { items })
    expect(world.owns('u')).toEqual(['.items', '.items[name="x"]'])
    world.update('v', { items: [items[0], { name: 'x', value: '3' }] })
    expect(world.owns('v')).toEqual(['.items[name="x"]'])
  })
})

describe('conflicts', () => {
  test('with an updater and with an applier, when the value differs', () => {
    const world = start().update('u', { scalar: 'a' }).apply('b', { count: 1 })
    expect(world.conflicts('me', { scalar: 'b', count: 2 }).sort()).toEqual(['b: .count', 'u: .scalar'])
    expect(world.value).toEqual({ scalar: 'a', count: 1 })
  })

  test('not when it is the same: then both own it', () => {
    const world = start().apply('a', { scalar: 'x' }).apply('b', { scalar: 'x' })
    expect([world.owns('a'), world.owns('b')]).toEqual([['.scalar'], ['.scalar']])
    expect(world.conflicts('a', { scalar: 'y' })).toEqual(['b: .scalar'])
  })

  test('not about what nobody owns', () => {
    const world = start()
    world.value = { scalar: 'unowned' }
    expect(world.conflicts('a', { scalar: 'mine' })).toEqual([])
  })

  test('are about a part of a list or map only', () => {
    const world = start().apply('a', { items: [{ name: 'x', value: '1' }], labels: { one: '1' }, set: ['p'] })
    expect(world.conflicts('b', { items: [{ name: 'y', value: '2' }], labels: { two: '2' }, set: ['q'] })).toEqual([])
    expect(world.conflicts('b', { items: [{ name: 'x', value: '2' }] })).toEqual(['a: .items[name="x"].value'])
    expect(world.value['items']).toEqual([
      { name: 'x', value: '1' },
      { name: 'y', value: '2' },
    ])
  })

  test('are about the whole of what is atomic', () => {
    const world = start().apply('a', { atomicMap: { one: '1' }, whole: { a: '1' }, free: { list: [1] } })
    expect(world.conflicts('b', { atomicMap: { two: '2' }, whole: { b: '2' }, free: { list: [2] } })).toEqual([
      'a: .atomicMap',
      'a: .whole',
      'a: .free.list',
    ])
  })

  test('force takes the fields over', () => {
    const world = start().apply('a', { scalar: 'x', count: 1 }).apply('b', { scalar: 'y' }, { force: true })
    expect(world.value).toEqual({ scalar: 'y', count: 1 })
    expect([world.owns('a'), world.owns('b')]).toEqual([['.count'], ['.scalar']])
  })

  test('an update never conflicts: it takes', () => {
    const world = start().apply('a', { scalar: 'x' }).update('u', { scalar: 'y' })
    expect([world.owns('a'), world.owns('u')]).toEqual([[], ['.scalar']])
    expect(world.conflicts('a', { scalar: 'x' })).toEqual(['u: .scalar'])
  })
})

describe('what is no longer applied', () => {
  test.each<[string, Value, Value, Value]>([
    ['a scalar', { scalar: 'a', count: 1 }, { count: 1 }, { count: 1 }],
    ['a key of a map', { labels: { a: '1', b: '2' } }, { labels: { b: '2' } }, { labels: { b: '2' } }],
    ['the map with its last key', { labels: { a: '1' }, count: 1 }, { count: 1 }, { count: 1 }],
    ['an item', { items: [{ name: 'x' }, { name: 'y' }] }, { items: [{ name: 'y' }] }, { items: [{ name: 'y' }] }],
    [
      'a field of an item',
      { items: [{ name: 'x', value: '1' }] },
      { items: [{ name: 'x' }] },
      { items: [{ name: 'x' }] },
    ],
    ['a value of a set', { set: ['a', 'b'] }, { set: ['b'] }, { set: ['b'] }],
    ['a struct', { struct: { a: '1' }, count: 1 }, { count: 1 }, { count: 1 }],
    ['an atomic map', { atomicMap: { a: '1' }, count: 1 }, { count: 1 }, { count: 1 }],
    ['a key of any JSON', { free: { a: { b: 1, c: 2 } } }, { free: { a: { b: 1 } } }, { free: { a: { b: 1 } } }],
    ['everything', { scalar: 'a', items: [{ name: 'x' }] }, {}, {}],
  ])('%s goes', (_, first, second, left) => {
    const world = start().apply('a', first).apply('a', second)
    expect(world.value).toEqual(left)
  })

  test('stays when another applies it too', () => {
    const world = start()
      .apply('a', { scalar: 'x', labels: { k: 'v' } })
      .apply('b', { scalar: 'x', labels: { k: 'v' } })
    world.apply('a', {})
    expect(world.value).toEqual({ scalar: 'x', labels: { k: 'v' } })
    world.apply('b', {})
    expect(world.value).toEqual({})
    expect(world.managers.size).toBe(0)
  })

  test('an item stays when another owns a field of it', () => {
    const world = start().apply('a', { items: [{ name: 'x', value: '1' }] })
    world.apply('b', { items: [{ name: 'x', nested: { a: '1' } }] }).apply('a', {})
    expect(world.value).toEqual({ items: [{ name: 'x', nested: { a: '1' } }] })
  })

  test('an item goes with what an updater has added to it', () => {
    const world = start().apply('a', { items: [{ name: 'x', value: '1' }] })
    world.update('u', { items: [{ name: 'x', value: '1', nested: { a: '1' } }] }).apply('a', {})
    expect(world.value).toEqual({})
  })

  test('what others have beside it stays', () => {
    const world = start()
      .update('u', { labels: { theirs: '1' }, scalar: 's' })
      .apply('a', { labels: { mine: '1' } })
    world.apply('a', { labels: {} })
    expect(world.value).toEqual({ labels: { theirs: '1' }, scalar: 's' })
  })

  test('goes though a default has filled in its key', () => {
    const world = start().apply('a', { ports: [{ port: 80 }, { port: 81 }] })
    world.value = {
      ports: [
        { port: 80, protocol: 'TCP' },
        { port: 81, protocol: 'TCP' },
      ],
    }
    world.apply('a', { ports: [{ port: 81 }] })
    expect(world.value).toEqual({ ports: [{ port: 81, protocol: 'TCP' }] })
  })
})

describe('merging', () => {
  test.each<[string, string[], string[], string[]]>([
    ['new items come after', ['a', 'b'], ['c'], ['a', 'b', 'c']],
    ['common items in the applied order', ['a', 'b', 'c'], ['c', 'a'], ['b', 'c', 'a']],
    ['a new item stands before the common one it stood before', ['a', 'b'], ['x', 'b'], ['a', 'x', 'b']],
    ['the live order stands when all are common', ['a', 'b', 'c'], ['a', 'c'], ['a', 'b', 'c']],
  ])('%s', (_, live, applied, merged) => {
    const world = start().update('u', { set: live }).apply('a', { set: applied })
    expect(world.value['set']).toEqual(merged)
  })

  test('any JSON may change its shape', () => {
    const world = start()
      .apply('a', { free: { x: 'text' } })
      .apply('a', { free: { x: { deep: 1 } } })
    expect(world.value).toEqual({ free: { x: { deep: 1 } } })
    expect(world.apply('a', { free: [1] }).value).toEqual({ free: [1] })
  })
})

describe('managers', () => {
  test('an apply that changes nothing leaves its time alone', () => {
    const world = start().apply('a', { scalar: 'x' })
    const before = encodeManagedFields(world.managers)
    expect(encodeManagedFields(world.apply('a', { scalar: 'x' }).managers)).toEqual(before)
  })

  test('the same name applies and updates as two', () => {
    const world = start().apply('a', { scalar: 'x' }).update('a', { scalar: 'x', count: 1 })
    expect([...world.managers.keys()]).toEqual([
      managerKey({ manager: 'a', operation: 'Apply', apiVersion: 'v1', subresource: '' }),
      managerKey({ manager: 'a', operation: 'Update', apiVersion: 'v1', subresource: '' }),
    ])
    expect(world.conflicts('a', { count: 2 })).toEqual(['a: .count'])
  })

  test('stand in the order of operation, time, name', () => {
    const world = start().update('z', { scalar: 'x' }).update('a', { scalar: 'x', count: 1 }).apply('b', { flag: true })
    expect(encodeManagedFields(world.managers)?.map(({ manager }) => manager)).toEqual(['b', 'z', 'a'])
  })
})

describe('versions', () => {
  const Renamed = object('test.v2.Thing', { title: string(1), count: int32(2).pointer() })
  const versioned = () => {
    const world = start()
    world.schemas = { v1: Thing, v2: Renamed }
    world.converts = ({ scalar, title, count }, _from, to) => {
      const text = scalar ?? title
      return {
        ...(text !== undefined && { [to === 'v2' ? 'title' : 'scalar']: text }),
        ...(count !== undefined && { count }),
      }
    }
    return world
  }

  test('each manager’s fields are compared in its own', () => {
    const world = versioned().apply('old', { scalar: 'x' })
    world.update('new', { title: 'y' }, 'v2')
    expect(world.owns('old')).toEqual([])
    expect(world.owns('new')).toEqual(['.title'])
    expect(world.conflicts('old', { scalar: 'z' })).toEqual(['new: .title'])
  })

  test('what was applied in one is pruned by the next apply in another', () => {
    const world = versioned().apply('a', { scalar: 'x', count: 1 })
    world.apply('a', { count: 1 }, { apiVersion: 'v2' })
    expect(world.value).toEqual({ count: 1 })
    expect([...world.managers.values()].map(({ apiVersion }) => apiVersion)).toEqual(['v2'])
  })

  test('a manager of a version that is gone is forgotten', () => {
    const world = versioned().update('u', { title: 'x' }, 'v2').apply('a', { count: 1 })
    world.schemas = { v1: Thing }
    world.apply('a', { count: 2 })
    expect(world.owns('u')).toEqual([])
    expect(world.conflicts('a', { scalar: 'mine' })).toEqual([])
  })
})

describe('a type that changes', () => {
  const granular = object('test.granular', { labels: map(1, 'string'), other: string(2) })
  const atomic = object('test.atomic', { labels: map(1, 'string').mapType('atomic'), other: string(2) })

  test('to atomic: who owned a part owns the whole', () => {
    const world = start()
    world.schemas = { v1: granular }
    world.apply('a', { labels: { x: '1' } })
    world.schemas = { v1: atomic }
    world.apply('a', { labels: { x: '1' }, other: 'o' })
    expect(world.owns('a')).toEqual(['.labels', '.other'])
    world.update('u', { labels: { x: '1' }, other: 'changed' })
    expect(world.owns('a')).toEqual(['.labels'])
  })

  test('to granular: the whole can be taken over part by part', () => {
    const world = start()
    world.schemas = { v1: atomic }
    world.apply('a', { labels: { x: '1' } })
    world.schemas = { v1: granular }
    expect(world.conflicts('b', { labels: { y: '2' } })).toEqual([])
    expect(world.value).toEqual({ labels: { x: '1', y: '2' } })
  })
})

describe('an applied object must have the shape of its type', () => {
  test.each<[Value, string]>([
    [{ nonsense: 1 }, '.nonsense: field not declared in schema'],
    [{ struct: { c: 1 } }, '.struct.c: field not declared in schema'],
    [{ count: 'x' }, '.count: expected numeric (int or float), got string'],
    [{ scalar: 1 }, '.scalar: expected string, got &value.valueUnstructured{Value:1}'],
    [{ flag: 'yes' }, '.flag: expected boolean, got &{yes}'],
    [{ labels: 'x' }, '.labels: expected map, got &{x}'],
    [{ set: 'x' }, '.set: expected list, got &{x}'],
    [{ set: ['a', 'a'] }, '.set: duplicate entries for key [="a"]'],
    [{ items: [{ name: 'x' }, { name: 'x' }] }, '.items: duplicate entries for key [name="x"]'],
    [
      { items: [{ name: 'x', value: 1 }] },
      '.items[name="x"].value: expected string, got &value.valueUnstructured{Value:1}',
    ],
    [
      { atomicList: [{ value: {} }] },
      '.atomicList[0].value: expected string, got &value.valueUnstructured{Value:map[string]interface {}{}}',
    ],
    [{ set: [null] }, ".set: element 0: associative list without keys has an element that's an explicit null"],
    [{ items: ['x'] }, '.items: element 0: associative list with keys may not have non-map elements'],
    [
      { count: 'x', flag: 1 },
      'errors:\n  .count: expected numeric (int or float), got string\n  .flag: expected boolean, got &{1}',
    ],
  ])('%j', (value, message) => expect(validateTyped(atomOf(Thing), value)).toBe(message))

  test('which it has', () => {
    expect(validateTyped(atomOf(Thing), { scalar: null, free: [{ a: 1 }], ports: [{ port: 1 }], items: null })).toBe(
      undefined,
    )
  })
})

describe('an object that keeps unknown fields', () => {
  const Open = { ...Nested, name: 'test.Open', preservesUnknownFields: true }
  const Empty = object('test.Empty', {})

  test.each<[string, ObjectSchema, string[]]>([
    ['beside declared ones', Open, ['.a', '.extra.deep', '.extra.list', '.extra', '.labels.x']],
    ['of which none is declared', Empty, ['.a', '.extra', '.extra.deep', '.extra.list', '.labels', '.labels.x']],
  ])('%s: the keys of maps, lists whole', (_, schema, owned) => {
    const world = start()
    world.schemas = { v1: schema }
    const value = { a: '1', labels: { x: '1' }, extra: { deep: 1, list: [{ name: 'x' }] } }
    expect(validateTyped(atomOf(schema), value)).toBe(undefined)
    expect(world.apply('a', value).owns('a')).toEqual([...owned].sort())
    expect(world.conflicts('b', { extra: { deep: 2 } })).toEqual(['a: .extra.deep'])
  })
})

describe('for any sequence of writes', () => {
  const name = fc.constantFrom('a', 'b', 'constructor', '__proto__')
  const text = fc.constantFrom('1', '2')
  const thing = fc.record(
    {
      scalar: text,
      count: fc.constantFrom(0, 1),
      struct: fc.record({ a: text, b: text }, { requiredKeys: [] }),
      labels: fc.dictionary(name, text),
      items: fc.uniqueArray(fc.record({ name, value: text }, { requiredKeys: ['name'] }), { selector: of => of.name }),
      set: fc.uniqueArray(name),
      atomicMap: fc.dictionary(name, text),
      free: fc.jsonValue({ maxDepth: 2 }).filter(value => !JSON.stringify(value).includes('null')),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Value>

  test('applying twice is applying once', () => {
    fc.assert(
      fc.property(thing, thing, (theirs, mine) => {
        const world = start().update('u', theirs).apply('a', mine, { force: true })
        const [value, managers] = [world.value, encodeManagedFields(world.managers)]
        world.apply('a', mine)
        expect(world.value).toEqual(value)
        expect(encodeManagedFields(world.managers)).toEqual(managers)
      }),
    )
  })

  test('whoever applies alone, the object is what was applied last', () => {
    fc.assert(
      fc.property(thing, thing, (first, second) => {
        const direct = start().apply('a', second)
        const world = start().apply('a', first).apply('a', second)
        expect(world.owns('a')).toEqual(direct.owns('a'))
        expect(scalarsOf(world.value)).toEqual(scalarsOf(direct.value))
      }),
    )
  })

  test('the order of appliers of different fields does not matter', () => {
    const left = fc.record({
      scalar: text,
      labels: fc.dictionary(fc.constantFrom('a', 'b'), text),
    }) as fc.Arbitrary<Value>
    const right = fc.record({ count: fc.constantFrom(0, 1), labels: fc.dictionary(fc.constantFrom('x', 'y'), text) })
    fc.assert(
      fc.property(left, right as fc.Arbitrary<Value>, (l, r) => {
        const one = start().apply('l', l).apply('r', r)
        const other = start().apply('r', r).apply('l', l)
        expect(one.value).toEqual(other.value)
        expect([one.owns('l'), one.owns('r')]).toEqual([other.owns('l'), other.owns('r')])
      }),
    )
  })

  test('nobody owns what is not there', () => {
    fc.assert(
      fc.property(thing, thing, thing, (first, second, third) => {
        const world = start().update('u', first).apply('a', second, { force: true }).update('v', third)
        const there = start().update('all', world.value).owns('all')
        for (const manager of ['u', 'v']) for (const path of world.owns(manager)) expect(there).toContain(path)
      }),
    )
  })
})

/** What an object says, without containers that say nothing. */
function scalarsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(scalarsOf)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
    .map(([key, item]) => [key, scalarsOf(item)] as const)
    .filter(([, item]) => !(typeof item === 'object' && item !== null && Object.keys(item).length === 0))
  return Object.fromEntries(entries)
}
