import { describe, expect, it } from 'vitest'
import { belowPath, mergeV2 } from './openapi-v2-merge.ts'

const ref = (name: string) => ({ $ref: `#/definitions/${name}` })
const base = {
  swagger: '2.0',
  paths: { '/version/': { get: { own: true } } },
  definitions: {
    Meta: { type: 'object', description: 'of everything' },
    Pod: { properties: { metadata: ref('Meta') } },
  },
}

describe('the part of a document', () => {
  it('has what is below the path, and what that uses, however far away', () => {
    const document = {
      paths: {
        '/apis/a/v1/': { get: ref('A') },
        '/apis/a/v1/x': {},
        '/apis/a/v10/': { get: ref('Other') },
        '/version/': {},
      },
      definitions: { A: { items: [ref('B')] }, B: { properties: { a: ref('A'), c: ref('C') } }, C: {}, Other: {} },
    }
    const part = belowPath(document, '/apis/a/v1/')
    expect(Object.keys(part.paths)).toEqual(['/apis/a/v1/', '/apis/a/v1/x'])
    expect(Object.keys(part.definitions)).toEqual(['A', 'B', 'C'])
  })
})

describe('several documents', () => {
  it('keep what the first says of a path', () => {
    const merged = mergeV2(base, [{ paths: { '/version/': { get: {} }, '/apis/b/': {} }, definitions: {} }])
    expect(merged).toMatchObject({ swagger: '2.0', paths: { '/version/': { get: { own: true } }, '/apis/b/': {} } })
  })

  it('share definitions that say the same, whichever kinds they are said to be', () => {
    const meta = { type: 'object', description: 'of everything', 'x-kubernetes-group-version-kind': [{ kind: 'Meta' }] }
    const merged = mergeV2(base, [{ paths: { '/b': ref('Meta') }, definitions: { Meta: meta } }])
    expect(Object.keys(merged.definitions)).toEqual(['Meta', 'Pod'])
    expect(merged.paths['/b']).toEqual(ref('Meta'))
  })

  it('tell apart definitions that say something else, and lead to the right one', () => {
    const other = (type: string) => ({
      paths: { [`/${type}`]: ref('Wrapper') },
      definitions: { Meta: { type }, Wrapper: { properties: { metadata: ref('Meta'), type } } },
    })
    const merged = mergeV2(base, [other('string'), other('integer'), other('string')])
    expect(merged.definitions).toMatchObject({
      Meta: { type: 'object' },
      Meta_v2: { type: 'string' },
      Meta_v3: { type: 'integer' },
      Pod: { properties: { metadata: ref('Meta') } },
      Wrapper: { properties: { metadata: ref('Meta_v2') } },
      Wrapper_v2: { properties: { metadata: ref('Meta_v3') } },
    })
    expect(merged.paths).toMatchObject({ '/string': ref('Wrapper'), '/integer': ref('Wrapper_v2') })
    expect(base.definitions).not.toHaveProperty('Meta_v2')
  })

  it('are the first itself when there is only one', () => {
    expect(mergeV2(base, [])).toBe(base)
  })
})
