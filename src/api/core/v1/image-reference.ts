// Reads image references as container runtimes do: [domain/]path[:tag][@digest].

/** Of the part between domain and tag. */
const longestRepository = 255
const component = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*'
const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const domain = `(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const reference = new RegExp(
  `^(?:${domain}/)?(?<repository>${component}(?:/${component})*)` +
    '(?::(?<tag>\\w[\\w.-]{0,127}))?' +
    '(?<digest>@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$',
)

/** Most containers have one of a few images. Emptied when full. */
const known = new Map<string, string>()
const mostKnown = 1000
const longestKnown = 512

/** The tag; `latest` where neither tag nor digest is given; '' for a digest alone and for what is no image name. */
export function imageTag(image: string): string {
  let tag = known.get(image)
  if (tag === undefined) {
    tag = readTag(image)
    if (known.size >= mostKnown) known.clear()
    if (image.length <= longestKnown) known.set(image, tag)
  }
  return tag
}

function readTag(image: string): string {
  const match = reference.exec(image)
  if (!match?.groups || /^[a-f0-9]{64}$/.test(image)) return ''
  const { repository = '', tag = '', digest = '' } = match.groups
  if (repository.length > longestRepository) return ''
  return tag === '' && digest === '' ? 'latest' : tag
}

/** What the server sets when no pull policy is given. */
export const defaultPullPolicy = (image: string): 'Always' | 'IfNotPresent' =>
  imageTag(image) === 'latest' ? 'Always' : 'IfNotPresent'
