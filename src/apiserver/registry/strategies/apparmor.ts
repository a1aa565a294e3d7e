// AppArmor profiles are fields now and were annotations (KEP-24): a new pod's annotations become fields.

import type { KubeObject } from '../../../api/resource.ts'
import { deepEqual } from '../../../machinery/deep-equal.ts'

const prefix = 'container.apparmor.security.beta.kubernetes.io/'

interface Profile {
  readonly type?: string
  readonly localhostProfile?: string
}

interface Container {
  readonly name?: string
  securityContext?: { appArmorProfile?: Profile }
}

export function syncAppArmor(pod: KubeObject, warn: (text: string) => void): void {
  const { spec } = pod
  if (spec.os?.name === 'windows') return
  const ofPod: Profile | undefined = spec.securityContext?.appArmorProfile
  const annotations: Record<string, string> | undefined = pod.metadata['annotations']
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'])
    for (const container of (spec[list] ?? []) as Container[]) {
      const own = container.securityContext?.appArmorProfile
      const key = prefix + (container.name ?? '')
      const annotation = annotations?.[key]
      if (annotation !== undefined && !own) {
        const profile = profileOf(annotation)
        const differs = profile && !deepEqual(profile, ofPod)
        if (differs) container.securityContext = { ...container.securityContext, appArmorProfile: profile }
        if (!profile || differs)
          warn(`metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`)
      }
    }
}

function profileOf(annotation: string): Profile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' }
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' }
  const name = annotation.startsWith('localhost/') ? annotation.slice('localhost/'.length) : ''
  return name !== '' && name.trim() === name ? { type: 'Localhost', localhostProfile: name } : undefined
}
