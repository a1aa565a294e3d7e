// Kinds of volumes that nothing provides any more, and files of projected volumes that hide each other.

import { quote } from '../../../machinery/go-text.ts'
import type { PersistentVolumeClaimSpec } from './persistentvolumeclaim.ts'
import type { Volume } from './volume.ts'

const noMore = (since: string, gone: string): string => `deprecated in v${since}, non-functional in v${gone}+`

/** In upstream's order. */
const deprecatedKinds: Readonly<Record<string, string>> = {
  photonPersistentDisk: noMore('1.11', '1.16'),
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: noMore('1.16', '1.22'),
  flocker: noMore('1.22', '1.25'),
  storageos: noMore('1.22', '1.25'),
  quobyte: noMore('1.22', '1.25'),
  glusterfs: noMore('1.25', '1.26'),
  cephfs: noMore('1.28', '1.31'),
  rbd: noMore('1.28', '1.31'),
}
const pathNames: Readonly<Record<string, string>> = { storageos: 'storageOS' }
const kinds = Object.keys(deprecatedKinds)

/** A volume of a pod, or a PersistentVolume's spec. */
export function warnOfVolumeKind(volume: Readonly<Record<string, any>>, path: string, warnings: string[]): void {
  for (const kind of kinds)
    if (volume[kind] !== undefined) warnings.push(`${path}.${pathNames[kind] ?? kind}: ${deprecatedKinds[kind]}`)
}

export function warnOfVolumes(
  volumes: readonly Volume[],
  path: string,
  warnOfClaim: (spec: PersistentVolumeClaimSpec, path: string, warnings: string[]) => void,
  warnings: string[],
): void {
  let tokens: Set<string> | undefined
  for (let index = 0; index < volumes.length; index++) {
    const volume = volumes[index]!
    warnOfVolumeKind(volume, `${path}.volumes[${index}]`, warnings)
    const claim = volume.ephemeral?.volumeClaimTemplate?.spec
    if (claim) warnOfClaim(claim, `${path}.volumes[${index}].ephemeral.volumeClaimTemplate.spec`, warnings)
    for (const { serviceAccountToken } of volume.projected?.sources ?? [])
      if (serviceAccountToken) {
        tokens ??= new Set()
        tokens.add(serviceAccountToken.path ?? '')
      }
  }
  if (tokens) warnOfHiddenTokens(volumes, tokens, path, warnings)
}

/** The names upstream gives the kinds in these paths. */
const itemKinds = { configMap: 'configMap', secret: 'secrets', downwardAPI: 'downwardAPI' } as const
const kindsWithItems = ['configMap', 'secret', 'downwardAPI'] as const

function warnOfHiddenTokens(
  volumes: readonly Volume[],
  tokens: ReadonlySet<string>,
  path: string,
  warnings: string[],
): void {
  volumes.forEach(({ projected }, index) => {
    const hides = (file: string | undefined, where: string): void => {
      if (file !== undefined && tokens.has(file))
        warnings.push(
          `${path}.volumes[${index}].projected.sources.${where}: has duplicated path with ServiceAccountToken ${quote(file)}`,
        )
    }
    for (const source of projected?.sources ?? []) {
      for (const kind of kindsWithItems)
        source[kind]?.items?.forEach((item, itemIndex) => {
          hides(item.path, `${itemKinds[kind]}[${itemIndex}]`)
        })
      if (source.clusterTrustBundle) hides(source.clusterTrustBundle.path, 'ClusterTrustBundle')
    }
  })
}
