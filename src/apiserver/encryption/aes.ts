// AES, as upstream lays it out in the store. GCM: nonce, ciphertext, tag; the key's path is authenticated. CBC: IV,
// ciphertext padded by PKCS #7; nothing is authenticated. Extended nonce: 32 bytes from which each value's own GCM key
// is derived (HKDF-Expand with SHA-256), then as GCM.

import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import type { Random } from '../../machinery/env/env.ts'
import { type Transformer, tooShort } from './transformer.ts'

const nonceSize = 12
const tagSize = 16
const blockSize = 16
const infoSize = 32
export const minSeedSize = 32

export function gcm(secret: Uint8Array, random: Random): Transformer {
  const algorithm = `aes-${secret.length * 8}-gcm` as 'aes-256-gcm'
  return {
    toStorage(data, key) {
      const nonce = random.bytes(nonceSize)
      const cipher = createCipheriv(algorithm, secret, nonce).setAAD(Buffer.from(key))
      return Buffer.concat([nonce, cipher.update(data), cipher.final(), cipher.getAuthTag()])
    },
    fromStorage(data, key) {
      if (data.length < nonceSize) throw new Error(tooShort)
      try {
        const decipher = createDecipheriv(algorithm, secret, data.subarray(0, nonceSize), { authTagLength: tagSize })
        decipher.setAAD(Buffer.from(key)).setAuthTag(data.subarray(Math.max(nonceSize, data.length - tagSize)))
        const text = decipher.update(data.subarray(nonceSize, data.length - tagSize))
        return { value: Buffer.concat([text, decipher.final()]), stale: false }
      } catch {
        throw new Error('cipher: message authentication failed')
      }
    },
  }
}

export function cbc(secret: Uint8Array, random: Random): Transformer {
  const algorithm = `aes-${secret.length * 8}-cbc`
  return {
    toStorage(data) {
      const iv = random.bytes(blockSize)
      const cipher = createCipheriv(algorithm, secret, iv)
      return Buffer.concat([iv, cipher.update(data), cipher.final()])
    },
    fromStorage(data) {
      if (data.length < blockSize) throw new Error(tooShort)
      if (data.length % blockSize !== 0) throw new Error('the stored data is not a multiple of the block size')
      // The padding is looked at here, to say what is wrong with it.
      const decipher = createDecipheriv(algorithm, secret, data.subarray(0, blockSize)).setAutoPadding(false)
      const padded = Buffer.concat([decipher.update(data.subarray(blockSize)), decipher.final()])
      const padding = padded[padded.length - 1] ?? 0
      if (padding === 0 || padding > padded.length) throw new Error('invalid PKCS7 data (empty or not padded)')
      const size = padded.length - padding
      for (let index = size; index < padded.length; index++)
        if (padded[index] !== padding) throw new Error('invalid padding on input')
      return { value: padded.subarray(0, size), stale: false }
    },
  }
}

export function extendedNonceGCM(seed: Uint8Array, random: Random): Transformer {
  if (seed.length < minSeedSize) throw new Error(`invalid seed length ${seed.length} used for key generation`)
  // One block of HKDF-Expand is all that is needed.
  const derived = (info: Uint8Array) =>
    gcm(createHmac('sha256', seed).update(info).update(Uint8Array.of(1)).digest(), random)
  return {
    toStorage(data, key) {
      const info = random.bytes(infoSize)
      return Buffer.concat([info, derived(info).toStorage(data, key)])
    },
    fromStorage(data, key) {
      if (data.length < infoSize) throw new Error(tooShort)
      return derived(data.subarray(0, infoSize)).fromStorage(data.subarray(infoSize), key)
    },
  }
}
