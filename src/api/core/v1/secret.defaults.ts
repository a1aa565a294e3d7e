import { defaulter } from '../../defaulter.ts'
import { Secret } from './secret.ts'

export const secretDefaults = [
  // Write-only: what is given as text is kept, and read, as data.
  defaulter(Secret, secret => {
    if (!secret.stringData) return
    secret.data ??= {}
    for (const [key, text] of Object.entries(secret.stringData)) secret.data[key] = Buffer.from(text).toString('base64')
    delete secret.stringData
  }),
]
