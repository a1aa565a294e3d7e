// What lazy.ts loads.

export * as checks from './crd-checks.ts'
export { Serving } from './serving.ts'
