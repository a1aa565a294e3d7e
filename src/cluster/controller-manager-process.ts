// `k8ts controller-manager`: kube-controller-manager against any API server.

import { legacyTokenIssuer } from '../apiserver/authentication/legacy-token-issuer.ts'
import { ControllerManager } from '../controllers/controller-manager.ts'
import { controllerList } from '../controllers/controller-names.ts'
import { errorText } from '../machinery/error-text.ts'
import { type ComponentOptions, type Connection, readPem, runComponent } from './component-process.ts'
import { defaultClusterCIDR } from './control-plane.ts'
import { removeDirectory } from './remove-directory.ts'
import { serviceAccountToken } from './service-account-credentials.ts'
import { UserFacingError } from './user-facing-error.ts'

export interface ControllerManagerProcessOptions extends ComponentOptions {
  readonly controllers: readonly string[]
  /** By the controllers' names. */
  readonly concurrency: ReadonlyMap<string, number>
  readonly allocateNodeCidrs: boolean
  readonly clusterCidr?: string
  readonly serviceClusterIpRange?: string
  readonly nodeCidrMaskSize?: number
  readonly nodeCidrMaskSizeIpv4?: number
  readonly nodeCidrMaskSizeIpv6?: number
  readonly rootCaFile?: string
  readonly clusterSigningCertFile?: string
  readonly clusterSigningKeyFile?: string
  readonly serviceAccountPrivateKeyFile?: string
  readonly useServiceAccountCredentials: boolean
}

export function runControllerManager(options: ControllerManagerProcessOptions): Promise<void> {
  try {
    controllerList(options.controllers)
  } catch (error) {
    throw new UserFacingError(errorText(error))
  }
  const files = readFiles(options)
  let manager: ControllerManager | undefined
  return runComponent(
    {
      name: 'kube-controller-manager',
      healthEndpoints: ['healthz'],
      health: () => (manager?.running ?? []).map(name => ({ name, check: () => undefined })),
      make: connection => {
        manager = makeManager(options, files, connection)
        return manager
      },
    },
    options,
  )
}

function makeManager(
  options: ControllerManagerProcessOptions,
  { rootCA, ...files }: ReturnType<typeof readFiles>,
  { env, metrics, client, clientAs, ca }: Connection,
): ControllerManager {
  return new ControllerManager({
    env,
    metrics,
    client,
    clientFor: name =>
      options.useServiceAccountCredentials ? clientAs(serviceAccountToken(client, env, name), name) : client,
    rootCA: rootCA ?? ca,
    removeDirectory,
    ...files,
    clusterCIDR: options.clusterCidr ?? defaultClusterCIDR,
    serviceCIDR: options.serviceClusterIpRange,
    nodeCIDRMaskSizes: {
      4: options.nodeCidrMaskSizeIpv4 ?? options.nodeCidrMaskSize,
      6: options.nodeCidrMaskSizeIpv6 ?? options.nodeCidrMaskSize,
    },
    // As upstream: without a range there is nothing to give to nodes.
    controllers: [
      ...(options.allocateNodeCidrs && options.clusterCidr !== undefined ? [] : ['-node-ipam-controller']),
      ...options.controllers,
    ],
    concurrency: options.concurrency,
  })
}

function readFiles(options: ControllerManagerProcessOptions) {
  const certificate = readPem('--cluster-signing-cert-file', options.clusterSigningCertFile)
  const privateKey = readPem('--cluster-signing-key-file', options.clusterSigningKeyFile)
  const tokenKey = readPem('--service-account-private-key-file', options.serviceAccountPrivateKeyFile)
  return {
    rootCA: readPem('--root-ca-file', options.rootCaFile),
    certificateAuthority:
      certificate !== undefined && privateKey !== undefined ? { certificate, privateKey } : undefined,
    issueLegacyToken: tokenKey === undefined ? undefined : legacyTokenIssuer(tokenKey),
  }
}
