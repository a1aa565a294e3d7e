// What `k8ts kubectl` runs in: this process's output, and the API server that the kubeconfig names.

import type { KubectlWorld } from './kubectl.ts'

export const terminal: KubectlWorld = {
  stdout: text => void process.stdout.write(text),
  stderr: text => void process.stderr.write(text),
  exit: code => {
    process.exitCode = code
  },
  clock: { sleep: milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds)) },
  async connect({ kubeconfig, namespace, ...choice }) {
    const [{ clientConfig, kubeconfigPaths, loadKubeconfig }, { httpsTransport }, { systemEnv }] = await Promise.all([
      import('../client/kubeconfig.ts'),
      import('../client/https-transport.ts'),
      import('../cluster/system-env.ts'),
    ])
    const env = systemEnv({ logLevel: 'error' })
    const files = kubeconfigPaths(process.env, kubeconfig)
    const config = clientConfig(loadKubeconfig(files, { required: kubeconfig !== undefined }), env, choice)
    return {
      transport: httpsTransport({ ...config.transport, env, userAgent: 'kubectl/v1.36 (k8ts)' }),
      namespace: namespace ?? config.namespace,
    }
  },
}
