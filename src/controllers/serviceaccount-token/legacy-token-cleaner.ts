// Removes the token Secrets that Kubernetes once made for every ServiceAccount, when nobody has used them for a year:
// first they are marked invalid, and a year after that deleted. Those that people made themselves stay.
//
// Since when uses are noted stands in the ConfigMap kube-apiserver-legacy-service-account-token-tracking.

import { configMaps } from '../../api/core/v1/configmap.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type Secret, secrets } from '../../api/core/v1/secret.ts'
import { serviceAccounts } from '../../api/core/v1/serviceaccount.ts'
import { type ControllerContext, controller, watch } from '../../client/controller.ts'
import { keyFor } from '../../client/object-key.ts'
import { isConflict, isNotFound } from '../../machinery/status-error.ts'
import { timeOf } from '../../machinery/time.ts'
import { accountNameAnnotation, accountUIDAnnotation, tokenSecretType } from './serviceaccount-token-controller.ts'

const day = 24 * 3_600_000
const interval = day
/** Upstream's --legacy-service-account-token-clean-up-period. */
const unusedFor = 365 * day
const lastUsedLabel = 'kubernetes.io/legacy-token-last-used'
const invalidSinceLabel = 'kubernetes.io/legacy-token-invalid-since'
const tracking = 'kube-apiserver-legacy-service-account-token-tracking'
const round = 'round'

const dateOf = (time: number): string => new Date(time).toISOString().slice(0, 10)
const isDate = (text: string | undefined): text is string =>
  text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))

export const legacyTokenCleaner = controller<Secret>({
  name: 'legacy-serviceaccount-token-cleaner-controller',
  reconciles: secrets,
  fieldSelector: `type=${tokenSecretType}`,
  filter: () => false,
  watches: [watch(serviceAccounts, {}), watch(pods, {})],
  started: ({ queue }) => queue.addAfter(round, interval),
  async reconcile(_, context) {
    try {
      await clean(context)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return { requeueAfterMs: interval }
  },
})

async function clean({ client, clock, lister }: ControllerContext): Promise<void> {
  const { data } = await client.resource(configMaps).namespace('kube-system').get(tracking)
  const since = data?.['since']
  const now = clock.now()
  if (!isDate(since) || now < Date.parse(since) + day + unusedFor) return
  const usedBefore = dateOf(now - unusedFor)
  for (const secret of lister(secrets).list()) {
    const { metadata } = secret
    const { namespace, name = '', uid, resourceVersion, labels, annotations = {} } = metadata
    const lastUsed = labels?.[lastUsedLabel]
    if ((timeOf(metadata.creationTimestamp) ?? now) >= now - unusedFor || metadata.deletionTimestamp) continue
    if (lastUsed !== undefined && (!isDate(lastUsed) || lastUsed >= usedBefore)) continue
    const account = lister(serviceAccounts).get(keyFor(namespace, annotations[accountNameAnnotation] ?? ''))
    const accountUID = annotations[accountUIDAnnotation]
    if (!account || (accountUID && accountUID !== account.metadata.uid)) continue
    if (!(account.secrets ?? []).some(reference => reference.name === name)) continue
    if (
      lister(pods)
        .listNamespace(namespace!)
        .some(pod => usesSecret(pod, name))
    )
      continue
    const invalidSince = labels?.[invalidSinceLabel]
    const resource = client.resource(secrets).namespace(namespace)
    try {
      if (!isDate(invalidSince))
        await resource.patch(name, 'application/merge-patch+json', {
          metadata: { uid, labels: { [invalidSinceLabel]: dateOf(now) } },
        })
      else if (invalidSince < usedBefore) await resource.delete(name, { preconditions: { resourceVersion } })
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
  }
}

function usesSecret({ spec }: Pod, name: string): boolean {
  // Every way to name a Secret in a pod ends in one of these fields.
  const names = (value: unknown): boolean => {
    if (typeof value !== 'object' || value === null) return false
    return Object.entries(value).some(([field, part]) => {
      if (field === 'secretName') return part === name
      if (/^(secretRef|secretKeyRef|nodePublishSecretRef|secret)$/.test(field) && part?.name === name) return true
      return names(part)
    })
  }
  const pulls = (spec.imagePullSecrets ?? []).some(reference => reference.name === name)
  const parts = [spec.volumes, spec.containers, spec.initContainers, spec.ephemeralContainers]
  return pulls || parts.some(names)
}
