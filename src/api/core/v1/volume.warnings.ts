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
  // Volumes have few fields, and nearly none is one of these.
  let found = false
  for (const field in volume) if (Object.hasOwn(deprecatedKinds, field)) found = true
  if (!found) return
  for (const kind of kinds)
    if (volume[kind] !== undefined) warnings.push(`${path}.${pathNames[kind] ?? kind}: ${deprecatedKinds[kind]}`)
}

export function warnOfVolumes(
  volumes: readonly Volume[],
  path: string,
  warnOfClaim: (spec: PersistentVolumeClaimSpec, path: string, warnings: string[]) => void,
  warnings: string[],
): void {
  let tokens: string[] | undefined
  for (let index = 0; index < volumes.length; index++) {
    const volume = volumes[index]!
    warnOfVolumeKind(volume, `${path}.volumes[${index}]`, warnings)
    const claim = volume.ephemeral?.volumeClaimTemplate?.spec
    if (claim) warnOfClaim(claim, `${path}.volumes[${index}].ephemeral.volumeClaimTemplate.spec`, warnings)
    const sources = volume.projected?.sources
    if (!sources) continue
    for (const { serviceAccountToken } of sources)
      if (serviceAccountToken) {
        tokens ??= []
        tokens.push(serviceAccountToken.path ?? '')
      }
  }
  if (tokens) warnOfHiddenTokens(volumes, tokens, path, warnings)
}

/** The names upstream gives the kinds in these paths. */
const itemKinds = { configMap: 'configMap', secret: 'secrets', downwardAPI: 'downwardAPI' } as const
const kindsWithItems = ['configMap', 'secret', 'downwardAPI'] as const

function warnOfHiddenTokens(
  volumes: readonly Volume[],
  tokens: readonly string[],
  path: string,
  warnings: string[],
): void {
  for (let index = 0; index < volumes.length; index++) {
    const sources = volumes[index]!.projected?.sources
    if (!sources) continue
    const hides = (file: string | undefined, where: string): void => {
      if (file !== undefined && tokens.includes(file))
        warnings.push(
          `${path}.volumes[${index}].projected.sources.${where}: has duplicated path with ServiceAccountToken ${quote(file)}`,
        )
    }
    for (const source of sources) {
      for (const kind of kindsWithItems) {
        const items = source[kind]?.items
        if (!items) continue
        for (let at = 0; at < items.length; at++) hides(items[at]!.path, `${itemKinds[kind]}[${at}]`)
      }
      if (source.clusterTrustBundle) hides(source.clusterTrustBundle.path, 'ClusterTrustBundle')
    }
  }
}
