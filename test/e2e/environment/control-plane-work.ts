// What a control plane does for its users, as they see it: the same tests for upstream's components and for ours, over
// upstream's API server and over ours. Two nodes, whose names begin with `simulated-`, run the pods.

import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { certificateRequest, type RequestedNames } from '../../../src/machinery/x509/testing/certificate-request.ts'
import type { Kubectl } from './kubectl.ts'
import { eventually as eventuallyWithin } from './process.ts'

/** Control planes that share a machine with others are slow, not wrong. */
const patience = 90_000
const eventually = <T>(attempt: () => T | Promise<T>, within = patience): Promise<T> =>
  eventuallyWithin(attempt, within)

const labels = (app: string) => `{app: ${app}}`
const pod = (app: string, more = '') => `
    metadata: {labels: ${labels(app)}}
    spec:
      containers: [{name: main, image: 'example.com/${app}:1', resources: {requests: {cpu: 10m, memory: 16Mi}}}]
      terminationGracePeriodSeconds: 1
${more}`

const deployment = (name: string, replicas: number) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: ${labels(name)}}
  template: ${pod(name)}`

export function controlPlaneTests(connect: () => Kubectl): void {
  let kubectl: Kubectl
  const names = (list: { items: { metadata: { name: string } }[] }) => list.items.map(item => item.metadata.name).sort()
  const get = (namespace: string, ...args: string[]) => kubectl.get('-n', namespace, ...args)
  const pods = async (namespace: string, app: string) => (await get(namespace, 'pods', '-l', `app=${app}`)).items
  const gone = (namespace: string, ...args: string[]) =>
    eventually(async () => expect(await kubectl.output('-n', namespace, 'get', ...args, '--ignore-not-found')).toBe(''))
  const rolledOut = (namespace: string, what: string) =>
    kubectl.output('-n', namespace, 'rollout', 'status', what, '--timeout=60s')
  const namespace = async (name: string) => {
    await kubectl.output('create', 'namespace', name)
    await eventually(() => kubectl.output('-n', name, 'get', 'serviceaccount', 'default'))
    return name
  }
  const apply = (ns: string, manifest: string) => kubectl.apply(manifest, '-n', ns)

  beforeAll(async () => {
    kubectl = connect()
    // It is due at the next minute: looked at last.
    await namespace('cron')
    await apply(
      'cron',
      `
apiVersion: batch/v1
kind: CronJob
metadata: {name: minutely}
spec:
  schedule: '* * * * *'
  jobTemplate:
    spec:
      template: {spec: {restartPolicy: Never, containers: [{name: main, image: example.com/job, command: [sh, -c, 'echo done']}]}}`,
    )
  }, 60_000)

  test('a new namespace has its service account and the root certificates', async () => {
    const ns = await namespace('fresh')
    const bundle = await eventually(() => get(ns, 'configmap/kube-root-ca.crt'))
    expect(new X509Certificate(bundle.data['ca.crt']).ca).toBe(true)
  })

  test('a Deployment rolls out, scales, rolls forward and back', async () => {
    const ns = await namespace('rollouts')
    await apply(ns, deployment('web', 3))
    await rolledOut(ns, 'deployment/web')
    const [first] = names(await get(ns, 'replicasets'))
    expect(new Set((await pods(ns, 'web')).map((each: any) => each.spec.nodeName)).size).toBe(2)
    await kubectl.output('-n', ns, 'set', 'image', 'deployment/web', 'main=example.com/web:2')
    await rolledOut(ns, 'deployment/web')
    expect(names(await get(ns, 'replicasets'))).toHaveLength(2)
    await kubectl.output('-n', ns, 'scale', 'deployment/web', '--replicas=5')
    await rolledOut(ns, 'deployment/web')
    await kubectl.output('-n', ns, 'rollout', 'undo', 'deployment/web')
    await rolledOut(ns, 'deployment/web')
    expect((await get(ns, `replicaset/${first}`)).status).toMatchObject({ replicas: 5, readyReplicas: 5 })
    expect((await get(ns, 'deployment/web')).status.conditions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' }),
        expect.objectContaining({ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }),
      ]),
    )
  })

  test('a ReplicationController keeps its pods', async () => {
    const ns = await namespace('controllers')
    await apply(
      ns,
      `{apiVersion: v1, kind: ReplicationController, metadata: {name: old}, spec: {replicas: 2, template: {metadata: {labels: {app: old}}, spec: {containers: [{name: main, image: example.com/old}]}}}}`,
    )
    await eventually(async () => expect((await get(ns, 'rc/old')).status.readyReplicas).toBe(2))
    const [victim] = await pods(ns, 'old')
    await kubectl.output('-n', ns, 'delete', 'pod', victim.metadata.name, '--now')
    await eventually(async () => {
      const now = await pods(ns, 'old')
      expect(now.map((each: any) => each.metadata.uid)).not.toContain(victim.metadata.uid)
      expect((await get(ns, 'rc/old')).status.readyReplicas).toBe(2)
    })
  })

  test('a StatefulSet keeps order and names, and takes its claims along', async () => {
    const ns = await namespace('ordered')
    for (const number of [0, 1])
      await kubectl.apply(`
apiVersion: v1
kind: PersistentVolume
metadata: {name: disk-${number}}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: by-hand
  hostPath: {path: /disk-${number}}`)
    await apply(
      ns,
      `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: ${labels('db')}}
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Delete}
  template: ${pod('db')}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], storageClassName: by-hand, resources: {requests: {storage: 1Gi}}}`,
    )
    await rolledOut(ns, 'statefulset/db')
    expect(names(await get(ns, 'pods'))).toEqual(['db-0', 'db-1'])
    for (const claim of (await get(ns, 'pvc')).items) expect(claim.status.phase).toBe('Bound')
    await kubectl.output('-n', ns, 'set', 'image', 'statefulset/db', 'main=example.com/db:2')
    await rolledOut(ns, 'statefulset/db')
    expect(names(await get(ns, 'controllerrevisions'))).toHaveLength(2)
    await kubectl.output('-n', ns, 'scale', 'statefulset/db', '--replicas=1')
    await gone(ns, 'pvc/data-db-1')
    await kubectl.output('-n', ns, 'delete', 'statefulset/db')
    await gone(ns, 'pods,pvc')
    await eventually(async () => expect((await kubectl.get('pv/disk-0')).status.phase).toBe('Released'))
    await kubectl.output('delete', 'pv', 'disk-0', 'disk-1')
  })

  test('a claim in use is not deleted before its pod', async () => {
    const ns = await namespace('claims')
    await kubectl.apply(
      `{apiVersion: v1, kind: PersistentVolume, metadata: {name: kept}, spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: by-hand, hostPath: {path: /kept}, persistentVolumeReclaimPolicy: Retain}}`,
    )
    await apply(
      ns,
      `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], storageClassName: by-hand, resources: {requests: {storage: 1Gi}}}}`,
    )
    await apply(
      ns,
      `{apiVersion: v1, kind: Pod, metadata: {name: user}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: example.com/user, volumeMounts: [{name: data, mountPath: /data}]}], volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]}}`,
    )
    await kubectl.output('-n', ns, 'wait', '--for=condition=Ready', 'pod/user', '--timeout=60s')
    await kubectl.output('-n', ns, 'delete', 'pvc/data', '--wait=false')
    await kubectl.output('delete', 'pv/kept', '--wait=false')
    expect((await get(ns, 'pvc/data')).metadata.finalizers).toEqual(['kubernetes.io/pvc-protection'])
    await kubectl.output('-n', ns, 'delete', 'pod/user')
    await gone(ns, 'pvc/data')
    await gone(ns, 'pv/kept')
  })

  test('a DaemonSet is on every node', async () => {
    const ns = await namespace('everywhere')
    await apply(
      ns,
      `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent}, spec: {selector: {matchLabels: ${labels('agent')}}, template: {metadata: {labels: ${labels('agent')}}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: 'example.com/agent:1'}]}}}}`,
    )
    await rolledOut(ns, 'daemonset/agent')
    const nodes = (await pods(ns, 'agent')).map((each: any) => each.spec.nodeName).sort()
    expect(nodes).toEqual(['simulated-1', 'simulated-2'])
    await kubectl.output('-n', ns, 'set', 'image', 'daemonset/agent', 'main=example.com/agent:2')
    await rolledOut(ns, 'daemonset/agent')
  })

  test('Jobs complete, fail, and go when their time has passed', async () => {
    const ns = await namespace('jobs')
    const job = (name: string, command: string, spec: string) =>
      apply(
        ns,
        `{apiVersion: batch/v1, kind: Job, metadata: {name: ${name}}, spec: {${spec}, template: {spec: {restartPolicy: Never, containers: [{name: main, image: example.com/job, command: [sh, -c, '${command}']}]}}}}`,
      )
    await job('indexed', 'echo done', 'completions: 3, parallelism: 2, completionMode: Indexed')
    await job('failing', 'exit 3', 'backoffLimit: 0')
    await job('short', 'echo done', 'ttlSecondsAfterFinished: 1')
    await kubectl.output('-n', ns, 'wait', '--for=condition=Complete', 'job/indexed', '--timeout=60s')
    await kubectl.output('-n', ns, 'wait', '--for=condition=Failed', 'job/failing', '--timeout=60s')
    expect((await get(ns, 'job/indexed')).status).toMatchObject({ succeeded: 3, completedIndexes: '0-2' })
    expect((await get(ns, 'job/failing')).status.conditions).toEqual(
      expect.arrayContaining([expect.objectContaining({ type: 'Failed', reason: 'BackoffLimitExceeded' })]),
    )
    await gone(ns, 'job/short')
    await gone(ns, 'pods', '-l', 'job-name=short')
  })

  test('a Service has the endpoints that are ready', async () => {
    const ns = await namespace('services')
    await apply(
      ns,
      `{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: ${labels('web')}, ports: [{port: 80}]}}`,
    )
    await apply(ns, deployment('web', 2))
    await rolledOut(ns, 'deployment/web')
    await eventually(async () => {
      const [slice] = (await get(ns, 'endpointslices', '-l', 'kubernetes.io/service-name=web')).items
      expect(slice.endpoints.map((each: any) => each.conditions.ready)).toEqual([true, true])
      expect((await get(ns, 'endpoints/web')).subsets[0].addresses).toHaveLength(2)
    })
    await kubectl.output('-n', ns, 'scale', 'deployment/web', '--replicas=0')
    await eventually(async () => expect((await get(ns, 'endpoints/web')).subsets).toBeUndefined())
  })

  test('Endpoints by hand are mirrored', async () => {
    const ns = await namespace('mirrored')
    await apply(ns, `{apiVersion: v1, kind: Service, metadata: {name: outside}, spec: {ports: [{port: 80}]}}`)
    await apply(
      ns,
      `{apiVersion: v1, kind: Endpoints, metadata: {name: outside}, subsets: [{addresses: [{ip: 10.9.9.9}], ports: [{port: 80}]}]}`,
    )
    await eventually(async () => {
      const [slice] = (await get(ns, 'endpointslices')).items
      expect(slice.metadata.labels['endpointslice.kubernetes.io/managed-by']).toBe(
        'endpointslicemirroring-controller.k8s.io',
      )
      expect(slice.endpoints[0].addresses).toEqual(['10.9.9.9'])
    })
  })

  test('a budget refuses one eviction too many', async () => {
    const ns = await namespace('budgets')
    await apply(ns, deployment('web', 2))
    await rolledOut(ns, 'deployment/web')
    await apply(
      ns,
      `{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}, spec: {minAvailable: 2, selector: {matchLabels: ${labels('web')}}}}`,
    )
    await eventually(async () =>
      expect((await get(ns, 'pdb/web')).status).toMatchObject({
        currentHealthy: 2,
        desiredHealthy: 2,
        disruptionsAllowed: 0,
      }),
    )
    const [{ metadata }] = await pods(ns, 'web')
    const eviction = JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: metadata.name } })
    const evict = () =>
      kubectl.run(['create', '--raw', `/api/v1/namespaces/${ns}/pods/${metadata.name}/eviction`, '-f', '-'], {
        input: eviction,
      })
    expect((await evict()).stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget.")
    await kubectl.output('-n', ns, 'scale', 'deployment/web', '--replicas=3')
    await eventually(async () => expect((await get(ns, 'pdb/web')).status.disruptionsAllowed).toBe(1))
    expect((await evict()).code).toBe(0)
    await rolledOut(ns, 'deployment/web')
  })

  test('a quota counts, and holds', async () => {
    const ns = await namespace('quotas')
    await apply(
      ns,
      `{apiVersion: v1, kind: ResourceQuota, metadata: {name: few}, spec: {hard: {pods: 2, requests.cpu: 1, count/configmaps: 3}}}`,
    )
    await eventually(async () => expect((await get(ns, 'quota/few')).status.used).toMatchObject({ pods: '0' }))
    await apply(ns, deployment('web', 3))
    await eventually(async () => {
      const { status } = await get(ns, 'deployment/web')
      expect(status.conditions).toEqual(
        expect.arrayContaining([expect.objectContaining({ type: 'ReplicaFailure', reason: 'FailedCreate' })]),
      )
      expect((await get(ns, 'quota/few')).status.used).toMatchObject({ pods: '2', 'requests.cpu': '20m' })
    })
    await kubectl.output('-n', ns, 'delete', 'deployment/web')
    await gone(ns, 'pods')
    await eventually(async () => expect((await get(ns, 'quota/few')).status.used).toMatchObject({ pods: '0' }))
  })

  test('dependents go after their owner, before it, or stay', async () => {
    const ns = await namespace('garbage')
    for (const name of ['background', 'foreground', 'orphan']) {
      await apply(ns, deployment(name, 1))
      await rolledOut(ns, `deployment/${name}`)
      await kubectl.output('-n', ns, 'delete', `deployment/${name}`, `--cascade=${name}`)
    }
    await gone(ns, 'replicasets,pods', '-l', 'app in (background,foreground)')
    const [left] = (await get(ns, 'replicasets')).items
    expect(left.metadata.ownerReferences).toBeUndefined()
    expect(await pods(ns, 'orphan')).toHaveLength(1)
  })

  test('custom resources are collected with their owners, and go with their namespace', async () => {
    const ns = await namespace('custom')
    await kubectl.apply(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: visits.stock.k8ts.dev}
spec:
  group: stock.k8ts.dev
  names: {kind: Visit, plural: visits}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]`)
    await kubectl.output('wait', '--for=condition=Established', 'crd/visits.stock.k8ts.dev', '--timeout=60s')
    await apply(ns, '{apiVersion: v1, kind: ConfigMap, metadata: {name: owner}}')
    const { uid } = (await get(ns, 'configmap/owner')).metadata
    const visit = (name: string, metadata: string) =>
      apply(ns, `{apiVersion: stock.k8ts.dev/v1, kind: Visit, metadata: {name: ${name}${metadata}}}`)
    await eventually(() =>
      visit('owned', `, ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: owner, uid: ${uid}}]`),
    )
    await visit('free', '')
    await kubectl.output('-n', ns, 'delete', 'configmap/owner')
    // The collector looks for new kinds every half minute.
    await eventually(async () => expect(names(await get(ns, 'visits'))).toEqual(['free']))
    await kubectl.output('delete', 'namespace', ns, '--timeout=60s')
    expect(await kubectl.output('get', 'visits', '-A', '-o', 'name')).toBe('')
    await kubectl.output('delete', 'crd/visits.stock.k8ts.dev')
  })

  test('a namespace goes with all that is in it', async () => {
    const ns = await namespace('doomed')
    await apply(ns, deployment('web', 2))
    await apply(ns, '{apiVersion: v1, kind: Secret, metadata: {name: plain}}')
    await rolledOut(ns, 'deployment/web')
    await kubectl.output('delete', 'namespace', ns, '--timeout=90s')
    expect(
      await kubectl.output(
        'get',
        'all,secrets,configmaps',
        '-A',
        '--field-selector=metadata.namespace=doomed',
        '-o',
        'name',
      ),
    ).toBe('')
  })

  describe('certificates', () => {
    const ask = async (name: string, signer: string, of: RequestedNames, usages: string) => {
      await kubectl.apply(
        `{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {name: ${name}}, spec: {signerName: ${signer}, usages: [${usages}], request: ${Buffer.from(certificateRequest(of)).toString('base64')}}}`,
      )
    }
    const signed = async (name: string) =>
      eventually(async () => {
        const { certificate } = (await kubectl.get(`csr/${name}`)).status
        expect(certificate).toBeTruthy()
        return new X509Certificate(Buffer.from(certificate, 'base64'))
      })

    test('what is approved is signed', async () => {
      await ask(
        'person',
        'kubernetes.io/kube-apiserver-client',
        { commonName: 'jane', organizations: ['people'] },
        'client auth',
      )
      await kubectl.output('certificate', 'approve', 'person')
      const certificate = await signed('person')
      expect(certificate.subject).toBe('O=people\nCN=jane')
    })

    test("a node's own client certificate is approved by itself", async () => {
      const usages = 'digital signature, client auth'
      await ask(
        'node',
        'kubernetes.io/kube-apiserver-client-kubelet',
        { commonName: 'system:node:other', organizations: ['system:nodes'] },
        usages,
      )
      const certificate = await signed('node')
      expect(certificate.subject).toContain('CN=system:node:other')
      expect((await kubectl.get('csr/node')).status.conditions[0]).toMatchObject({
        type: 'Approved',
        reason: 'AutoApproved',
      })
    })
  })

  test('a Secret for a service account is given its token', async () => {
    const ns = await namespace('tokens')
    await apply(
      ns,
      `{apiVersion: v1, kind: Secret, type: kubernetes.io/service-account-token, metadata: {name: long, annotations: {kubernetes.io/service-account.name: default}}}`,
    )
    const { data } = await eventually(async () => {
      const secret = await get(ns, 'secret/long')
      expect(Object.keys(secret.data ?? {}).sort()).toEqual(['ca.crt', 'namespace', 'token'])
      return secret
    })
    const token = Buffer.from(data.token, 'base64').toString()
    const review = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } })
    const { stdout } = await kubectl.run(
      ['create', '--raw', '/apis/authentication.k8s.io/v1/tokenreviews', '-f', '-'],
      { input: review },
    )
    expect(JSON.parse(stdout).status.user.username).toBe(`system:serviceaccount:${ns}:default`)
  })

  test('aggregated roles have the rules of what they select', async () => {
    await kubectl.apply(
      `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: sum}, aggregationRule: {clusterRoleSelectors: [{matchLabels: {stock.k8ts.dev/part: 'true'}}]}, rules: []}`,
    )
    await kubectl.apply(
      `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: part, labels: {stock.k8ts.dev/part: 'true'}}, rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]}`,
    )
    await eventually(async () =>
      expect((await kubectl.get('clusterrole/sum')).rules).toEqual([
        { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
      ]),
    )
  })

  test('a policy is type checked', async () => {
    await kubectl.apply(
      `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: typed}, spec: {matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, validations: [{expression: 'object.spec.nothing == 1'}]}}`,
    )
    await eventually(async () => {
      const { status } = await kubectl.get('validatingadmissionpolicy/typed')
      expect(status.observedGeneration).toBe(1)
      expect(status.typeChecking.expressionWarnings[0].warning).toContain("undefined field 'nothing'")
    })
    await kubectl.output('delete', 'validatingadmissionpolicy/typed')
  })

  test('an autoscaler says what it lacks, or scales', async () => {
    const ns = await namespace('scaled')
    await apply(ns, deployment('web', 1))
    await rolledOut(ns, 'deployment/web')
    await kubectl.output('-n', ns, 'autoscale', 'deployment/web', '--min=2', '--max=4', '--cpu=50%')
    await rolledOut(ns, 'deployment/web')
    await eventually(async () => {
      const { status } = await get(ns, 'hpa/web')
      expect(status.conditions).toEqual(
        expect.arrayContaining([expect.objectContaining({ type: 'AbleToScale', status: 'True' })]),
      )
      expect((await get(ns, 'deployment/web')).spec.replicas).toBe(2)
    })
    await kubectl.output('-n', ns, 'delete', 'hpa/web')
  })

  describe('the scheduler', () => {
    const single = (name: string, spec: string, metadata = '') =>
      `{apiVersion: v1, kind: Pod, metadata: {name: ${name}${metadata}}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: example.com/${name}, resources: {requests: {cpu: 10m}}}], ${spec}}}`

    test('honours selectors, affinities and spreading; says why a pod fits nowhere', async () => {
      const ns = await namespace('placed')
      await apply(
        ns,
        single('selected', 'nodeSelector: {kubernetes.io/hostname: simulated-2}', ', labels: {app: here}'),
      )
      const term = '{labelSelector: {matchLabels: {app: here}}, topologyKey: kubernetes.io/hostname}'
      await apply(
        ns,
        single('away', `affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [${term}]}}`),
      )
      await apply(
        ns,
        single('near', `affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [${term}]}}`),
      )
      await kubectl.output('-n', ns, 'wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s')
      const where = Object.fromEntries(
        (await get(ns, 'pods')).items.map((each: any) => [each.metadata.name, each.spec.nodeName]),
      )
      expect(where).toEqual({ selected: 'simulated-2', away: 'simulated-1', near: 'simulated-2' })
      await apply(ns, single('nowhere', 'nodeSelector: {none: such}'))
      await eventually(async () => {
        const [condition] = (await get(ns, 'pod/nowhere')).status.conditions
        expect(condition).toMatchObject({ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' })
        expect(condition.message).toMatch(
          /^0\/2 nodes are available: 2 node\(s\) didn't match Pod's node affinity\/selector\./,
        )
        const { items } = await get(
          ns,
          'events',
          '--field-selector=involvedObject.name=nowhere,reason=FailedScheduling',
        )
        expect(items).not.toHaveLength(0)
      })
      await kubectl.output('-n', ns, 'delete', 'pods', '--all')
    })

    test('lets gated pods wait', async () => {
      const ns = await namespace('gated')
      await apply(ns, single('gated', 'schedulingGates: [{name: example.com/later}]'))
      await eventually(async () => {
        const [condition] = (await get(ns, 'pod/gated')).status.conditions
        expect(condition).toMatchObject({ type: 'PodScheduled', reason: 'SchedulingGated' })
      })
      await kubectl.output(
        '-n',
        ns,
        'patch',
        'pod/gated',
        '--type=json',
        '-p',
        '[{"op":"remove","path":"/spec/schedulingGates"}]',
      )
      await kubectl.output('-n', ns, 'wait', '--for=condition=Ready', 'pod/gated', '--timeout=60s')
    })

    test('makes room for what is more important', async () => {
      const ns = await namespace('preempted')
      const { cpu } = (await kubectl.get('node/simulated-1')).status.allocatable
      const most = `${Math.floor(Number(cpu.replace(/m$/, '000').slice(0, cpu.endsWith('m') ? -3 : undefined)) * (cpu.endsWith('m') ? 1 : 1000) * 0.6)}m`
      await kubectl.apply(
        '{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: important}, value: 1000}',
      )
      const big = (name: string, more = '') =>
        `{apiVersion: v1, kind: Pod, metadata: {name: ${name}}, spec: {terminationGracePeriodSeconds: 1, nodeSelector: {kubernetes.io/hostname: simulated-1}${more}, containers: [{name: main, image: example.com/${name}, resources: {requests: {cpu: ${most}}}}]}}`
      await apply(ns, big('small'))
      await kubectl.output('-n', ns, 'wait', '--for=condition=Ready', 'pod/small', '--timeout=60s')
      await apply(ns, big('great', ', priorityClassName: important'))
      await kubectl.output('-n', ns, 'wait', '--for=condition=Ready', 'pod/great', '--timeout=60s')
      await gone(ns, 'pod/small')
      await kubectl.output('delete', 'priorityclass/important')
      await kubectl.output('delete', 'namespace', ns, '--timeout=60s')
    })
  })

  test('a taint that pods do not bear drives them away', async () => {
    const ns = await namespace('tainted')
    await apply(ns, deployment('web', 2))
    await rolledOut(ns, 'deployment/web')
    await kubectl.output('taint', 'node', 'simulated-1', 'stock=yes:NoExecute')
    await eventually(async () => {
      const found = await pods(ns, 'web')
      expect(found.map((each: any) => each.spec.nodeName)).toEqual(['simulated-2', 'simulated-2'])
    })
    await kubectl.output('taint', 'node', 'simulated-1', 'stock-')
  })

  test('bootstrap tokens sign cluster-info, and go when they have expired', async () => {
    await kubectl.apply(
      '{apiVersion: v1, kind: ConfigMap, metadata: {name: cluster-info, namespace: kube-public}, data: {kubeconfig: "x"}}',
    )
    const token = (id: string, expiration: number) =>
      kubectl.apply(
        `{apiVersion: v1, kind: Secret, type: bootstrap.kubernetes.io/token, metadata: {name: bootstrap-token-${id}, namespace: kube-system}, stringData: {token-id: ${id}, token-secret: abcdefghij123456, usage-bootstrap-signing: 'true', expiration: '${new Date(Date.now() + expiration).toISOString().replace(/\.\d+/, '')}'}}`,
      )
    await token('abcdef', 3_600_000)
    await eventually(async () =>
      expect((await get('kube-public', 'configmap/cluster-info')).data).toHaveProperty('jws-kubeconfig-abcdef'),
    )
    await token('ghijkl', -1000)
    await gone('kube-system', 'secret/bootstrap-token-ghijkl')
    await kubectl.output('-n', 'kube-system', 'delete', 'secret/bootstrap-token-abcdef')
    await kubectl.output('-n', 'kube-public', 'delete', 'configmap/cluster-info')
  })

  test('a CronJob starts its Job at the minute', async () => {
    await eventually(async () => {
      const { status } = await get('cron', 'cronjob/minutely')
      expect(status.lastSuccessfulTime).toBeTruthy()
    })
    await kubectl.output('-n', 'cron', 'delete', 'cronjob/minutely')
    await gone('cron', 'jobs,pods')
  })
}
