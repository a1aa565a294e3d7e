// The Roles that every cluster has, by namespace (cluster-roles.ts says how a rule is written), and who is bound to them.

export interface BootstrapRole {
  readonly namespace: string
  readonly name: string
  readonly rules: readonly string[]
  /** The binding's name, when it isn't the role's. */
  readonly binding?: string
  /** `user:<name>`, `group:<name>` or `serviceaccount:<name>` (of kube-system). */
  readonly subjects: readonly string[]
}

const events = 'create,patch,update core,events.k8s.io events'
const leaderLocking = [
  'read,create,update coordination.k8s.io leases',
  'read,create,update coordination.k8s.io leasecandidates',
]

export const namespacedRoles: readonly BootstrapRole[] = [
  {
    namespace: 'kube-public',
    name: 'system:controller:bootstrap-signer',
    rules: ['read core configmaps', 'update core configmaps cluster-info', events],
    subjects: ['serviceaccount:bootstrap-signer'],
  },
  {
    namespace: 'kube-system',
    name: 'extension-apiserver-authentication-reader',
    rules: ['read core configmaps extension-apiserver-authentication'],
    binding: 'system::extension-apiserver-authentication-reader',
    subjects: ['user:system:kube-controller-manager', 'user:system:kube-scheduler'],
  },
  {
    namespace: 'kube-system',
    name: 'system::leader-locking-kube-controller-manager',
    rules: leaderLocking,
    subjects: [
      'user:system:kube-controller-manager',
      'serviceaccount:kube-controller-manager',
      'serviceaccount:leader-election-controller',
    ],
  },
  {
    namespace: 'kube-system',
    name: 'system::leader-locking-kube-scheduler',
    rules: leaderLocking,
    subjects: ['user:system:kube-scheduler', 'serviceaccount:kube-scheduler'],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:bootstrap-signer',
    rules: ['read core secrets'],
    subjects: ['serviceaccount:bootstrap-signer'],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:cloud-provider',
    rules: ['read,create core configmaps'],
    subjects: ['serviceaccount:cloud-provider'],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:token-cleaner',
    rules: ['read,delete core secrets', events],
    subjects: ['serviceaccount:token-cleaner'],
  },
]
