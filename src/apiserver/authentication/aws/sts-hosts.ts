// Which hosts are AWS' Security Token Service. A token names the host that its holder wants asked about it, so nothing
// but the service itself will do.

interface Partition {
  readonly region: RegExp
  readonly domain: string
  readonly dualStackDomain?: string
  /** sts.amazonaws.com, of no region. */
  readonly hasGlobal?: boolean
}

const partitions: Readonly<Record<string, Partition>> = {
  aws: {
    region: /^(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$/,
    domain: 'amazonaws.com',
    dualStackDomain: 'api.aws',
    hasGlobal: true,
  },
  'aws-cn': {
    region: /^cn-\w+-\d+$/,
    domain: 'amazonaws.com.cn',
    dualStackDomain: 'api.amazonwebservices.com.cn',
  },
  'aws-us-gov': { region: /^us-gov-\w+-\d+$/, domain: 'amazonaws.com', dualStackDomain: 'api.aws' },
  'aws-iso': { region: /^us-iso-\w+-\d+$/, domain: 'c2s.ic.gov' },
  'aws-iso-b': { region: /^us-isob-\w+-\d+$/, domain: 'sc2s.sgov.gov' },
  'aws-iso-e': { region: /^eu-isoe-\w+-\d+$/, domain: 'cloud.adc-e.uk' },
  'aws-iso-f': { region: /^us-isof-\w+-\d+$/, domain: 'csp.hci.ic.gov' },
  'aws-eusc': {
    region: /^eusc-(de)-\w+-\d+$/,
    domain: 'amazonaws.eu',
    dualStackDomain: 'api.amazonwebservices.eu',
  },
}

export const awsPartitions: readonly string[] = Object.keys(partitions)

/** The partition that a region is in; the commercial one for what is in no other. */
export function partitionOf(region: string): string {
  for (const [name, partition] of Object.entries(partitions)) if (partition.region.test(region)) return name
  return 'aws'
}

/** Whether the host is STS in this partition: global, of a region, FIPS, dual-stack. */
export function isStsHost(host: string, partitionName: string, ownRegion: string | undefined): boolean {
  const partition = partitions[partitionName]
  if (!partition) return false
  if (host === 'sts.amazonaws.com') return partition.hasGlobal === true
  const [, service, region, domain] =
    /^(sts|sts-fips)\.([a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)\.(.+)$/.exec(host) ?? []
  if (service === undefined || region === undefined) return false
  if (domain !== partition.domain && (domain !== partition.dualStackDomain || domain === undefined)) return false
  // A region that is too new for the pattern is believed when the server runs in it.
  return partition.region.test(region) || region === ownRegion
}
