// Kubeconfigs: what a client needs to reach a cluster as someone.
//
// Here: how one looks. `user-kubeconfig.ts` beside it puts a cluster's entry into the user's own file and takes it out
// again.

import { stringify } from 'yaml'

export type ClientCredential =
  | { readonly certificate: string; readonly privateKey: string }
  | { readonly token: string }

export interface KubeconfigOptions {
  /** The name of the context, and of its cluster and user. */
  readonly name: string
  /** Such as https://127.0.0.1:6443. */
  readonly server: string
  /** PEM. */
  readonly certificateAuthority: string
  readonly credential: ClientCredential
  /** The user's name in the file, when it isn't the context's. */
  readonly user?: string
  readonly namespace?: string
}

export interface NamedCluster {
  name: string
  cluster: { server: string; 'certificate-authority-data': string }
}

export interface NamedUser {
  name: string
  user: { 'client-certificate-data': string; 'client-key-data': string } | { token: string }
}

export interface NamedContext {
  name: string
  context: { cluster: string; user: string; namespace?: string }
}

export interface Kubeconfig {
  apiVersion: 'v1'
  kind: 'Config'
  clusters: NamedCluster[]
  contexts: NamedContext[]
  'current-context': string
  preferences: Record<string, never>
  users: NamedUser[]
}

export function makeKubeconfig(options: KubeconfigOptions): Kubeconfig {
  const { name, server, credential, namespace, user = name } = options
  const base64 = (pem: string) => Buffer.from(pem).toString('base64')
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(options.certificateAuthority) } }],
    contexts: [{ name, context: { cluster: name, user, ...(namespace !== undefined && { namespace }) } }],
    'current-context': name,
    preferences: {},
    users: [
      {
        name: user,
        user:
          'token' in credential
            ? { token: credential.token }
            : {
                'client-certificate-data': base64(credential.certificate),
                'client-key-data': base64(credential.privateKey),
              },
      },
    ],
  }
}

export function kubeconfigText(kubeconfig: Kubeconfig): string {
  return stringify(kubeconfig, { lineWidth: 0 })
}
