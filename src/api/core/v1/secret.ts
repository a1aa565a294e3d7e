import { boolean, type Infer, map, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const Secret = object('io.k8s.api.core.v1.Secret', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  immutable: boolean(5).pointer(),
  data: map(2, 'bytes'),
  stringData: map(4, 'string'),
  type: string(3).serverDefault('Opaque'),
})
export type Secret = Infer<typeof Secret>

export const SecretList = listKind('io.k8s.api.core.v1.SecretList', Secret)
export type SecretList = Infer<typeof SecretList>

export const secrets = resource({
  group: '',
  version: 'v1',
  kind: 'Secret',
  resource: 'secrets',
  schema: Secret,
  listSchema: SecretList,
  namespaced: true,
  verbs: allVerbs,
  columns: [
    nameColumn,
    column('Type', 'string', describedBy(Secret, 'type')),
    column('Data', 'string', describedBy(Secret, 'data')),
    ageColumn,
  ],
  selectableFields: { type: secret => secret.type ?? '' },
})
