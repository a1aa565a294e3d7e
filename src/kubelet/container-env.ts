// A container's environment: from its spec, from ConfigMaps and Secrets, from its pod's own object, from Services.
//
// Comes in: the container and a `ConfigSource` to read from. Goes out: names and values in upstream's order, or a
// `ContainerConfigError`, which makes the container wait with CreateContainerConfigError.

import type { ConfigMap } from '../api/core/v1/configmap.ts'
import type { Container, EnvVar } from '../api/core/v1/container.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import type { Secret } from '../api/core/v1/secret.ts'
import type { Service } from '../api/core/v1/service.ts'
import { fieldRefValue, type PodSurroundings, resourceFieldValue } from './downward-api.ts'
import { expand } from './env-expansion.ts'
import { servicesForPod, serviceVariables } from './service-env.ts'

/** Where ConfigMaps and Secrets come from: undefined when there is no such object. */
export interface ConfigSource {
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>
  secret(namespace: string, name: string): Promise<Secret | undefined>
}

export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError'
}

export interface EnvInput {
  readonly pod: Pod
  readonly container: Container
  readonly around: PodSurroundings
  readonly config: ConfigSource
  readonly services: readonly Service[]
}

export async function containerEnvironment(input: EnvInput): Promise<Map<string, string>> {
  const { pod, container } = input
  const namespace = pod.metadata?.namespace ?? ''
  const result = await fromSources(input, namespace)
  const fromServices = serviceVariables(
    servicesForPod(input.services, namespace, pod.spec?.enableServiceLinks !== false),
  )
  const set = new Map<string, string>()
  for (const variable of container.env ?? []) {
    const value = await variableValue(
      input,
      variable,
      namespace,
      name => set.get(name) ?? result.get(name) ?? fromServices.get(name),
    )
    if (value === undefined) continue
    set.set(variable.name, value)
    // The last word on a name also has the last place.
    result.delete(variable.name)
    result.set(variable.name, value)
  }
  for (const [name, value] of fromServices) if (!result.has(name)) result.set(name, value)
  return result
}

async function fromSources({ container, config }: EnvInput, namespace: string): Promise<Map<string, string>> {
  const result = new Map<string, string>()
  for (const source of container.envFrom ?? []) {
    const prefix = source.prefix ?? ''
    if (source.configMapRef) {
      const { name = '', optional } = source.configMapRef
      const found = await config.configMap(namespace, name)
      if (!found && !optional) throw new ContainerConfigError(`configmap "${name}" not found`)
      for (const [key, value] of Object.entries(found?.data ?? {})) result.set(prefix + key, value)
    } else if (source.secretRef) {
      const { name = '', optional } = source.secretRef
      const found = await config.secret(namespace, name)
      if (!found && !optional) throw new ContainerConfigError(`secret "${name}" not found`)
      for (const [key, value] of Object.entries(found?.data ?? {})) result.set(prefix + key, decode(value))
    }
  }
  return result
}

/** undefined: an optional reference to something that isn't there, and so no variable at all. */
async function variableValue(
  { pod, container, around, config }: EnvInput,
  variable: EnvVar,
  namespace: string,
  lookup: (name: string) => string | undefined,
): Promise<string | undefined> {
  if (variable.value) return expand(variable.value, lookup)
  const from = variable.valueFrom
  if (!from) return ''
  if (from.fieldRef) return fieldRefValue(pod, from.fieldRef.fieldPath, around)
  if (from.resourceFieldRef) return resourceFieldValue(pod, from.resourceFieldRef, container, around)
  if (from.configMapKeyRef) {
    const { name = '', key, optional } = from.configMapKeyRef
    const found = await config.configMap(namespace, name)
    if (!found) return missing(optional, `configmap "${name}" not found`)
    return found.data?.[key] ?? missing(optional, `couldn't find key ${key} in ConfigMap ${namespace}/${name}`)
  }
  if (from.secretKeyRef) {
    const { name = '', key, optional } = from.secretKeyRef
    const found = await config.secret(namespace, name)
    if (!found) return missing(optional, `secret "${name}" not found`)
    const value = found.data?.[key]
    return value === undefined
      ? missing(optional, `couldn't find key ${key} in Secret ${namespace}/${name}`)
      : decode(value)
  }
  return ''
}

function missing(optional: boolean | undefined, message: string): undefined {
  if (!optional) throw new ContainerConfigError(message)
  return undefined
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8')
}
