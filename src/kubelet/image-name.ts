// Names of images: `busybox`, `registry:5000/team/app:v1`, `app@sha256:…`.

const domain =
  /^(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?$|^\[[a-fA-F0-9:]+\](?::[0-9]+)?$/
const pathComponent = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const tagPattern = /^\w[\w.-]{0,127}$/
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/

export interface ImageName {
  /** Where a pull goes: docker.io when the name has no registry. */
  readonly registry: string
  /** Of the whole name, registry included, without tag and digest: docker.io/library/busybox. */
  readonly repository: string
  readonly tag?: string
  readonly digest?: string
}

/** Throws an Error with upstream's message for a name that isn't one. */
export function parseImageName(image: string): ImageName {
  const invalid = (why: string) => new Error(`couldn't parse image name "${image}": ${why}`)
  const [beforeDigest, digest, ...more] = image.split('@')
  if (more.length > 0 || (digest !== undefined && !digestPattern.test(digest)))
    throw invalid('invalid reference format')
  let name = beforeDigest!
  let tag: string | undefined
  const colon = name.lastIndexOf(':')
  if (colon > name.lastIndexOf('/')) {
    tag = name.slice(colon + 1)
    name = name.slice(0, colon)
    if (!tagPattern.test(tag)) throw invalid('invalid reference format')
  }
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  const hasRegistry = first !== '' && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first)
  const registry = hasRegistry ? first : 'docker.io'
  const path = hasRegistry ? name.slice(slash + 1) : name
  if (hasRegistry && !domain.test(registry)) throw invalid('invalid reference format')
  if (/[A-Z]/.test(path)) throw invalid('invalid reference format: repository name must be lowercase')
  if (path === '' || !path.split('/').every(part => pathComponent.test(part))) throw invalid('invalid reference format')
  const repository = `${registry}/${!hasRegistry && slash < 0 ? `library/${path}` : path}`
  return { registry, repository, ...(tag ? { tag } : {}), ...(digest ? { digest } : {}) }
}

/** The name with `:latest` when it has neither tag nor digest; not otherwise completed, that is the runtime's to do. */
export function withDefaultTag(image: string): string {
  const { tag, digest } = parseImageName(image)
  return tag || digest ? image : `${image}:latest`
}
