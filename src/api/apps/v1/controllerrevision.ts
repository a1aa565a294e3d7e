import { any, type Infer, int64, object, ref } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const ControllerRevision = object('io.k8s.api.apps.v1.ControllerRevision', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  data: any(2, 'io.k8s.apimachinery.pkg.runtime.RawExtension').always(),
  revision: int64(3).required(),
})
export type ControllerRevision = Infer<typeof ControllerRevision>

export const ControllerRevisionList = listKind('io.k8s.api.apps.v1.ControllerRevisionList', ControllerRevision)
export type ControllerRevisionList = Infer<typeof ControllerRevisionList>

export const controllerRevisions = resource({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  resource: 'controllerrevisions',
  schema: ControllerRevision,
  listSchema: ControllerRevisionList,
  namespaced: true,
  verbs: allVerbs,
  columns: [
    nameColumn,
    column('Controller', 'string', 'Controller of the object'),
    column('Revision', 'string', describedBy(ControllerRevision, 'revision')),
    ageColumn,
  ],
})
