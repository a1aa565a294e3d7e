// Containers by CRI v1 over gRPC: containerd, CRI-O, or whatever answers at the endpoint.
//
// Comes in: `unix:///run/containerd/containerd.sock`. Goes out: a `ContainerRuntime`. Every call has a deadline (but for
// image pulls, which take as long as they take), every failure is a `RuntimeError`, and one that means "nobody there"
// says so in a sentence a user can act on. A lost connection is made again by the next call.

import { stat } from 'node:fs/promises'
import type { Client, ServiceError } from '@grpc/grpc-js'
import type { Env } from '../../machinery/env/env.ts'
import { grpcCodes } from '../../machinery/grpc-codes.ts'
import type { Decoded, Init, Message } from '../../machinery/proto/message.ts'
import { decodeMessage, encodeMessage } from '../../machinery/proto/wire.ts'
import { type CallOptions, type ContainerRuntime, RuntimeError, type RuntimeErrorCode } from './container-runtime.ts'
import * as containers from './cri/container-requests.ts'
import * as images from './cri/image.ts'
import * as pods from './cri/pod-sandbox.ts'
import * as stats from './cri/stats.ts'
import * as runtime from './cri/version-and-status.ts'

// @grpc/grpc-js is loaded when a socket is there to talk to: a cluster of simulated nodes starts without it.
type Grpc = typeof import('@grpc/grpc-js')

interface Rpc<Request, Response> {
  readonly service: 'RuntimeService' | 'ImageService'
  encode(request: Request): Buffer
  decode(encoded: Uint8Array): Response
  /** In milliseconds; undefined for "as long as it takes". */
  timeout(request: Request): number | undefined
}

type Calls = {
  [Name in keyof ContainerRuntime as ContainerRuntime[Name] extends (
    request: any,
    options?: CallOptions,
  ) => Promise<unknown>
    ? Name
    : never]: ContainerRuntime[Name] extends (request: infer Request, options?: CallOptions) => Promise<infer Response>
    ? Rpc<Request, Response>
    : never
}

const MINUTE = 60_000
/** The kubelet's `--runtime-request-timeout`. */
const REQUEST_TIMEOUT = 2 * MINUTE
const PROBE_TIMEOUT = 3_000

const on =
  (service: 'RuntimeService' | 'ImageService') =>
  <Request extends Message<any>, Response extends Message<any>>(
    request: Request,
    response: Response,
    timeout: (request: Init<Request>) => number | undefined = () => REQUEST_TIMEOUT,
  ): Rpc<Init<Request>, Decoded<Response>> => ({
    service,
    encode: value => Buffer.from(encodeMessage(request, value)),
    decode: encoded => decodeMessage(response, encoded),
    timeout,
  })

const inRuntime = on('RuntimeService')
const inImages = on('ImageService')

const calls: Calls = {
  version: inRuntime(runtime.VersionRequest, runtime.VersionResponse),
  status: inRuntime(runtime.StatusRequest, runtime.StatusResponse),
  runtimeConfig: inRuntime(runtime.RuntimeConfigRequest, runtime.RuntimeConfigResponse),
  updateRuntimeConfig: inRuntime(runtime.UpdateRuntimeConfigRequest, runtime.UpdateRuntimeConfigResponse),
  // A sandbox may have to wait for its image and its network.
  runPodSandbox: inRuntime(pods.RunPodSandboxRequest, pods.RunPodSandboxResponse, () => 2 * REQUEST_TIMEOUT),
  stopPodSandbox: inRuntime(pods.StopPodSandboxRequest, pods.StopPodSandboxResponse),
  removePodSandbox: inRuntime(pods.RemovePodSandboxRequest, pods.RemovePodSandboxResponse),
  podSandboxStatus: inRuntime(pods.PodSandboxStatusRequest, pods.PodSandboxStatusResponse),
  listPodSandbox: inRuntime(pods.ListPodSandboxRequest, pods.ListPodSandboxResponse),
  updatePodSandboxResources: inRuntime(pods.UpdatePodSandboxResourcesRequest, pods.UpdatePodSandboxResourcesResponse),
  createContainer: inRuntime(containers.CreateContainerRequest, containers.CreateContainerResponse),
  startContainer: inRuntime(containers.StartContainerRequest, containers.StartContainerResponse),
  stopContainer: inRuntime(
    containers.StopContainerRequest,
    containers.StopContainerResponse,
    ({ timeout = 0 }) => timeout * 1000 + REQUEST_TIMEOUT,
  ),
  removeContainer: inRuntime(containers.RemoveContainerRequest, containers.RemoveContainerResponse),
  containerStatus: inRuntime(containers.ContainerStatusRequest, containers.ContainerStatusResponse),
  listContainers: inRuntime(containers.ListContainersRequest, containers.ListContainersResponse),
  updateContainerResources: inRuntime(
    containers.UpdateContainerResourcesRequest,
    containers.UpdateContainerResourcesResponse,
  ),
  reopenContainerLog: inRuntime(containers.ReopenContainerLogRequest, containers.ReopenContainerLogResponse),
  // The runtime keeps to the timeout itself and needs some time to say so; without one, a command may run for ever.
  execSync: inRuntime(containers.ExecSyncRequest, containers.ExecSyncResponse, ({ timeout = 0 }) =>
    timeout > 0 ? timeout * 1000 + REQUEST_TIMEOUT : undefined,
  ),
  exec: inRuntime(containers.ExecRequest, containers.ExecResponse),
  attach: inRuntime(containers.AttachRequest, containers.AttachResponse),
  portForward: inRuntime(pods.PortForwardRequest, pods.PortForwardResponse),
  containerStats: inRuntime(stats.ContainerStatsRequest, stats.ContainerStatsResponse),
  listContainerStats: inRuntime(stats.ListContainerStatsRequest, stats.ListContainerStatsResponse),
  podSandboxStats: inRuntime(stats.PodSandboxStatsRequest, stats.PodSandboxStatsResponse),
  listPodSandboxStats: inRuntime(stats.ListPodSandboxStatsRequest, stats.ListPodSandboxStatsResponse),
  listImages: inImages(images.ListImagesRequest, images.ListImagesResponse),
  imageStatus: inImages(images.ImageStatusRequest, images.ImageStatusResponse),
  pullImage: inImages(images.PullImageRequest, images.PullImageResponse, () => undefined),
  removeImage: inImages(images.RemoveImageRequest, images.RemoveImageResponse),
  imageFsInfo: inImages(stats.ImageFsInfoRequest, stats.ImageFsInfoResponse),
}

const events = inRuntime(containers.GetEventsRequest, containers.ContainerEventResponse)

/** `runPodSandbox` of the interface is `/runtime.v1.RuntimeService/RunPodSandbox` on the wire. */
const methodPath = (service: string, name: string) =>
  `/runtime.v1.${service}/${name.charAt(0).toUpperCase()}${name.slice(1)}`

/** A runtime behind the socket. It need not answer yet: each call finds out for itself. */
export async function criRuntime(endpoint: string, env: Env): Promise<ContainerRuntime> {
  const path = socketPath(endpoint)
  const grpc = await import('@grpc/grpc-js')
  const client = new grpc.Client(`unix://${path}`, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': 16 * 1024 * 1024,
    'grpc.max_send_message_length': 16 * 1024 * 1024,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 3_000,
    // Each runtime object has its own connection, closed with it.
    'grpc.use_local_subchannel_pool': 1,
    // Nothing on a Unix socket is worth looking up elsewhere.
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
  })
  const entries = Object.entries(calls).map(([name, rpc]) => [
    name,
    (request: object, options?: CallOptions) =>
      unary(grpc, client, endpoint, env, name, rpc as Rpc<object, unknown>, request, options),
  ])
  return {
    ...(Object.fromEntries(entries) as Pick<ContainerRuntime, keyof Calls>),
    endpoint,
    getContainerEvents: signal => containerEvents(grpc, client, endpoint, signal),
    close: () => client.close(),
  }
}

/** Who answers at the endpoint, or the error that says why nobody usable does. Never throws. */
export async function probeRuntime(endpoint: string, env: Env): Promise<{ name: string; version: string } | Error> {
  let cri: ContainerRuntime | undefined
  try {
    const path = socketPath(endpoint)
    const info = await stat(path).catch((cause: Error) => {
      throw unreachable(endpoint, cause.message, cause)
    })
    if (!info.isSocket()) throw unreachable(endpoint, `${path} is not a socket`)
    cri = await criRuntime(endpoint, env)
    const { runtimeName, runtimeVersion } = await cri.version({}, { timeout: PROBE_TIMEOUT })
    return { name: runtimeName, version: runtimeVersion }
  } catch (error) {
    return error as Error
  } finally {
    cri?.close()
  }
}

function socketPath(endpoint: string): string {
  if (endpoint.startsWith('/')) return endpoint
  const path = endpoint.startsWith('unix://') ? endpoint.slice('unix://'.length) : ''
  if (!path.startsWith('/')) {
    throw new RuntimeError(
      'InvalidArgument',
      `"${endpoint}" is not a CRI endpoint: it must be of the form unix:///path/to/the.sock`,
    )
  }
  return path
}

function unary<Request extends object, Response>(
  grpc: Grpc,
  client: Client,
  endpoint: string,
  env: Env,
  name: string,
  rpc: Rpc<Request, Response>,
  request: Request,
  options: CallOptions = {},
): Promise<Response> {
  const { signal, timeout = rpc.timeout(request) } = options
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const call = client.makeUnaryRequest(
      methodPath(rpc.service, name),
      rpc.encode,
      rpc.decode,
      request,
      new grpc.Metadata(),
      { deadline: timeout === undefined ? Number.POSITIVE_INFINITY : env.clock.now() + timeout },
      (error, response) => {
        signal?.removeEventListener('abort', cancel)
        if (!error) resolve(response as Response)
        else if (signal?.aborted) reject(signal.reason)
        else reject(runtimeError(grpc, endpoint, error, `${name} after ${timeout} ms`))
      },
    )
    const cancel = () => call.cancel()
    signal?.addEventListener('abort', cancel, { once: true })
  })
}

async function* containerEvents(
  grpc: Grpc,
  client: Client,
  endpoint: string,
  signal: AbortSignal,
): AsyncGenerator<containers.ContainerEventResponse> {
  if (signal.aborted) return
  const call = client.makeServerStreamRequest(
    methodPath('RuntimeService', 'getContainerEvents'),
    events.encode,
    events.decode,
    {},
  )
  const cancel = () => call.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    for await (const event of call) yield event as containers.ContainerEventResponse
  } catch (error) {
    if (!signal.aborted) throw runtimeError(grpc, endpoint, error as ServiceError, 'getContainerEvents')
  } finally {
    signal.removeEventListener('abort', cancel)
    call.cancel()
  }
}

// ---- errors --------------------------------------------------------------------------------------------------------

/** OK is no error. */
function codeOf(code: number): RuntimeErrorCode {
  const name = grpcCodes[code]
  return name === undefined || name === 'OK' ? 'Unknown' : name
}

function runtimeError(grpc: Grpc, endpoint: string, error: ServiceError, what: string): RuntimeError {
  const { code, details } = error
  if (code === grpc.status.UNAVAILABLE) return unreachable(endpoint, details, error)
  if (code === grpc.status.DEADLINE_EXCEEDED) {
    return new RuntimeError('DeadlineExceeded', `the CRI runtime at ${endpoint} did not answer ${what}`, {
      cause: error,
    })
  }
  if (code === grpc.status.UNIMPLEMENTED && /unknown service/.test(details)) {
    return new RuntimeError('Unimplemented', `the runtime at ${endpoint} does not speak CRI v1: ${details}`, {
      cause: error,
    })
  }
  return new RuntimeError(codeOf(code), details || error.message, { cause: error })
}

const socketErrors: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
}

function unreachable(endpoint: string, why: string, cause?: Error): RuntimeError {
  // grpc-js wraps what the socket said; the reader wants that and not the wrapping.
  const reason = socketErrors[/\bE[A-Z]{3,}\b/.exec(why)?.[0] ?? ''] ?? why
  return new RuntimeError(
    'Unavailable',
    `cannot reach the CRI runtime at ${endpoint}: ${reason}; is containerd running?`,
    { cause },
  )
}
