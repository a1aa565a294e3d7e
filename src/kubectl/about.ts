// kubectl version and api-resources: what is here, and what is there.

import { ask, type Kubectl, KubectlError, type Output } from './kubectl.ts'
import { objectText } from './object-text.ts'
import { renderLines } from './table.ts'

/** The version of the API that this client is made for. */
export const clientVersion = { major: '1', minor: '36', gitVersion: 'v1.36.2' }

export async function version(to: Output, { output }: { readonly output?: string }, server?: Kubectl): Promise<void> {
  const serverVersion = server && (await ask(server, { method: 'GET', path: '/version' }))
  if (output === 'json' || output === 'yaml') return to.stdout(objectText({ clientVersion, serverVersion }, output))
  if (output) throw new KubectlError("--output must be 'yaml' or 'json'")
  to.stdout(`Client Version: ${clientVersion.gitVersion}\n`)
  if (serverVersion) to.stdout(`Server Version: ${serverVersion.gitVersion}\n`)
}

export interface ApiResourcesOptions {
  readonly apiGroup?: string
  readonly namespaced?: boolean
  readonly noHeaders?: boolean
  readonly output?: string
}

export async function apiResources(to: Kubectl, options: ApiResourcesOptions): Promise<void> {
  const { apiGroup, namespaced, noHeaders, output } = options
  if (output && output !== 'name' && output !== 'wide')
    throw new KubectlError(`--output ${output} is not available: name or wide`)
  const seen = new Set<string>()
  const shown = (await to.mapper.all())
    .filter(mapping => {
      const key = `${mapping.group}/${mapping.resource}`
      if (seen.has(key) || mapping.verbs.length === 0) return false
      seen.add(key)
      return (
        (apiGroup === undefined || mapping.group === apiGroup) &&
        (namespaced === undefined || mapping.namespaced === namespaced)
      )
    })
    .sort((a, b) => (a.group === b.group ? (a.resource < b.resource ? -1 : 1) : a.group < b.group ? -1 : 1))
  if (output === 'name')
    return to.stdout(shown.map(({ resource, group }) => `${resource}${group ? `.${group}` : ''}\n`).join(''))
  const wide = output === 'wide'
  const header = ['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND', ...(wide ? ['VERBS', 'CATEGORIES'] : [])]
  const lines = shown.map(mapping => [
    mapping.resource,
    mapping.shortNames.join(','),
    mapping.group ? `${mapping.group}/${mapping.version}` : mapping.version,
    String(mapping.namespaced),
    mapping.kind,
    ...(wide ? [[...mapping.verbs].sort().join(','), mapping.categories.join(',')] : []),
  ])
  to.stdout(renderLines(noHeaders ? lines : [header, ...lines]))
}
