// Query parameters of the pod subresources that stream: log, exec, attach, port-forward, proxy.

import { boolean, type Infer, int64, list, object, string, time } from '../../../machinery/schema/schema.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'

export const PodLogOptions = object('io.k8s.api.core.v1.PodLogOptions', {
  ...typeMeta,
  container: string(1),
  follow: boolean(2),
  previous: boolean(3),
  sinceSeconds: int64(4).pointer(),
  sinceTime: time(5).pointer(),
  timestamps: boolean(6),
  tailLines: int64(7).pointer(),
  limitBytes: int64(8).pointer(),
  insecureSkipTLSVerifyBackend: boolean(9),
  stream: string(10).pointer().serverDefault('All'),
})
export type PodLogOptions = Infer<typeof PodLogOptions>

export const PodExecOptions = object('io.k8s.api.core.v1.PodExecOptions', {
  ...typeMeta,
  stdin: boolean(1),
  stdout: boolean(2),
  stderr: boolean(3),
  tty: boolean(4),
  container: string(5),
  command: list(6, 'string').always(),
})
export type PodExecOptions = Infer<typeof PodExecOptions>

export const PodAttachOptions = object('io.k8s.api.core.v1.PodAttachOptions', {
  ...typeMeta,
  stdin: boolean(1),
  stdout: boolean(2),
  stderr: boolean(3),
  tty: boolean(4),
  container: string(5),
})
export type PodAttachOptions = Infer<typeof PodAttachOptions>

export const PodPortForwardOptions = object('io.k8s.api.core.v1.PodPortForwardOptions', {
  ...typeMeta,
  ports: list(1, 'int32'),
})
export type PodPortForwardOptions = Infer<typeof PodPortForwardOptions>

export const PodProxyOptions = object('io.k8s.api.core.v1.PodProxyOptions', {
  ...typeMeta,
  path: string(1),
})
export type PodProxyOptions = Infer<typeof PodProxyOptions>
