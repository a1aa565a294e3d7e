// Asks the mutating webhooks that a request concerns, one after the other, each about what those before made of the
// object; and once more those that want to see what came after them.

import type { MutatingWebhook } from '../../../api/admissionregistration/v1/mutatingwebhookconfiguration.ts'
import { applyDefaults } from '../../../api/defaults.ts'
import type { KubeObject, ResourceDeclaration } from '../../../api/resource.ts'
import { semanticEqual } from '../../../machinery/deep-equal.ts'
import { deepCopy } from '../../../machinery/deep-freeze.ts'
import { quote } from '../../../machinery/go-text.ts'
import { readJson } from '../../../machinery/json/read.ts'
import { findSyntaxError } from '../../../machinery/json/syntax-error.ts'
import { goJson, jsonText } from '../../../machinery/json/write.ts'
import { applyJsonPatch } from '../../../machinery/patch/json-patch.ts'
import { internalError } from '../../../machinery/status-error.ts'
import { decodeDeclared } from '../../registry/decode-body.ts'
import { type AdmissionAttributes, type AdmissionServices, reinvocationOf } from '../admission.ts'
import { fromMatched } from '../matching/matching.ts'
import type { ReviewSubject, Verdict } from './admission-review.ts'
import { callWebhook, failedCall, measured, WebhookCallError } from './call-webhook.ts'
import { conditionsHold, type Hook, matchWebhook, subjectOf, webhooksOf } from './webhooks.ts'

const pluginName = 'MutatingAdmissionWebhook'

/** Which webhooks may look again, and which must. */
interface Memory {
  readonly due: Set<string>
  invoked: Set<string>
  /** As this plugin left the object. */
  left: KubeObject | undefined
}

export async function mutateByWebhooks(
  attributes: AdmissionAttributes,
  services: AdmissionServices,
  configurations: string,
): Promise<void> {
  const reinvocation = reinvocationOf(attributes)
  const { again } = reinvocation
  let memory = reinvocation.state.get(pluginName) as Memory | undefined
  if (!memory) {
    memory = { due: new Set(), invoked: new Set(), left: undefined }
    reinvocation.state.set(pluginName, memory)
  }
  if (again && !semanticEqual(memory.left, attributes.object)) lookAgain(memory)
  let index = -1
  for (const hook of webhooksOf<MutatingWebhook>(attributes.lister, configurations)) {
    index++
    const { webhook, id } = hook
    const matched = matchWebhook(webhook, attributes, services)
    if (!matched) continue
    const subject = await subjectOf(attributes, matched)
    if (!(await conditionsHold(webhook, subject, services, 'admit'))) continue
    // In the second run nobody is asked for the first time.
    if (again && !memory.due.has(id)) continue
    const place = `round_${again ? 1 : 0}_index_${index}`
    const changed = await invoke(hook, subject, services, place)
    if (changed) {
      lookAgain(memory)
      reinvocation.requested = true
    }
    if (webhook.reinvocationPolicy === 'IfNeeded') memory.invoked.add(id)
  }
  memory.left = deepCopy(attributes.object)
}

/** Everything that ran so far, and may run again, must. */
function lookAgain(memory: Memory): void {
  for (const id of memory.invoked) memory.due.add(id)
  memory.invoked = new Set()
}

/** Whether the webhook changed the object. */
async function invoke(
  { webhook, configuration }: Hook<MutatingWebhook>,
  subject: ReviewSubject,
  services: AdmissionServices,
  place: string,
): Promise<boolean> {
  const { attributes } = subject
  let changed = false
  const ask = async () => {
    const verdict = await callWebhook(webhook, subject, true, services)
    const patch = patchOf(webhook.name, verdict)
    if (!patch || patch.length === 0) return
    const patched = patchedObject(webhook.name, subject, patch)
    attributes.annotate(
      `patch.webhook.admission.k8s.io/${place}`,
      goJson({ configuration, webhook: webhook.name, patch, patchType: 'JSONPatch' }),
    )
    changed = !semanticEqual(subject.object, patched)
    attributes.object = await fromMatched(patched, attributes, subject.matched)
  }
  try {
    await measured(webhook, 'admit', attributes, services, ask)
  } catch (error) {
    const failed = failedCall(webhook, error)
    if (failed) throw failed
    services.metrics.webhookFailedOpen(webhook.name, 'admit')
    attributes.annotate(`failed-open.mutation.webhook.admission.k8s.io/${place}`, webhook.name)
    services.env.log.warn('a webhook failed and was ignored', {
      webhook: webhook.name,
      error: (error as WebhookCallError).message,
    })
  } finally {
    attributes.annotate(
      `mutation.webhook.admission.k8s.io/${place}`,
      JSON.stringify({ configuration, webhook: webhook.name, mutated: changed }),
    )
  }
  return changed
}

function patchOf(name: string, { patch, patchType }: Verdict): readonly unknown[] | undefined {
  if (patch === '') return undefined
  const bytes = Buffer.from(patch, 'base64')
  const problem = findSyntaxError(bytes)
  if (problem) throw new WebhookCallError(name, `received undecodable patch in webhook response: ${problem.message}`)
  const operations: unknown = readJson(bytes.toString())
  if (operations === null) return undefined
  if (!Array.isArray(operations))
    throw new WebhookCallError(
      name,
      `received undecodable patch in webhook response: json: cannot unmarshal ${typeof operations} into Go value of type jsonpatch.Patch`,
    )
  if (operations.length > 0 && patchType !== 'JSONPatch')
    throw new WebhookCallError(name, `unsupported patch type ${quote(patchType)}`)
  return operations
}

function patchedObject(name: string, { object, matched }: ReviewSubject, patch: readonly unknown[]): KubeObject {
  if (!object)
    throw internalError(
      `admission webhook ${quote(name)} attempted to modify the object, which is not supported for this operation`,
    )
  let patched: unknown
  try {
    // As the webhook saw it: without what its JSON doesn't have.
    patched = applyJsonPatch(readJson(jsonText(object)), patch)
  } catch (error) {
    throw internalError(((error as Error).cause as Error | undefined) ?? (error as Error))
  }
  return decoded(matched.resource, object, patched)
}

function decoded(resource: ResourceDeclaration, before: KubeObject, patched: unknown): KubeObject {
  // A subresource's own kind, or what a connection is made with: only the resource's schema is at hand.
  if (before.kind !== resource.kind) return patched as KubeObject
  try {
    const { object } = decodeDeclared(resource, patched, 'Ignore', { bare: true })
    applyDefaults(resource, object)
    return object
  } catch (error) {
    throw internalError(error as Error)
  }
}
