// XSalsa20-Poly1305, as NaCl's secretbox: nonce, tag, ciphertext.

import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import type { Random } from '../../machinery/env/env.ts'
import { type Transformer, tooShort } from './transformer.ts'

const nonceSize = 24
const overhead = 16

export function secretbox(secret: Uint8Array, random: Random): Transformer {
  return {
    toStorage(data) {
      const nonce = random.bytes(nonceSize)
      return Buffer.concat([nonce, xsalsa20poly1305(secret, nonce).encrypt(data)])
    },
    fromStorage(data) {
      if (data.length < nonceSize + overhead) throw new Error(tooShort)
      try {
        const box = xsalsa20poly1305(secret, Uint8Array.from(data.subarray(0, nonceSize)))
        return { value: Buffer.from(box.decrypt(Uint8Array.from(data.subarray(nonceSize)))), stale: false }
      } catch {
        throw new Error('output array was not large enough for encryption')
      }
    },
  }
}
