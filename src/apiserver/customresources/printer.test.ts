import { describe, expect, test } from 'vitest'
import { customPrinter } from './printer.ts'

const now = Date.UTC(2026, 0, 2)
const object = {
  metadata: { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { text: 'x', number: 1.5, whole: 3, yes: true, list: [1, 'a'], map: { b: 1, a: 2 }, nothing: null },
  status: { conditions: [{ type: 'Ready', status: 'True' }], at: 'no time' },
}

describe('a column of type', () => {
  test.each<[string, string, unknown]>([
    ['string', '.spec.text', 'x'],
    ['string', '.spec.whole', '3'],
    ['string', '.spec.list', '[1,"a"]'],
    ['string', '.spec.map', '{"a":2,"b":1}'],
    ['string', '.spec.missing', null],
    ['string', '.status.conditions[?(@.type=="Ready")].status', 'True'],
    ['integer', '.spec.whole', 3],
    ['integer', '.spec.number', 1],
    ['integer', '.spec.text', null],
    ['number', '.spec.number', 1.5],
    ['boolean', '.spec.yes', true],
    ['boolean', '.spec.text', null],
    ['date', '.metadata.creationTimestamp', '24h'],
    ['date', '.status.at', '<invalid>'],
    ['date', '.spec.nothing', null],
  ])('%s at %s', (type, jsonPath, expected) => {
    const { cells } = customPrinter([{ name: 'C', type, jsonPath }])
    expect(cells(object, now)).toEqual(['a', expected])
  })
})

test('without columns of its own, it shows the age', () => {
  const { columns, cells } = customPrinter(undefined)
  expect(columns).toMatchObject([
    { name: 'Name', type: 'string', format: 'name' },
    { name: 'Age', type: 'date' },
  ])
  expect(cells(object, now)).toEqual(['a', '24h'])
})
