import { defaulter } from '../../defaulter.ts'
import { Subject } from './rolebinding.ts'

export const subjectDefaults = [
  defaulter(Subject, subject => {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= 'rbac.authorization.k8s.io'
  }),
]
