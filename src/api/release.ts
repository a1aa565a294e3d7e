// Which Kubernetes this is: what /version, every node and the command line say of it.

export const release = { major: '1', minor: '36', gitVersion: 'v1.36.2+k8ts' } as const
