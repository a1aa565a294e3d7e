import { ageCell } from '../../cells.ts'
import type { ClusterRoleBinding } from './clusterrolebinding.ts'
import type { RoleBinding } from './rolebinding.ts'

/** Of RoleBindings and ClusterRoleBindings. */
export function roleBindingCells(binding: RoleBinding | ClusterRoleBinding, now: number): unknown[] {
  const { roleRef, subjects = [] } = binding
  const named = (kind: string) => subjects.filter(subject => subject.kind === kind)
  return [
    binding.metadata.name,
    `${roleRef.kind}/${roleRef.name}`,
    ageCell(binding, now),
    names(named('User')),
    names(named('Group')),
    named('ServiceAccount')
      .map(({ namespace, name }) => (namespace ? `${namespace}/${name}` : name))
      .join(', '),
  ]
}

const names = (subjects: readonly { readonly name: string }[]): string => subjects.map(({ name }) => name).join(', ')
