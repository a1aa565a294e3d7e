// KMS v2's gRPC service on a Unix socket, and the form in which its envelopes are stored.

import type { Client, ServiceError } from '@grpc/grpc-js'
import type { Clock } from '../../machinery/env/env.ts'
import {
  bytes,
  type Decoded,
  enumeration,
  type Init,
  list,
  type Message,
  message,
  oneOf,
  string,
} from '../../machinery/proto/message.ts'
import { decodeMessage, encodeMessage } from '../../machinery/proto/wire.ts'

/** An entry of a map from text to bytes. */
const Annotation = message({ key: string(1), value: bytes(2) })

export const StatusRequest = message({})
export const StatusResponse = message({ version: string(1), healthz: string(2), keyID: string(3) })
export const DecryptRequest = message({
  ciphertext: bytes(1),
  uid: string(2),
  keyID: string(3),
  annotations: list(4, Annotation),
})
export const DecryptResponse = message({ plaintext: bytes(1) })
export const EncryptRequest = message({ plaintext: bytes(1), uid: string(2) })
export const EncryptResponse = message({ ciphertext: bytes(1), keyID: string(2), annotations: list(3, Annotation) })

export const sourceTypes = enumeration('AES_GCM_KEY', 'HKDF_SHA256_XNONCE_AES_GCM_SEED')

/** A value in the store, after its prefix. */
export const EncryptedObject = message({
  encryptedData: bytes(1),
  keyID: string(2),
  encryptedDEKSource: bytes(3),
  annotations: list(4, Annotation),
  encryptedDEKSourceType: oneOf(5, sourceTypes),
})
export type EncryptedObject = Decoded<typeof EncryptedObject>

export interface KmsService {
  status(): Promise<Decoded<typeof StatusResponse>>
  encrypt(request: Init<typeof EncryptRequest>): Promise<Decoded<typeof EncryptResponse>>
  decrypt(request: Init<typeof DecryptRequest>): Promise<Decoded<typeof DecryptResponse>>
  close(): void
}

export const kmsServicePath = (method: 'Status' | 'Encrypt' | 'Decrypt') => `/v2.KeyManagementService/${method}`

/** `endpoint` is unix:///path or unix:///@abstract; the timeout is in milliseconds. */
export async function kmsService(endpoint: string, timeout: number, clock: Clock): Promise<KmsService> {
  const grpc = await import('@grpc/grpc-js')
  const path = endpoint.replace(/^unix:(\/\/)?/, '')
  const client: Client = new grpc.Client(
    path.startsWith('/@') ? `unix-abstract:${path.slice(2)}` : `unix:${path}`,
    grpc.credentials.createInsecure(),
    {
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 3_000,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_http_proxy': 0,
      'grpc.service_config_disable_resolution': 1,
    },
  )
  const call =
    <Request extends Message<any>, Response extends Message<any>>(
      method: 'Status' | 'Encrypt' | 'Decrypt',
      request: Request,
      response: Response,
    ) =>
    (value: Init<Request>): Promise<Decoded<Response>> =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          kmsServicePath(method),
          (init: Init<Request>) => Buffer.from(encodeMessage(request, init)),
          (encoded: Buffer) => decodeMessage(response, encoded),
          value,
          new grpc.Metadata(),
          { deadline: clock.now() + timeout },
          (error: ServiceError | null, answer?: Decoded<Response>) => {
            if (!error) resolve(answer!)
            else reject(new Error(`rpc error: code = ${codeName(grpc.status[error.code])} desc = ${error.details}`))
          },
        )
      })
  const status = call('Status', StatusRequest, StatusResponse)
  return {
    status: () => status({}),
    encrypt: call('Encrypt', EncryptRequest, EncryptResponse),
    decrypt: call('Decrypt', DecryptRequest, DecryptResponse),
    close: () => client.close(),
  }
}

/** As Go's gRPC names them: DEADLINE_EXCEEDED is DeadlineExceeded. */
const codeName = (name = 'UNKNOWN') =>
  name.toLowerCase().replace(/(^|_)([a-z])/g, (_, _mark, letter) => letter.toUpperCase())
