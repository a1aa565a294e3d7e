// What `import … from 'k8ts'` gives: a cluster for tests.

export { Cluster, type ClusterOptions } from './cluster.ts'
