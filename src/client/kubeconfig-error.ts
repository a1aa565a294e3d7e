/** Something is wrong with the configuration, in words for its owner. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError'
}
