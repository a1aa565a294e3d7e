import { describe, expect, test } from 'vitest'
import { fieldErrorMessage } from '../../../machinery/field-error.ts'
import { cronProblem } from '../../batch/v1/cron-schedule.ts'
import { cronJobs } from '../../batch/v1/cronjob.ts'
import { validateCronJob } from '../../batch/v1/cronjob.validation.ts'
import { jobs } from '../../batch/v1/job.ts'
import { validateJob, validateJobUpdate } from '../../batch/v1/job.validation.ts'
import { applyDefaults } from '../../defaults.ts'
import type { KubeObject, ResourceDeclaration } from '../../resource.ts'
import { daemonSets } from './daemonset.ts'
import { deployments } from './deployment.ts'
import { statefulSets } from './statefulset.ts'
import * as workloads from './workload.validation.ts'

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const selector = { matchLabels: { app: 'a' } }

function made(declaration: ResourceDeclaration, spec: object): KubeObject {
  const object = structuredClone({ metadata: { name: 'w', namespace: 'n', uid: '1' }, spec })
  applyDefaults(declaration, object)
  return object
}
const told = (errors: readonly Parameters<typeof fieldErrorMessage>[0][]) => errors.map(fieldErrorMessage)
const deployment = (more: object) => made(deployments, { selector, template, strategy: {}, ...more })
const mismatch = '`selector` does not match template `labels`'

describe('a Deployment', () => {
  test.each<[string, object, string[]]>([
    ['that is right', {}, []],
    [
      'without a selector',
      { selector: undefined },
      ['spec.selector: Required value', `spec.template.metadata.labels: Invalid value: {"app":"a"}: ${mismatch}`],
    ],
    [
      'that selects everything',
      { selector: {} },
      ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
    ],
    [
      'that selects others',
      { selector: { matchLabels: { app: 'b' } } },
      [`spec.template.metadata.labels: Invalid value: {"app":"a"}: ${mismatch}`],
    ],
    [
      'whose pods may end',
      { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } },
      ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ],
    [
      'of less than nothing',
      { replicas: -1 },
      ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'that cannot roll',
      { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } },
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
    ],
    [
      'that contradicts itself',
      { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } },
      ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ],
    [
      'without time',
      { minReadySeconds: 10, progressDeadlineSeconds: 5 },
      ['spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds'],
    ],
    [
      'with a bad container',
      { template: { ...template, spec: { containers: [{ name: 'c' }] } } },
      ['spec.template.spec.containers[0].image: Required value'],
    ],
  ])('%s', (_name, more, errors) => {
    expect(told(workloads.validateDeployment(deployment(more)))).toEqual(errors)
  })

  test('keeps its selector', () => {
    const next = deployment({
      selector: { matchLabels: { app: 'a', b: 'c' } },
      template: { ...template, metadata: { labels: { app: 'a', b: 'c' } } },
    })
    expect(told(workloads.validateDeploymentUpdate(next, deployment({})))).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"app":"a","b":"c"}}: field is immutable',
    ])
  })

  test('counts what there is', () => {
    const counted = { ...deployment({}), status: { replicas: 1, readyReplicas: 2, availableReplicas: 3 } }
    expect(told(workloads.validateDeploymentStatusUpdate(counted, deployment({})))).toEqual([
      'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas',
    ])
  })
})

test('no more pods of a StatefulSet are available than are ready, nor than there are', () => {
  const counted = (status: object): KubeObject => ({ metadata: { name: 's' }, spec: {}, status })
  const next = counted({ replicas: 1, readyReplicas: 1, availableReplicas: 2 })
  expect(told(workloads.validateStatefulSetStatusUpdate(next, counted({})))).toEqual([
    'status.availableReplicas: Invalid value: 2: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas',
  ])
})

test('a StatefulSet mounts its claims, and keeps them', () => {
  const claim = {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  }
  const mounting = {
    ...template,
    spec: { containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'data', mountPath: '/d' }] }] },
  }
  const set = (more: object) =>
    made(statefulSets, { updateStrategy: {}, selector, template: mounting, volumeClaimTemplates: [claim], ...more })
  expect(told(workloads.validateStatefulSet(set({})))).toEqual([])
  expect(told(workloads.validateStatefulSetUpdate(set({ replicas: 5 }), set({})))).toEqual([])
  expect(told(workloads.validateStatefulSetUpdate(set({ serviceName: 'other' }), set({})))).toEqual([
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  ])
})

test('a DaemonSet surges or lets go, not both', () => {
  const set = (rollingUpdate: object) => made(daemonSets, { selector, template, updateStrategy: { rollingUpdate } })
  expect(told(workloads.validateDaemonSet(set({ maxSurge: 1, maxUnavailable: 1 })))).toEqual([
    'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
  ])
  expect(told(workloads.validateDaemonSet(set({ maxSurge: 0, maxUnavailable: 0 })))).toEqual([
    'spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0',
  ])
})

describe('a Job', () => {
  const once = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } }
  const job = (more: object) => made(jobs, { manualSelector: true, selector, template: once, ...more })

  test('needs pods that end', () => {
    expect(told(validateJob(job({})))).toEqual([])
    expect(told(validateJob(job({ template })))).toEqual([
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ])
    expect(told(validateJob(job({ parallelism: -1, completionMode: 'Indexed', completions: undefined })))).toEqual([
      'spec.parallelism: Invalid value: -1: must be greater than or equal to 0',
      'spec.completions: Required value: when completion mode is Indexed',
    ])
  })

  test('keeps what it makes', () => {
    const [error] = told(validateJobUpdate(job({ completions: 3 }), job({ completions: 2 })))
    expect(error).toBe('spec.completions: Invalid value: 3: field is immutable')
  })

  test.each([
    ['*/5 * * * *', undefined],
    ['0 0 1 jan sun', undefined],
    ['@hourly', undefined],
    ['* * *', 'expected exactly 5 fields, found 3: [* * *]'],
    ['61 * * * *', 'end of range (61) above maximum (59): 61'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ['@never', 'unrecognized descriptor: @never'],
  ])('scheduled at %s', (schedule, problem) => {
    expect(cronProblem(schedule)).toBe(problem)
  })

  test('scheduled again and again has a schedule', () => {
    const cronJob = made(cronJobs, {
      schedule: '',
      concurrencyPolicy: 'Maybe',
      jobTemplate: { spec: { template: once } },
    })
    expect(told(validateCronJob(cronJob))).toEqual([
      'spec.schedule: Required value',
      'spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"',
    ])
  })
})
