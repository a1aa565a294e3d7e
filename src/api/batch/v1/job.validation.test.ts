import { describe, expect, test } from 'vitest'
import { type FieldError, fieldErrorMessage } from '../../../machinery/field-error.ts'
import { applyDefaults } from '../../defaults.ts'
import type { KubeObject } from '../../resource.ts'
import { countIndexes, overlap } from './completion-indexes.ts'
import { cronJobs } from './cronjob.ts'
import { validateCronJob, validateCronJobUpdate } from './cronjob.validation.ts'
import { jobs } from './job.ts'
import { validateJob, validateJobUpdate } from './job.validation.ts'
import { validateJobStatusUpdate } from './jobstatus.validation.ts'

const told = (errors: FieldError[]): string[] => errors.map(fieldErrorMessage)
const labels = {
  'batch.kubernetes.io/controller-uid': 'u',
  'batch.kubernetes.io/job-name': 'j',
  'controller-uid': 'u',
  'job-name': 'j',
}
const podSpec = { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Never' }

function job(spec: object = {}, status: object = {}): KubeObject {
  const made = {
    metadata: { name: 'j', uid: 'u' },
    spec: {
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } },
      template: { metadata: { labels }, spec: podSpec },
      ...spec,
    },
  }
  applyDefaults(jobs, made)
  return { ...made, status }
}

const rule = (of: object) => ({ podFailurePolicy: { rules: [{ action: 'FailJob', ...of }] } })
const codes = (of: object) => rule({ onExitCodes: { operator: 'In', values: [1], ...of } })
const indexed = (of: object) => ({ completionMode: 'Indexed', completions: 3, ...of })

test.each<[string, object, string[]]>([
  ['that is right', {}, []],
  [
    'with a selector of its own',
    { selector: { matchLabels: { a: 'b' } } },
    [
      'spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` not auto-generated',
      `spec.template.metadata.labels: Invalid value: ${JSON.stringify(labels)}: \`selector\` does not match template \`labels\``,
    ],
  ],
  [
    'with negative counts, managed by nobody',
    { parallelism: -1, backoffLimit: -1, managedBy: 'x', maxFailedIndexes: 1 },
    [
      'spec.parallelism: Invalid value: -1: must be greater than or equal to 0',
      'spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0',
      'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
      'spec.managedBy: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")',
      'spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode',
    ],
  ],
  [
    'indexed without end',
    { completionMode: 'Indexed', parallelism: 100001, completions: undefined },
    [
      'spec.completions: Required value: when completion mode is Indexed',
      'spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed',
    ],
  ],
  [
    'of very many indexes',
    indexed({ completions: 100001, parallelism: 10001, backoffLimitPerIndex: 1, maxFailedIndexes: 10001 }),
    [
      'spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index',
      'spec.maxFailedIndexes: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index',
    ],
  ],
  [
    'that fails for no reason',
    rule({ action: 'x' }),
    [
      'spec.podFailurePolicy.rules[0].action: Unsupported value: "x": supported values: "Count", "FailIndex", "FailJob", "Ignore"',
      'spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
    ],
  ],
  [
    'that fails by its index without any',
    rule({ action: 'FailIndex', onPodConditions: [{ type: 'DisruptionTarget', status: 'x' }] }),
    [
      'spec.podFailurePolicy.rules[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
      'spec.podFailurePolicy.rules[0].onPodConditions[0].status: Unsupported value: "x": supported values: "False", "True", "Unknown"',
    ],
  ],
  [
    'that fails by odd codes',
    codes({ operator: '', containerName: 'd', values: [2, 1, 1] }),
    [
      'spec.podFailurePolicy.rules[0].onExitCodes.operator: Required value: valid values: ["In" "NotIn"]',
      'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "d": must be one of the container or initContainer names in the pod template',
      'spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 1',
      'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,1,1]: must be ordered',
    ],
  ],
  [
    'that fails by success',
    codes({ values: [0] }),
    ['spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator'],
  ],
  [
    'that fails and starts again',
    { ...codes({}), template: { metadata: { labels }, spec: { ...podSpec, restartPolicy: 'OnFailure' } } },
    [
      'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
    ],
  ],
  [
    'that replaces pods too early',
    { ...codes({}), podReplacementPolicy: 'TerminatingOrFailed' },
    ['spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"'],
  ],
  [
    'that succeeds without indexes',
    { successPolicy: { rules: [{ succeededCount: 1 }] } },
    ['spec.successPolicy: Invalid value: {"rules":[{"succeededCount":1}]}: requires indexed completion mode'],
  ],
  [
    'that succeeds by odd rules',
    indexed({
      successPolicy: { rules: [{}, { succeededIndexes: '0-1,5' }, { succeededIndexes: '0', succeededCount: 4 }] },
    }),
    [
      'spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified',
      'spec.successPolicy.rules[1].succeededIndexes: Invalid value: "0-1,5": error parsing succeededIndexes: too large index: "5"',
      'spec.successPolicy.rules[2].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of specified completions)',
      'spec.successPolicy.rules[2].succeededCount: Invalid value: 4: must be less than or equal to 1 (the number of indexes in the specified succeededIndexes field)',
    ],
  ],
])('a Job %s', (_name, spec, errors) => {
  expect(told(validateJob(job(spec)))).toEqual(errors)
})

test('the last pod of a Job needs a hostname', () => {
  const name = 'x'.repeat(62)
  const long = job(indexed({ manualSelector: true }))
  long.metadata.name = name
  expect(told(validateJob(long))).toEqual([
    `metadata.name: Invalid value: "${name}": will not able to create pod with invalid DNS label: ${name}-2`,
  ])
})

test('lists of indexes', () => {
  expect(countIndexes('', 3)).toBe(0)
  expect(countIndexes('0,2-4', 5)).toBe(4)
  expect(countIndexes('2,1', 5)).toBe('non-increasing order, previous: 2, current: 1')
  expect(countIndexes('2-2', 5)).toBe('non-increasing order, previous: 2, current: 2')
  expect(countIndexes('a', 5)).toBe('cannot convert string to integer for index: "a"')
  expect(countIndexes('1-2-3', 5)).toBe(
    'the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by \'-\'',
  )
  expect(overlap('0-2', '2-3', 5)).toBe(2)
  expect(overlap('0-1', '2', 5)).toBeUndefined()
})

const other = { metadata: { labels }, spec: { ...podSpec, nodeSelector: { a: 'b' } } }
const sized = {
  metadata: { labels },
  spec: { ...podSpec, containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }] },
}
const images = { metadata: { labels }, spec: { ...podSpec, containers: [{ name: 'c', image: 'j' }] } }
const heads = (errors: FieldError[]): string[] => errors.map(error => `${error.field}: ${error.detail}`)

describe('a change', () => {
  test.each<[string, object, object, object, string[]]>([
    ['of parallelism', { parallelism: 2, completions: 1 }, { completions: 1 }, {}, []],
    ['of completions', { completions: 2 }, { completions: 1 }, {}, ['spec.completions: field is immutable']],
    ['of both', indexed({ completions: 2, parallelism: 2 }), indexed({ parallelism: 2 }), {}, []],
    [
      'of completions alone',
      indexed({ completions: 2, parallelism: 1 }),
      indexed({}),
      {},
      ['spec.completions: can only be modified in tandem with spec.parallelism'],
    ],
    ['of the template', { template: other }, {}, {}, ['spec.template: field is immutable']],
    ['of the place before it starts', { template: other, suspend: true }, { suspend: true }, {}, []],
    [
      'of the place after it started',
      { template: other, suspend: true },
      { suspend: true },
      { startTime: 'x' },
      ['spec.template.spec: field is immutable'],
    ],
    ['of sizes while it waits', { template: sized, suspend: true }, { suspend: true }, { startTime: 'x' }, []],
    [
      'of the image while it waits',
      { template: images, suspend: true },
      { suspend: true },
      {},
      ['spec.template.spec: field is immutable'],
    ],
    [
      'that takes the selector away: its mistakes have two causes, as upstream looks twice',
      { selector: undefined },
      {},
      {},
      [
        'spec.selector: ',
        'spec.template.metadata.labels: `selector` does not match template `labels`',
        'spec.selector: ',
        'spec.template.metadata.labels: `selector` does not match template `labels`',
        'spec.selector: field is immutable',
      ],
    ],
    ['of who manages it', { managedBy: 'a.b/c' }, {}, {}, ['spec.managedBy: field is immutable']],
  ])('%s', (_name, next, old, status, errors) => {
    expect(heads(validateJobUpdate(job(next), job(old, status)))).toEqual(errors)
  })
})

const condition = (...types: string[]) => ({ conditions: types.map(type => ({ type, status: 'True' })) })
const [start, end] = ['2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z']
const complete = { ...condition('SuccessCriteriaMet', 'Complete'), startTime: start, completionTime: end }

describe('a status', () => {
  test.each<[string, object, object, object, string[]]>([
    ['that is complete', {}, complete, { startTime: start }, []],
    [
      'that is complete too early',
      {},
      { ...condition('Complete'), active: 1 },
      {},
      [
        'status.completionTime: Required value: completionTime is required for Complete jobs',
        'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
        'status.active: Invalid value: 1: active>0 is invalid for finished job',
        'status.startTime: Required value: startTime is required for finished job',
      ],
    ],
    [
      'that failed without a word',
      {},
      { ...condition('Failed'), startTime: start },
      { startTime: start },
      ['status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition'],
    ],
    [
      'that is both',
      {},
      { ...complete, ...condition('SuccessCriteriaMet', 'Complete', 'Failed', 'FailureTarget') },
      {},
      [
        'status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions',
        'status.conditions: Invalid value: cannot set Complete=True and FailureTarget=true conditions',
        'status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and Failed=true conditions',
        'status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and FailureTarget=true conditions',
      ],
    ],
    [
      'that turns back',
      {},
      { startTime: end, failed: 1, succeeded: 1 },
      { ...complete, failed: 2, succeeded: 2 },
      [
        'status.conditions: Invalid value: cannot disable the terminal Complete=True condition',
        'status.failed: Invalid value: 1: cannot decrease the failed counter',
        'status.succeeded: Invalid value: 1: cannot decrease the succeeded counter',
        `status.startTime: Invalid value: "${end}": field is immutable for unsuspended job once set`,
        'status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
      ],
    ],
    [
      'that counts wrongly',
      {},
      { active: 1, ready: 2, uncountedTerminatedPods: { succeeded: ['a', ''], failed: ['a'] }, completionTime: end },
      {},
      [
        'status.uncountedTerminatedPods.succeeded[1]: Invalid value: "": must not be empty',
        'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
        `status.completionTime: Invalid value: "${end}": cannot set completionTime when there is no Complete=True condition`,
        'status.ready: Invalid value: 2: cannot set more ready pods than active',
      ],
    ],
    [
      'of indexes',
      indexed({ backoffLimitPerIndex: 1 }),
      { completedIndexes: '0-1', failedIndexes: '1,7' },
      {},
      [
        'status.failedIndexes: Invalid value: "1,7": error parsing failedIndexes: too large index: "7"',
        'status.failedIndexes: Invalid value: "1,7": failedIndexes and completedIndexes overlap at index: 1',
      ],
    ],
    [
      'of indexes there are none of',
      {},
      { completedIndexes: '0', failedIndexes: '' },
      {},
      [
        'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
        'status.failedIndexes: Invalid value: "": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
      ],
    ],
    ['that is wrong already', {}, { active: 1, ready: 2, failed: 1 }, { active: 1, ready: 2 }, []],
  ])('%s', (_name, spec, next, old, errors) => {
    expect(told(validateJobStatusUpdate(job(spec, next), job(spec, old)))).toEqual(errors)
  })
})

function cronJob(spec: object, name = 'c'): KubeObject {
  const made = {
    metadata: { name },
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template: { spec: podSpec } } }, ...spec },
  }
  applyDefaults(cronJobs, made)
  return made
}

describe('a CronJob', () => {
  test.each<[string, object, string[]]>([
    ['that is right', {}, []],
    ['without a schedule', { schedule: '' }, ['spec.schedule: Required value']],
    ['every hour', { schedule: '@every 1h' }, []],
    ['at no time', { schedule: 'x' }, ['spec.schedule: Invalid value: "x": expected exactly 5 fields, found 1: [x]']],
    [
      'with a zone in its schedule',
      { schedule: 'TZ=UTC * * * * *' },
      [
        'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ],
    ],
    [
      'in an empty zone',
      { timeZone: '' },
      ['spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string'],
    ],
    ['nowhere', { timeZone: 'Earth/-x' }, ['spec.timeZone: Invalid value: "Earth/-x": unknown time zone Earth/-x']],
    [
      'here',
      { timeZone: 'Local' },
      [
        'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ],
    ],
    [
      'that says how its pods are found',
      {
        concurrencyPolicy: 'x',
        jobTemplate: { spec: { template: { spec: podSpec }, selector: {}, manualSelector: true } },
      },
      [
        'spec.concurrencyPolicy: Unsupported value: "x": supported values: "Allow", "Forbid", "Replace"',
        'spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated',
        'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
      ],
    ],
  ])('%s', (_name, spec, errors) => {
    expect(told(validateCronJob(cronJob(spec)))).toEqual(errors)
  })

  test('of old keeps its long name and the zone in its schedule', () => {
    const name = 'x'.repeat(53)
    const old = cronJob({ schedule: 'TZ=UTC * * * * *' }, name)
    expect(told(validateCronJob(cronJob({}, name)))).toEqual([
      `metadata.name: Invalid value: "${name}": must be no more than 52 characters`,
    ])
    expect(told(validateCronJobUpdate(old, old))).toEqual([])
    expect(told(validateCronJobUpdate(cronJob({ schedule: 'TZ=UTC * * * * *', timeZone: 'UTC' }, name), old))).toEqual([
      'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule',
    ])
  })
})
