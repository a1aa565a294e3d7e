// What a kubelet needs of a container runtime: the calls of CRI v1, under CRI's own names.
//
// Comes in: requests, in which whatever is left out is zero. Goes out: answers, in which every scalar, list and map is
// there; or a `RuntimeError`. Two runtimes stand behind this: `cri-runtime.ts` (gRPC to containerd or CRI-O) and
// `simulated-runtime.ts` (nothing runs). Times are nanoseconds since the Unix epoch, stop and exec timeouts seconds.
// The messages are declared in `cri/`, each field once.

import type { Duplex } from 'node:stream'
import type { GrpcCode } from '../../machinery/grpc-codes.ts'
import type {
  AttachRequest,
  AttachResponse,
  ContainerEventResponse,
  ContainerStatusRequest,
  ContainerStatusResponse,
  CreateContainerRequest,
  CreateContainerResponse,
  ExecRequest,
  ExecResponse,
  ExecSyncRequest,
  ExecSyncResponse,
  ListContainersRequest,
  ListContainersResponse,
  RemoveContainerRequest,
  RemoveContainerResponse,
  ReopenContainerLogRequest,
  ReopenContainerLogResponse,
  StartContainerRequest,
  StartContainerResponse,
  StopContainerRequest,
  StopContainerResponse,
  UpdateContainerResourcesRequest,
  UpdateContainerResourcesResponse,
} from './cri/container-requests.ts'
import type {
  ImageStatusRequest,
  ImageStatusResponse,
  ListImagesRequest,
  ListImagesResponse,
  PullImageRequest,
  PullImageResponse,
  RemoveImageRequest,
  RemoveImageResponse,
} from './cri/image.ts'
import type {
  ListPodSandboxRequest,
  ListPodSandboxResponse,
  PodSandboxStatusRequest,
  PodSandboxStatusResponse,
  PortForwardRequest,
  PortForwardResponse,
  RemovePodSandboxRequest,
  RemovePodSandboxResponse,
  RunPodSandboxRequest,
  RunPodSandboxResponse,
  StopPodSandboxRequest,
  StopPodSandboxResponse,
  UpdatePodSandboxResourcesRequest,
  UpdatePodSandboxResourcesResponse,
} from './cri/pod-sandbox.ts'
import type {
  ContainerStatsRequest,
  ContainerStatsResponse,
  ImageFsInfoRequest,
  ImageFsInfoResponse,
  ListContainerStatsRequest,
  ListContainerStatsResponse,
  ListPodSandboxStatsRequest,
  ListPodSandboxStatsResponse,
  PodSandboxStatsRequest,
  PodSandboxStatsResponse,
} from './cri/stats.ts'
import type {
  RuntimeConfigRequest,
  RuntimeConfigResponse,
  StatusRequest,
  StatusResponse,
  UpdateRuntimeConfigRequest,
  UpdateRuntimeConfigResponse,
  VersionRequest,
  VersionResponse,
} from './cri/version-and-status.ts'

export interface CallOptions {
  /** How long to wait for the answer, in milliseconds; each call has its own default. */
  readonly timeout?: number
  readonly signal?: AbortSignal
}

type Call<Request, Response> = (request: Request, options?: CallOptions) => Promise<Response>

export interface RuntimeService {
  version: Call<VersionRequest, VersionResponse>
  status: Call<StatusRequest, StatusResponse>
  runtimeConfig: Call<RuntimeConfigRequest, RuntimeConfigResponse>
  updateRuntimeConfig: Call<UpdateRuntimeConfigRequest, UpdateRuntimeConfigResponse>

  /** Makes the sandbox and starts it: when this answers, the pod has its network. */
  runPodSandbox: Call<RunPodSandboxRequest, RunPodSandboxResponse>
  /** Kills what still runs in it and takes its network away; may be called again. */
  stopPodSandbox: Call<StopPodSandboxRequest, StopPodSandboxResponse>
  /** Removes it with its containers; may be called again. */
  removePodSandbox: Call<RemovePodSandboxRequest, RemovePodSandboxResponse>
  podSandboxStatus: Call<PodSandboxStatusRequest, PodSandboxStatusResponse>
  listPodSandbox: Call<ListPodSandboxRequest, ListPodSandboxResponse>
  updatePodSandboxResources: Call<UpdatePodSandboxResourcesRequest, UpdatePodSandboxResourcesResponse>

  createContainer: Call<CreateContainerRequest, CreateContainerResponse>
  startContainer: Call<StartContainerRequest, StartContainerResponse>
  /** Answers once it has stopped: by its stop signal, or killed after `timeout` seconds. May be called again. */
  stopContainer: Call<StopContainerRequest, StopContainerResponse>
  /** May be called again. */
  removeContainer: Call<RemoveContainerRequest, RemoveContainerResponse>
  containerStatus: Call<ContainerStatusRequest, ContainerStatusResponse>
  listContainers: Call<ListContainersRequest, ListContainersResponse>
  updateContainerResources: Call<UpdateContainerResourcesRequest, UpdateContainerResourcesResponse>
  reopenContainerLog: Call<ReopenContainerLogRequest, ReopenContainerLogResponse>

  /** A command that fails answers with its exit code; the error is for commands that could not be run. */
  execSync: Call<ExecSyncRequest, ExecSyncResponse>
  /** Answers with the URL of a streaming server, for one connection. So do `attach` and `portForward`. */
  exec: Call<ExecRequest, ExecResponse>
  attach: Call<AttachRequest, AttachResponse>
  portForward: Call<PortForwardRequest, PortForwardResponse>

  containerStats: Call<ContainerStatsRequest, ContainerStatsResponse>
  listContainerStats: Call<ListContainerStatsRequest, ListContainerStatsResponse>
  podSandboxStats: Call<PodSandboxStatsRequest, PodSandboxStatsResponse>
  listPodSandboxStats: Call<ListPodSandboxStatsRequest, ListPodSandboxStatsResponse>

  /** What happens to containers from now on; older runtimes answer with an `Unimplemented` error. */
  getContainerEvents(signal: AbortSignal): AsyncIterable<ContainerEventResponse>
}

export interface ImageService {
  listImages: Call<ListImagesRequest, ListImagesResponse>
  /** The answer has no `image` when it is not there. */
  imageStatus: Call<ImageStatusRequest, ImageStatusResponse>
  pullImage: Call<PullImageRequest, PullImageResponse>
  /** May be called again. */
  removeImage: Call<RemoveImageRequest, RemoveImageResponse>
  imageFsInfo: Call<ImageFsInfoRequest, ImageFsInfoResponse>
}

export interface ContainerRuntime extends RuntimeService, ImageService {
  /** Where it answers, for messages: `unix:///run/containerd/containerd.sock`, `simulated`. */
  readonly endpoint: string
  /** Set when the containers live in this very process: use this in place of log files and streaming URLs. */
  readonly inProcess?: InProcessContainers
  close(): void
}

/** How a runtime without log files and without a streaming server hands over the same things. */
export interface InProcessContainers {
  /** The log of a container, in CRI's log format. Throws a `NotFound` RuntimeError when there is no such container. */
  containerLog(containerId: string): ContainerLog
  /** Answers with the exit code once the command has ended. */
  exec(request: ExecRequest, streams: ContainerStreams): Promise<number>
  /** Answers once the container has ended or the signal is aborted. */
  attach(request: AttachRequest, streams: ContainerStreams): Promise<void>
  /** Connects the stream with a port of the pod; rejects when nothing listens there. */
  portForward(podSandboxId: string, port: number, stream: Duplex): Promise<void>
  /** What a probe of the container finds, of whatever kind it is: there is no address to connect to. */
  probe(containerId: string): { readonly healthy: boolean; readonly output: string }
}

export interface ContainerLog {
  /** All bytes from the offset on, as far as they are written. */
  read(offset: number): Uint8Array
  /** Calls back after every write, until the returned function is called. */
  onWrite(callback: () => void): () => void
}

export interface ContainerStreams {
  readonly stdin?: AsyncIterable<Uint8Array>
  stdout(chunk: Uint8Array): void
  stderr(chunk: Uint8Array): void
  readonly signal?: AbortSignal
}

/** gRPC's status codes, by their names. */
export type RuntimeErrorCode = Exclude<GrpcCode, 'OK'>

/** A call that failed. The message has the form in which upstream's kubelet shows such errors in events. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError'
  readonly code: RuntimeErrorCode
  /** What the runtime itself said. */
  readonly description: string

  constructor(code: RuntimeErrorCode, description: string, options?: ErrorOptions) {
    super(`rpc error: code = ${code} desc = ${description}`, options)
    this.code = code
    this.description = description
  }
}
