// Classes of storage, drivers, attachments.

import { validateStorageClass, validateStorageClassUpdate } from '../../../api/cluster-kinds.validation.ts'
import { maxLengthMessage, nameIsDNSSubdomain } from '../../../machinery/validation/names.ts'
import type { Strategy } from '../strategy.ts'

const longestDriverName = 63

/** A driver's name; capital letters and all its dots count towards 63. */
export function csiDriverName(name: string): string[] {
  const messages = name.length > longestDriverName ? [maxLengthMessage(longestDriverName)] : []
  return [...messages, ...nameIsDNSSubdomain(name.toLowerCase(), false)]
}

export const storageStrategies: Readonly<Record<string, Strategy>> = {
  'storageclasses.storage.k8s.io': { validate: validateStorageClass, validateUpdate: validateStorageClassUpdate },
  'csidrivers.storage.k8s.io': { allowUnconditionalUpdate: false, validateName: csiDriverName },
  'csinodes.storage.k8s.io': { allowUnconditionalUpdate: false },
  'csistoragecapacities.storage.k8s.io': { allowUnconditionalUpdate: false },
  'volumeattachments.storage.k8s.io': { allowUnconditionalUpdate: false },
  'volumeattributesclasses.storage.k8s.io': {},
}
