// Members of system:masters may do everything, whatever roles say: the way back in when roles are broken.

import { systemPrivilegedGroup } from '../user.ts'
import { type Authorizer, noOpinion } from './authorizer.ts'

const allowed = { allowed: true, reason: '' }

export const privilegedGroups: Authorizer = {
  authorize: ({ user }) => (user.groups.includes(systemPrivilegedGroup) ? allowed : noOpinion),
}
