// AlwaysPullImages: nobody uses an image that only somebody else's credentials could pull.

import type { KubeObject } from '../../../api/resource.ts'
import { type AdmissionAttributes, type AdmissionPlugin, isResource } from '../admission.ts'

type Image = { readonly image?: string; readonly imagePullPolicy?: string }

export const alwaysPullImages: AdmissionPlugin = {
  name: 'AlwaysPullImages',
  handles: operation => operation === 'CREATE' || operation === 'UPDATE',
  admit(attributes): void {
    const { object: pod, subresource } = attributes
    if (!pod || !isResource(attributes, '', 'pods') || (subresource !== '' && subresource !== 'ephemeralcontainers'))
      return
    if (attributes.operation === 'UPDATE' && !hasNewImage(attributes)) return
    const { spec } = pod
    const pulled: Record<string, unknown> = {}
    for (const list of ['containers', 'initContainers', 'ephemeralContainers'])
      if (spec[list]) pulled[list] = spec[list].map((container: Image) => ({ ...container, imagePullPolicy: 'Always' }))
    if (spec.volumes)
      pulled['volumes'] = spec.volumes.map((volume: { image?: { reference?: string } }) =>
        volume.image?.reference ? { ...volume, image: { ...volume.image, pullPolicy: 'Always' } } : volume,
      )
    attributes.object = { ...pod, spec: { ...spec, ...pulled } }
  },
}

function imagesOf({ spec }: KubeObject): Set<string | undefined> {
  const { containers = [], initContainers = [], ephemeralContainers = [], volumes = [] } = spec
  const named: Image[] = [...containers, ...initContainers, ...ephemeralContainers]
  return new Set([
    ...named.map(({ image }) => image),
    ...volumes.flatMap(({ image }: { image?: { reference?: string } }) => image?.reference ?? []),
  ])
}

function hasNewImage({ object, oldObject }: AdmissionAttributes): boolean {
  const before = imagesOf(oldObject!)
  return [...imagesOf(object!)].some(image => !before.has(image))
}
