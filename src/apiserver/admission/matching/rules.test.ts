import { expect, test } from 'vitest'
import type { RuleWithOperations } from '../../../api/admissionregistration/v1/matchresources.ts'
import type { ResourceDeclaration } from '../../../api/resource.ts'
import type { AdmissionOperation } from '../admission.ts'
import { ruleMatches } from './rules.ts'

const any = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }
type Request = { of?: string; group?: string; version?: string; operation?: AdmissionOperation; namespace?: string }

test.each<[object, Request, boolean]>([
  [{}, {}, true],
  [{ operations: ['CREATE'] }, {}, true],
  [{ operations: ['UPDATE', 'DELETE'] }, {}, false],
  [{ apiGroups: [''] }, {}, true],
  [{ apiGroups: ['apps'] }, {}, false],
  [{ apiGroups: ['apps'] }, { group: 'apps' }, true],
  [{ apiVersions: ['v1'] }, {}, true],
  [{ apiVersions: ['v2'] }, {}, false],
  [{ resources: ['pods'] }, {}, true],
  [{ resources: ['pods'] }, { of: 'pods/status' }, false],
  [{ resources: ['pods/status'] }, { of: 'pods/status' }, true],
  [{ resources: ['pods/*'] }, { of: 'pods/status' }, true],
  [{ resources: ['pods/*'] }, {}, true],
  [{ resources: ['*'] }, { of: 'pods/status' }, false],
  [{ resources: ['*/status'] }, { of: 'pods/status' }, true],
  [{ resources: ['*/*'] }, { of: 'pods/status' }, true],
  [{ resources: ['services', 'pods'] }, {}, true],
  [{ scope: '*' }, { of: 'nodes', namespace: '' }, true],
  [{ scope: 'Namespaced' }, {}, true],
  [{ scope: 'Namespaced' }, { of: 'nodes', namespace: '' }, false],
  [{ scope: 'Cluster' }, { of: 'nodes', namespace: '' }, true],
  [{ scope: 'Cluster' }, {}, false],
  [{ scope: 'Cluster' }, { of: 'namespaces', namespace: 'itself' }, true],
  [{ scope: 'Namespaced' }, { of: 'namespaces', namespace: 'itself' }, false],
])(
  '%j and %j: %j',
  (rule, { of = 'pods', group = '', version = 'v1', operation = 'CREATE', namespace = 'a' }, matches) => {
    const [resource, subresource = ''] = of.split('/')
    const declaration = { group, version, resource } as ResourceDeclaration
    const given = { ...any, ...rule } as RuleWithOperations
    expect(ruleMatches(given, declaration, { operation, subresource, namespace })).toBe(matches)
  },
)
