// Creates or updates objects: a small `kubectl apply`, by merge patch.

import { apiVersionOf, type KubeObject } from '../api/resource.ts'
import { resources } from '../api/scheme.ts'
import type { Client } from '../client/client.ts'
import { isAlreadyExists } from '../machinery/status-error.ts'
import { parseYamlDocuments } from '../machinery/yaml/parse.ts'

export async function applyManifest(client: Client, manifest: string): Promise<void> {
  for (const object of parseYamlDocuments(manifest) as KubeObject[]) await applyObject(client, object)
}

export async function applyObject(client: Client, object: KubeObject): Promise<void> {
  const declaration = resources.find(of => apiVersionOf(of) === object.apiVersion && of.kind === object.kind)
  if (!declaration) throw new Error(`no resource for ${object.apiVersion} ${object.kind} is served`)
  const namespace = declaration.namespaced ? (object.metadata.namespace ?? 'default') : undefined
  const resource = client.resource<KubeObject>(declaration).namespace(namespace)
  try {
    await resource.create(object)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    await resource.patch(object.metadata.name!, 'application/merge-patch+json', object)
  }
}
