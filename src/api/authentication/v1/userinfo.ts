import { type Infer, list, map, object, string, wrappedListOf } from '../../../machinery/schema/schema.ts'

export const UserInfo = object('io.k8s.api.authentication.v1.UserInfo', {
  username: string(1),
  uid: string(2),
  groups: list(3, 'string').listType('atomic'),
  extra: map(4, wrappedListOf('string')),
})
export type UserInfo = Infer<typeof UserInfo>
