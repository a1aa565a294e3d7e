// What people create in a simulated cluster: a table, of which the dice take one line at a time.

import { daemonSets } from '../../src/api/apps/v1/daemonset.ts'
import { deployments } from '../../src/api/apps/v1/deployment.ts'
import { replicaSets } from '../../src/api/apps/v1/replicaset.ts'
import { statefulSets } from '../../src/api/apps/v1/statefulset.ts'
import { horizontalPodAutoscalers } from '../../src/api/autoscaling/v2/horizontalpodautoscaler.ts'
import { cronJobs } from '../../src/api/batch/v1/cronjob.ts'
import { jobs } from '../../src/api/batch/v1/job.ts'
import { configMaps } from '../../src/api/core/v1/configmap.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { replicationControllers } from '../../src/api/core/v1/replicationcontroller.ts'
import { resourceQuotas } from '../../src/api/core/v1/resourcequota.ts'
import { secrets } from '../../src/api/core/v1/secret.ts'
import { services } from '../../src/api/core/v1/service.ts'
import { serviceAccounts } from '../../src/api/core/v1/serviceaccount.ts'
import { podDisruptionBudgets } from '../../src/api/policy/v1/poddisruptionbudget.ts'
import type { ResourceDeclaration } from '../../src/api/resource.ts'
import type { Chance } from './chance.ts'
import { widgets } from './widgets.ts'

export interface Creation {
  readonly resource: ResourceDeclaration<any>
  readonly body: object
  /** Its pods end and begin again for ever: somebody must see to their end. */
  readonly endless?: boolean
}

/** What a creation may depend on. */
export interface Circumstances {
  readonly name: string
  /** Where it will be may be deleted with all that is there. */
  readonly temporary: boolean
  /** The app that something is about which was created before; any name where there is none. */
  readonly app: string
  /** The name of a Deployment, if there is one. */
  readonly deployment: string | undefined
  /** An app whose owner was deleted and whose pods were not. */
  readonly orphaned: string | undefined
  /** Somebody measures pods. */
  readonly measured: boolean
}

/** Until somebody takes it away, an object with it stays. */
export const finalizer = 'sim.k8ts.dev/wait'
const images = ['web:1', 'web:2', 'web:3']

export function container(chance: Chance) {
  return { name: 'main', image: chance.pick(images), resources: { requests: { cpu: chance.pick(['50m', '200m']) } } }
}

type Create = (chance: Chance, about: Circumstances) => Creation | undefined

const template = (chance: Chance, app: string, annotations: object = {}, spec: object = {}) => ({
  metadata: { labels: { app }, annotations },
  spec: {
    containers: [container(chance)],
    terminationGracePeriodSeconds: chance.pick([0, 1, 30]),
    // Others make room for it.
    ...(chance.of(0.1) && { priorityClassName: 'system-cluster-critical' }),
    ...spec,
  },
})
const selecting = (app: string) => ({ matchLabels: { app } })

const deployment: Create = (chance, { name }) => ({
  resource: deployments,
  body: {
    spec: {
      replicas: chance.between(0, 4),
      selector: selecting(name),
      strategy: chance.of(0.2) ? { type: 'Recreate' } : undefined,
      revisionHistoryLimit: 2,
      template: template(chance, name),
    },
  },
})

const replicationController: Create = (chance, { name, orphaned }) => {
  const app = orphaned ?? name
  return {
    resource: replicationControllers,
    body: { spec: { replicas: chance.between(0, 4), selector: { app }, template: template(chance, app) } },
  }
}

const replicaSet: Create = (chance, { name, orphaned }) => {
  // One that finds pods already there takes them for its own.
  const app = orphaned ?? name
  return {
    resource: replicaSets,
    body: { spec: { replicas: chance.between(0, 4), selector: selecting(app), template: template(chance, app) } },
  }
}

const statefulSet: Create = (chance, { name }) => {
  const claims = chance.of(0.5)
  const retention = () => chance.pick(['Retain', 'Delete'])
  const volumes = { volumeMounts: [{ name: 'data', mountPath: '/data' }] }
  const { spec, metadata } = template(chance, name)
  return {
    resource: statefulSets,
    body: {
      spec: {
        replicas: chance.between(1, 3),
        serviceName: name,
        selector: selecting(name),
        podManagementPolicy: chance.pick(['OrderedReady', 'Parallel']),
        template: claims
          ? { metadata, spec: { ...spec, containers: [{ ...spec.containers[0], ...volumes }] } }
          : { metadata, spec },
        ...(claims && {
          persistentVolumeClaimRetentionPolicy: { whenDeleted: retention(), whenScaled: retention() },
          volumeClaimTemplates: [
            {
              metadata: { name: 'data' },
              spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
            },
          ],
        }),
      },
    },
  }
}

const daemonSet: Create = (chance, { name }) => ({
  resource: daemonSets,
  body: {
    spec: {
      selector: selecting(name),
      updateStrategy: { rollingUpdate: { maxUnavailable: chance.pick([1, '50%']) } },
      template: template(chance, name),
    },
  },
})

const job: Create = (chance, { name, temporary }) => {
  const run = chance.pick(['sleep 2', 'sleep 9', 'sleep 30', 'sleep 1; exit 1'])
  const completions = chance.between(1, 3)
  const restartPolicy = chance.pick(['Never', 'Never', 'OnFailure'])
  const completionMode = chance.pick(['Indexed', 'NonIndexed'])
  // The last failed pod of an index stays until there is another in its place: where none can be created any more, as in
  // a namespace on its way out, that is for ever; upstream too.
  const perIndex = !temporary && completionMode === 'Indexed' && restartPolicy === 'Never' && chance.of(0.3)
  const gaveUp = { action: 'FailJob', onExitCodes: { operator: 'In', values: [1] } }
  const failJob = restartPolicy === 'Never' && chance.of(0.15)
  const untilFailed = restartPolicy === 'Never' && (failJob || chance.of(0.3))
  return {
    resource: jobs,
    endless: restartPolicy === 'OnFailure' && run.includes('exit'),
    body: {
      spec: {
        completions,
        parallelism: chance.between(1, completions),
        completionMode,
        suspend: chance.of(0.15),
        ...(perIndex ? { backoffLimitPerIndex: 1 } : { backoffLimit: 1 }),
        ...(chance.of(0.2) && { ttlSecondsAfterFinished: 20 }),
        ...(chance.of(0.1) && { activeDeadlineSeconds: 15 }),
        ...(failJob && { podFailurePolicy: { rules: [gaveUp] } }),
        ...(untilFailed && { podReplacementPolicy: 'Failed' }),
        ...(completionMode === 'Indexed' && chance.of(0.2) && { successPolicy: { rules: [{ succeededCount: 1 }] } }),
        template: template(chance, name, { 'simulated.k8ts.dev/run': run }, { restartPolicy }),
      },
    },
  }
}

const cronJob: Create = (chance, { name }) => {
  const pod = template(chance, name, { 'simulated.k8ts.dev/run': 'sleep 5' }, { restartPolicy: 'Never' })
  return {
    resource: cronJobs,
    body: {
      spec: {
        schedule: '* * * * *',
        concurrencyPolicy: chance.pick(['Allow', 'Forbid', 'Replace']),
        successfulJobsHistoryLimit: 1,
        jobTemplate: { spec: { backoffLimit: 0, template: pod } },
      },
    },
  }
}

const service: Create = (chance, { app }) => ({
  resource: services,
  body: {
    spec: {
      selector: { app },
      ports: [{ port: 80 }],
      ...chance.pick([{}, {}, { type: 'NodePort' }, { type: 'LoadBalancer' }, { clusterIP: 'None' }]),
    },
  },
})

const budget: Create = (chance, { app }) => ({
  resource: podDisruptionBudgets,
  body: { spec: { ...chance.pick([{ minAvailable: 1 }, { maxUnavailable: 1 }]), selector: selecting(app) } },
})

const quota: Create = () => ({
  resource: resourceQuotas,
  body: {
    spec: {
      hard: {
        pods: '40',
        'requests.cpu': '20',
        configmaps: '40',
        services: '40',
        persistentvolumeclaims: '40',
        'count/jobs.batch': '40',
      },
    },
  },
})

const configMap: Create = chance => ({
  resource: configMaps,
  body: { metadata: chance.of(0.3) ? { finalizers: [finalizer] } : {} },
})

/** A pod of its own; if there is a ReplicaSet for such pods, it will be that one's, or one too many. */
const pod: Create = (chance, { name, app }) => ({
  resource: pods,
  body: template(chance, chance.of(0.5) ? app : name),
})

/** A pod with a claim that is its own, and goes with it. */
const podWithVolume: Create = (chance, { name }) => {
  const { metadata, spec } = template(chance, name)
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
  return {
    resource: pods,
    body: {
      metadata,
      spec: {
        ...spec,
        containers: [{ ...spec.containers[0], volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] }],
        volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: claim } } }],
      },
    },
  }
}

const serviceAccount: Create = () => ({ resource: serviceAccounts, body: {} })

/** Filled in, or taken away if there is no such account. */
const tokenSecret: Create = (chance, { app }) => ({
  resource: secrets,
  body: {
    metadata: { annotations: { 'kubernetes.io/service-account.name': chance.pick(['default', app]) } },
    type: 'kubernetes.io/service-account-token',
  },
})

const autoscaler: Create = (chance, { measured, deployment: target }) =>
  measured && target !== undefined
    ? {
        resource: horizontalPodAutoscalers,
        body: {
          spec: {
            scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target },
            minReplicas: 1,
            maxReplicas: chance.between(2, 5),
            metrics: [
              {
                type: 'Resource',
                resource: {
                  name: 'cpu',
                  target: { type: 'Utilization', averageUtilization: chance.pick([20, 50, 90]) },
                },
              },
            ],
          },
        },
      }
    : undefined

const widget: Create = () => ({ resource: widgets, body: { spec: {} } })

/** The more often named, the more often created. */
const creations: readonly Create[] = [
  deployment,
  deployment,
  deployment,
  replicaSet,
  replicaSet,
  replicationController,
  statefulSet,
  statefulSet,
  daemonSet,
  job,
  job,
  job,
  cronJob,
  service,
  service,
  budget,
  quota,
  configMap,
  pod,
  podWithVolume,
  serviceAccount,
  tokenSecret,
  autoscaler,
  widget,
]

/** What can go with something else: the small and inert, and what has more below it. */
const dependents: readonly Create[] = [
  () => ({ resource: configMaps, body: {} }),
  () => ({ resource: secrets, body: {} }),
  widget,
  replicaSet,
]

export function somethingDependent(chance: Chance, about: Circumstances): Creation {
  return chance.pick(dependents)(chance, about)!
}

export function somethingNew(chance: Chance, about: Circumstances): Creation | undefined {
  return chance.pick(creations)(chance, about)
}
