// ConfigMaps, Secrets and Services, as the kubelet reads them for its pods.
//
// Objects are fetched when they are needed: a node may read only what its own pods refer to, one object at a time.
// Requests for the same object at the same time are one.

import { type ConfigMap, configMaps } from '../api/core/v1/configmap.ts'
import { type Secret, secrets } from '../api/core/v1/secret.ts'
import type { ResourceDeclaration } from '../api/resource.ts'
import type { Client } from '../client/client.ts'
import { isNotFound } from '../machinery/status-error.ts'
import type { ConfigSource } from './container-env.ts'

export class ObjectSource implements ConfigSource {
  readonly #client: Client
  readonly #underway = new Map<string, Promise<unknown>>()

  constructor(client: Client) {
    this.#client = client
  }

  configMap(namespace: string, name: string): Promise<ConfigMap | undefined> {
    return this.#get(configMaps, namespace, name)
  }

  secret(namespace: string, name: string): Promise<Secret | undefined> {
    return this.#get(secrets, namespace, name)
  }

  #get<T>(resource: ResourceDeclaration<T>, namespace: string, name: string): Promise<T | undefined> {
    const key = `${resource.resource}/${namespace}/${name}`
    const underway = this.#underway.get(key)
    if (underway) return underway as Promise<T | undefined>
    const request = this.#client
      .resource(resource)
      .namespace(namespace)
      .get(name)
      .catch(error => {
        if (isNotFound(error)) return undefined
        throw error
      })
      .finally(() => this.#underway.delete(key))
    this.#underway.set(key, request)
    return request
  }
}
