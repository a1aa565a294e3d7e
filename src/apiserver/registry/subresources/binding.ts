// pods/binding (and the older bindings): the scheduler's decision, written into the pod. Only a pod that has no node yet
// takes one; the condition PodScheduled says so.

import { Binding } from '../../../api/core/v1/binding.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { type Condition, setCondition } from '../../../machinery/conditions.ts'
import {
  aggregateMessage,
  type FieldError,
  fieldErrorMessage,
  notSupported,
  required,
} from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { badRequest, conflict, failure, notFound, success } from '../../../machinery/status-error.ts'
import { formatTime } from '../../../machinery/time.ts'
import type { RequestContext, Response } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import { answerStatus } from '../answers.ts'
import { decodeBody } from '../decode-body.ts'
import type { ServedResource } from '../registry.ts'
import { admitted, isDryRun } from '../write-context.ts'

const expected = { group: '', version: 'v1', kind: 'Binding', schema: Binding }

export async function bind(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
): Promise<Response> {
  const binding = await decodeBody(request, expected)
  request.audit?.requestObject(binding)
  const { namespace } = request.info
  const name = request.info.name || binding.metadata.name || ''
  const check = (asked: KubeObject) => {
    checkBinding(asked, request.info.name)
    return asked
  }
  await admitted(server, resource, request, 'CREATE', binding, name, isDryRun(request), check)
  const storage = server.registry.storage('pods')
  const key = storage.key(namespace, name)
  const pods = { group: '', resource: 'pods' }
  let current = storage.cache.get(key)
  for (;;) {
    if (!current) throw notFound(pods, name)
    const pod = current.object
    const refuse = (why: string) => conflict({ group: '', resource: 'pods/binding' }, name, why)
    if (binding.metadata.uid && binding.metadata.uid !== pod.metadata.uid)
      throw conflict(
        pods,
        name,
        `StorageError: invalid object, Code: 4, Key: ${isDryRun(request) ? '' : '/registry'}/pods/${namespace}/${name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${binding.metadata.uid}, UID in object meta: ${pod.metadata.uid}`,
      )
    if (pod.metadata['deletionTimestamp'] !== undefined)
      throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`)
    const { nodeName } = pod['spec'] as { nodeName?: string }
    if (nodeName) throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(nodeName)}`)
    if (pod['spec'].schedulingGates?.length > 0) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`)
    if (isDryRun(request)) return answerStatus(request, { ...success(), code: 201 })
    const bound = boundPod(pod, binding['target'].name, binding, server.env.clock.now())
    const result = await storage.put(key, bound, current.revision)
    if (result.committed) return answerStatus(request, { ...success(), code: 201 })
    current = result.current
  }
}

function checkBinding(binding: KubeObject, name: string): void {
  if (name !== '' && binding.metadata.name !== name)
    throw badRequest('name in URL does not match name in Binding object')
  const target = binding['target'] as { kind?: string; name?: string } | undefined
  const errors: FieldError[] = []
  if (target?.kind && target.kind !== 'Node')
    errors.push(notSupported(root('target', 'kind'), target.kind, ['Node', '<empty>']))
  if (!target?.name) errors.push(required(root('target', 'name')))
  // Upstream has neither a code nor a reason of its own for them.
  if (errors.length > 0) throw failure(500, '', aggregateMessage(errors.map(fieldErrorMessage)))
}

function boundPod(pod: KubeObject, nodeName: string, binding: KubeObject, now: number): KubeObject {
  const annotations = { ...pod.metadata['annotations'], ...binding.metadata['annotations'] }
  const labels = { ...pod.metadata['labels'], ...binding.metadata['labels'] }
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
      ...(Object.keys(labels).length > 0 ? { labels } : {}),
    },
    spec: { ...pod['spec'], nodeName },
    status: {
      ...pod['status'],
      // Bound is bound: what was hoped for before no longer matters (KEP-5278).
      nominatedNodeName: undefined,
      conditions: setCondition<Condition & { lastProbeTime: null }>(
        pod['status']?.conditions,
        { type: 'PodScheduled', status: 'True', lastProbeTime: null },
        formatTime(now),
      ),
    },
  }
}
