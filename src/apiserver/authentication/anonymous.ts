// Who shows nothing is system:anonymous. Comes last, and only when nothing was shown: bad credentials are not anonymous.

import { allUnauthenticated, anonymousUser, type UserInfo } from '../user.ts'
import type { Authenticator } from './authenticator.ts'

const anonymous: UserInfo = { name: anonymousUser, groups: [allUnauthenticated] }

export const anonymousAuthenticator: Authenticator = { authenticate: () => anonymous }
