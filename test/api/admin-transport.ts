// The administrator's connection to a cluster that listens, as kubectl has it.

import { httpsTransport } from '../../src/client/https-transport.ts'
import type { Transport } from '../../src/client/transport.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'

export function adminTransport({ env, plane: { pki, port } }: Cluster): Transport {
  return httpsTransport({
    env,
    server: `https://127.0.0.1:${port}`,
    ca: pki.certificateAuthority.certificate,
    cert: pki.admin.certificate,
    key: pki.admin.privateKey,
  })
}
