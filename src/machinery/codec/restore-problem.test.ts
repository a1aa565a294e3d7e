import { expect, test } from 'vitest'
import {
  any,
  boolean,
  bytes,
  double,
  int32,
  int64,
  intOrString,
  list,
  map,
  object,
  quantity,
  ref,
  string,
  time,
} from '../schema/schema.ts'
import { restoreProblem } from './restore-problem.ts'

const Meta = object('io.k8s.test.v1.ObjectMeta', {
  name: string(1),
  labels: map(2, 'string'),
  creationTimestamp: time(3),
})
const Container = object('io.k8s.test.v1.Container', { name: string(1), limits: map(2, 'quantity') })
const Thing = object('io.k8s.test.v1.Thing', {
  apiVersion: string(0),
  kind: string(0),
  metadata: ref(1, Meta).always(),
  replicas: int32(2).pointer(),
  big: int64(3),
  ratio: double(4),
  paused: boolean(5),
  containers: list(6, Container),
  maxSurge: intOrString(7).pointer(),
  data: map(8, 'bytes'),
  blob: bytes(9),
  memory: quantity(10).pointer(),
  raw: any(11).pointer(),
})

const quantityProblem = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

test.each<[unknown, string | undefined]>([
  [{}, undefined],
  [
    { metadata: { labels: { a: 'b' } }, replicas: 1, ratio: 1, containers: [{ name: 'a' }], raw: 5, unknown: 5 },
    undefined,
  ],
  [{ metadata: null, data: null, containers: null, paused: null }, undefined],
  [{ metadata: { labels: 'invalid' } }, 'cannot restore map from string'],
  [{ metadata: { labels: 1 } }, 'cannot restore map from int64'],
  [{ metadata: { labels: { a: 1 } } }, 'cannot convert int64 to string'],
  [{ metadata: { labels: { a: 1.5 } } }, 'unrecognized type: string'],
  [{ metadata: { labels: { a: true } } }, 'unrecognized type: string'],
  [{ metadata: { labels: { a: {} } } }, 'unrecognized type: string'],
  [{ metadata: 'x' }, 'cannot restore struct from: string'],
  [{ metadata: [] }, 'cannot restore struct from: slice'],
  [{ containers: 'x' }, 'cannot restore slice from string'],
  [{ containers: {} }, 'cannot restore slice from map'],
  [{ containers: [true] }, 'cannot restore struct from: bool'],
  [{ replicas: 'x' }, 'unrecognized type: int32'],
  [{ replicas: 1.5 }, 'cannot convert float64 to int32'],
  [{ big: 1.5 }, 'cannot convert float64 to int64'],
  [{ big: true }, 'unrecognized type: int64'],
  [{ ratio: 'x' }, 'unrecognized type: float64'],
  [{ paused: 'true' }, 'unrecognized type: bool'],
  [{ kind: 1 }, 'cannot convert int64 to string'],
  [{ data: { a: 1 } }, 'cannot restore slice from int64'],
  [{ data: { a: '!' } }, 'error decoding from json: illegal base64 data at input byte 0'],
  [{ blob: 'YQ=' }, 'error decoding from json: illegal base64 data at input byte 3'],
  [{ maxSurge: true }, 'json: cannot unmarshal bool into Go value of type int32'],
  [{ metadata: { creationTimestamp: 1 } }, 'json: cannot unmarshal number into Go value of type string'],
  [
    { metadata: { creationTimestamp: 'now' } },
    'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"',
  ],
  [{ containers: [{ limits: { cpu: 'x' } }] }, quantityProblem],
  [{ memory: true }, quantityProblem],
  // The first in the order of the declaration, not of the patch.
  [{ paused: 'x', metadata: { labels: 1 } }, 'cannot restore map from int64'],
])('%j: %s', (value, problem) => {
  expect(restoreProblem(Thing, value)).toBe(problem)
})
