// kubectl logs.

import { pods } from '../api/core/v1/pod.ts'
import { resourcePath } from '../client/rest-client.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { ask, bodyOf, type Kubectl, KubectlError } from './kubectl.ts'

export interface LogsOptions {
  readonly container?: string
  readonly follow?: boolean
  readonly previous?: boolean
  readonly timestamps?: boolean
  readonly tail?: number
  /** Seconds. */
  readonly since?: number
  readonly sinceTime?: string
  readonly limitBytes?: number
}

export async function logs(to: Kubectl, pod: string, options: LogsOptions): Promise<void> {
  const [name, ...more] = pod.replace(/^(?:pods?|po)\//, '').split('/')
  if (!name || more.length > 0) throw new KubectlError(`only the logs of pods can be read, not of ${pod}`)
  const container = options.container ?? (await defaultContainer(to, name))
  const request = {
    method: 'GET' as const,
    path: resourcePath(pods, to.namespace, name, 'log'),
    headers: { accept: '*/*' },
    query: {
      container,
      follow: options.follow ? 'true' : undefined,
      previous: options.previous ? 'true' : undefined,
      timestamps: options.timestamps ? 'true' : undefined,
      tailLines: options.tail !== undefined && options.tail >= 0 ? String(options.tail) : undefined,
      sinceSeconds: options.since === undefined ? undefined : String(options.since),
      sinceTime: options.sinceTime,
      limitBytes: options.limitBytes === undefined ? undefined : String(options.limitBytes),
    },
  }
  const decoder = new TextDecoder()
  const response = await to.transport.stream(request, bytes => to.stdout(decoder.decode(bytes, { stream: true })))
  bodyOf(request, response)
}

/** The one that the pod names, else the first, with a word about it when there are others. */
async function defaultContainer(to: Kubectl, name: string): Promise<string | undefined> {
  const { metadata, spec } = await ask(to, { method: 'GET', path: resourcePath(pods, to.namespace, name) }).catch(
    error => {
      if (!isNotFound(error)) throw error
      const { message } = error as Error
      throw new KubectlError(`error from server (NotFound): ${message} in namespace "${to.namespace}"`)
    },
  )
  const containers: string[] = (spec.containers ?? []).map((container: { name: string }) => container.name)
  const annotated = metadata.annotations?.['kubectl.kubernetes.io/default-container']
  if (annotated && containers.includes(annotated)) return annotated
  if (containers.length > 1) to.stderr(`Defaulted container "${containers[0]}" out of: ${containers.join(', ')}\n`)
  return containers[0]
}
