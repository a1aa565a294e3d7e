// Everything that is compared, in the order in which it is asked.

import type { Subject } from './subject.ts'
import { changes } from './subjects/changes.ts'
import { customResources } from './subjects/custom-resources.ts'
import { deletion } from './subjects/deletion.ts'
import { deviceSelectors } from './subjects/device-selectors.ts'
import { encodings } from './subjects/encodings.ts'
import { everyKind } from './subjects/every-kind.ts'
import { negotiation } from './subjects/negotiation.ts'
import { oddRequests } from './subjects/odd-requests.ts'
import { reading } from './subjects/reading.ts'
import { requests } from './subjects/requests.ts'
import { validation } from './subjects/validation.ts'

export const subjects: readonly Subject[] = [
  ...validation,
  ...requests,
  ...changes,
  ...reading,
  ...everyKind,
  ...customResources,
  ...deviceSelectors,
  ...encodings,
  ...deletion,
  ...negotiation,
  ...oddRequests,
]
