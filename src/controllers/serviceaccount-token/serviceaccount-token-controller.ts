// Fills the Secrets that people make for tokens which never expire (type kubernetes.io/service-account-token): the token
// itself, the certificate authority and the namespace. Such a Secret goes when its ServiceAccount goes, and a
// ServiceAccount no longer lists one that is gone.

import { type Secret, secrets } from '../../api/core/v1/secret.ts'
import { type ServiceAccount, serviceAccounts } from '../../api/core/v1/serviceaccount.ts'
import { type Controller, type ControllerContext, controller, watch } from '../../client/controller.ts'
import { keyFor } from '../../client/object-key.ts'
import { isConflict, isNotFound } from '../../machinery/status-error.ts'
import type { ManagerEnvironment } from '../managed-controller.ts'

export const tokenSecretType = 'kubernetes.io/service-account-token'
export const accountNameAnnotation = 'kubernetes.io/service-account.name'
export const accountUIDAnnotation = 'kubernetes.io/service-account.uid'
const byAccount = 'account'

interface State {
  /** Secrets that were deleted, by their account: its list of secrets may still name them. */
  readonly gone: Map<string, Set<string>>
}

type Context = ControllerContext<State>

function accountOf({ metadata }: Secret): string | undefined {
  const name = metadata.annotations?.[accountNameAnnotation]
  return name ? keyFor(metadata.namespace, name) : undefined
}

export function serviceAccountTokenController({ rootCA, issueLegacyToken }: ManagerEnvironment): Controller {
  return controller<ServiceAccount, State>({
    name: 'serviceaccount-token-controller',
    reconciles: serviceAccounts,
    concurrency: 5,
    state: () => ({ gone: new Map() }),
    watches: [
      watch<Secret, State>(secrets, {
        fieldSelector: `type=${tokenSecretType}`,
        indexers: { [byAccount]: secret => [accountOf(secret) ?? []].flat() },
        handler: ({ state: { gone } }) => ({
          deleted: secret => {
            const account = accountOf(secret)
            if (account === undefined) return
            const names = gone.get(account) ?? new Set()
            gone.set(account, names.add(secret.metadata.name!))
          },
        }),
        keys: ({ before, after }) => [accountOf((after ?? before)!) ?? []].flat(),
      }),
    ],
    async reconcile(key, context) {
      const { lister, state, client } = context
      const account = lister(serviceAccounts).get(key)
      const gone = state.gone.get(key)
      state.gone.delete(key)
      if (account && gone) await forgetSecrets(account, gone, context)
      for (const secret of lister(secrets).byIndex(byAccount, key)) {
        const uid = secret.metadata.annotations?.[accountUIDAnnotation]
        if (account && (!uid || uid === account.metadata.uid)) {
          await fill(secret, account, context)
          continue
        }
        // The cache may not know an account yet that was made just before the Secret.
        const live = await liveAccount(key, context)
        if (live && (!uid || uid === live.metadata.uid)) await fill(secret, live, context)
        else await remove(client, secret)
      }
    },
  })

  async function fill(secret: Secret, { metadata: account }: ServiceAccount, { client }: Context): Promise<void> {
    const { namespace = '', name = '', uid } = secret.metadata
    const base64 = (text: string) => Buffer.from(text).toString('base64')
    const data = { ...secret.data }
    if (rootCA !== '' && data['ca.crt'] !== base64(rootCA)) data['ca.crt'] = base64(rootCA)
    if (!data['namespace']) data['namespace'] = base64(namespace)
    if (!data['token']) {
      if (!issueLegacyToken) return
      data['token'] = base64(
        issueLegacyToken({ namespace, serviceAccount: { name: account.name!, uid: account.uid! }, secret: { name } }),
      )
    }
    const same = ['ca.crt', 'namespace', 'token'].every(field => data[field] === secret.data?.[field])
    if (same) return
    const annotations = {
      ...secret.metadata.annotations,
      [accountNameAnnotation]: account.name!,
      [accountUIDAnnotation]: account.uid!,
    }
    try {
      await client.resource(secrets).update({ ...secret, data, metadata: { ...secret.metadata, uid, annotations } })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}

async function liveAccount(key: string, { client }: Context): Promise<ServiceAccount | undefined> {
  const [namespace, name] = key.split('/')
  try {
    return await client.resource(serviceAccounts).namespace(namespace).get(name!)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

async function remove(client: Context['client'], { metadata }: Secret): Promise<void> {
  const { namespace, name = '', uid } = metadata
  try {
    await client.resource(secrets).namespace(namespace).delete(name, { preconditions: { uid } })
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}

async function forgetSecrets(account: ServiceAccount, gone: ReadonlySet<string>, { client, lister }: Context) {
  const { namespace } = account.metadata
  const listed = account.secrets ?? []
  const kept = listed.filter(({ name = '' }) => !gone.has(name) || lister(secrets).get(keyFor(namespace, name)))
  if (kept.length === listed.length) return
  await client.resource(serviceAccounts).update({ ...account, secrets: kept })
}
