// Which objects a command is about, and where they are.

import { resourcePath } from '../client/rest-client.ts'
import { type Kubectl, KubectlError } from './kubectl.ts'
import type { Manifest } from './manifests.ts'
import { kindName, type RestMapping } from './rest-mapper.ts'

/** Names of one resource; none stands for the whole collection. */
export interface Target {
  readonly mapping: RestMapping
  readonly names: readonly string[]
}

/** `pods`, `pods a b`, `pods,services`, `all`, `pod/a service/b`. */
export async function targetsOf({ mapper }: Kubectl, args: readonly string[]): Promise<Target[]> {
  const [first, ...names] = args
  if (first === undefined)
    throw new KubectlError(
      'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.',
    )
  if (args.some(arg => arg.includes('/'))) {
    const targets: Target[] = []
    for (const arg of args) {
      const [type, name, ...more] = arg.split('/')
      if (!type || !name || more.length > 0)
        throw new KubectlError(
          "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'",
        )
      targets.push({ mapping: await mapper.resource(type), names: [name] })
    }
    return targets
  }
  const targets: Target[] = []
  for (const type of first.split(',').filter(text => text !== '')) {
    const category = names.length === 0 ? await mapper.category(type) : undefined
    for (const mapping of category ?? [await mapper.resource(type)]) targets.push({ mapping, names })
  }
  return targets
}

/** An object of a manifest: what it is, its namespace and where it is. */
export interface Located {
  readonly object: Manifest
  readonly mapping: RestMapping
  readonly collection: string
  readonly path: string
  /** As it is reported: `deployment.apps/web`. */
  readonly shown: string
}

export async function locate({ mapper, namespace, namespaceGiven }: Kubectl, object: Manifest): Promise<Located> {
  const mapping = await mapper.kind(object.apiVersion, object.kind)
  const { name } = object.metadata
  const own = object.metadata.namespace
  if (mapping.namespaced && own && namespaceGiven && own !== namespace)
    throw new KubectlError(
      `the namespace from the provided object "${own}" does not match the namespace "${namespace}". You must pass '--namespace=${own}' to perform this operation.`,
    )
  const within = mapping.namespaced ? (own ?? namespace) : undefined
  return {
    object: within ? { ...object, metadata: { ...object.metadata, namespace: within } } : object,
    mapping,
    collection: resourcePath(mapping, within),
    path: resourcePath(mapping, within, name ?? ''),
    shown: `${kindName(mapping)}/${name}`,
  }
}
