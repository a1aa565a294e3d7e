import { expect, test } from 'vitest'
import { jobCells } from './job.columns.ts'

const now = Date.parse('2026-01-02T00:00:00Z')
const job = (spec: object, status: object, metadata: object = {}): any => ({
  metadata: { name: 'j', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
  spec: { template: { spec: { containers: [{ name: 'a', image: 'x' }] } }, ...spec },
  status,
})
const conditions = (...types: string[]) => ({ conditions: types.map(type => ({ type, status: 'True' })) })
const deletionTimestamp = '2026-01-01T23:00:00Z'
const startTime = '2026-01-01T23:00:00Z'

test.each<[string, any]>([
  ['Running', job({}, {})],
  ['Running', job({}, { conditions: [{ type: 'Complete', status: 'False' }] })],
  ['Complete', job({}, conditions('SuccessCriteriaMet', 'Complete'), { deletionTimestamp })],
  ['Failed', job({}, conditions('FailureTarget', 'Failed'))],
  ['Terminating', job({}, conditions('Suspended'), { deletionTimestamp })],
  ['Suspended', job({}, conditions('Suspended'))],
  ['FailureTarget', job({}, conditions('FailureTarget'))],
  ['SuccessCriteriaMet', job({}, conditions('SuccessCriteriaMet'))],
])('the status of a job is %s: %j', (status, object) => {
  expect(jobCells(object, now)[1]).toBe(status)
})

test.each<[string, object, object]>([
  ['0/3', { completions: 3 }, {}],
  ['2/3', { completions: 3, parallelism: 2 }, { succeeded: 2 }],
  ['1/1', { parallelism: 1 }, { succeeded: 1 }],
  ['0/1 of 4', { parallelism: 4 }, {}],
])('its completions are %s: %j %j', (completions, spec, status) => {
  expect(jobCells(job(spec, status), now)[2]).toBe(completions)
})

test.each<[string, object]>([
  ['', {}],
  ['60m', { startTime }],
  ['90s', { startTime, completionTime: '2026-01-01T23:01:30Z' }],
])('its duration is "%s": %j', (duration, status) => {
  expect(jobCells(job({}, status), now).slice(3)).toEqual([duration, '24h', 'a', 'x', '<none>'])
})
