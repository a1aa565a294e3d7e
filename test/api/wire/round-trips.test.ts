// Whatever object goes out comes back as the same, in every encoding and for every kind; and a patch that was made of a
// difference makes the difference.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { apiVersionOf } from '../../../src/api/resource.ts'
import { kinds } from '../../../src/api/scheme.ts'
import { decodeObject } from '../../../src/machinery/codec/decode.ts'
import { decodeProtobuf, encodeProtobuf } from '../../../src/machinery/codec/protobuf.ts'
import { parseJson } from '../../../src/machinery/json/parse.ts'
import { applyJsonPatch } from '../../../src/machinery/patch/json-patch.ts'
import { applyMergePatch } from '../../../src/machinery/patch/merge-patch.ts'
import { applyStrategicMergePatch } from '../../../src/machinery/patch/strategic-merge.ts'
import type { ObjectSchema } from '../../../src/machinery/schema/schema.ts'
import { parseYaml } from '../../../src/machinery/yaml/parse.ts'
import { writeYaml } from '../../../src/machinery/yaml/write.ts'
import { jsonDiff, mergeDiff, strategicDiff } from './diffs.ts'
import { asProtobufHasIt, randomFrom, randomObject, withDistinctKeys } from './random-object.ts'

const seeds = fc.integer({ min: 0, max: 2 ** 31 })
const options = (numRuns: number) => ({ numRuns, seed: 1360, endOnFailure: true })
const eachKind = kinds.map(kind => [`${apiVersionOf(kind)} ${kind.kind}`, kind.schema] as const)
/** Table and discovery have no protobuf. */
const inProtobuf = eachKind.filter(([, { message }]) => message.length > 0)

/** Without the notes of what was sent empty. */
const normal = (schema: ObjectSchema, value: unknown) => structuredClone(decodeObject(schema, value).object)

describe('an object is the same after a journey', () => {
  test.each(eachKind)('as JSON and as YAML: %s', (_name, schema) => {
    fc.assert(
      fc.property(seeds, seed => {
        const object = randomObject(schema, randomFrom(seed))
        expect(normal(schema, parseJson(Buffer.from(JSON.stringify(object)), { duplicates: true }).value)).toEqual(
          object,
        )
        // Upstream's writer leaves this key bare, and its reader takes that for a merge.
        if (JSON.stringify(object).includes('"<<":')) return
        expect(normal(schema, parseYaml(writeYaml(object)).value)).toEqual(object)
      }),
      options(8),
    )
  })

  test.each(inProtobuf)('as protobuf: %s', (_name, schema) => {
    fc.assert(
      fc.property(seeds, seed => {
        const object = asProtobufHasIt(schema, randomObject(schema, randomFrom(seed)))
        expect(decodeProtobuf(schema, encodeProtobuf(schema, object))).toEqual(object)
      }),
      options(15),
    )
  })
})

describe('a patch made of a difference makes the difference', () => {
  test.each(eachKind)('%s', (_name, schema) => {
    fc.assert(
      fc.property(seeds, seeds, (one, other) => {
        const node = { type: 'object', of: () => schema } as const
        const make = (seed: number) => normal(schema, withDistinctKeys(node, randomObject(schema, randomFrom(seed))))
        const [from, to] = [make(one), make(other)]
        const before = JSON.stringify(from)
        expect(normal(schema, applyMergePatch(from, mergeDiff(from, to)))).toEqual(to)
        expect(normal(schema, applyJsonPatch(from, jsonDiff(from, to)))).toEqual(to)
        expect(normal(schema, applyStrategicMergePatch(schema, from, strategicDiff(schema, from, to)))).toEqual(to)
        expect(JSON.stringify(from)).toBe(before)
      }),
      options(10),
    )
  })
})
