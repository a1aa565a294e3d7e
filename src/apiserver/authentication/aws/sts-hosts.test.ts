import { expect, test } from 'vitest'
import { canonicalized } from './caller-identity.ts'
import { isStsHost, partitionOf } from './sts-hosts.ts'

test.each([
  ['sts.amazonaws.com', 'aws'],
  ['sts.eu-central-1.amazonaws.com', 'aws'],
  ['sts.eu-central-1.api.aws', 'aws'],
  ['sts-fips.us-east-1.amazonaws.com', 'aws'],
  ['sts-fips.us-east-1.api.aws', 'aws'],
  ['sts.cn-north-1.amazonaws.com.cn', 'aws-cn'],
  ['sts.cn-north-1.api.amazonwebservices.com.cn', 'aws-cn'],
  ['sts.us-gov-west-1.amazonaws.com', 'aws-us-gov'],
  ['sts.us-gov-west-1.api.aws', 'aws-us-gov'],
  ['sts.us-iso-east-1.c2s.ic.gov', 'aws-iso'],
  ['sts.us-isob-east-1.sc2s.sgov.gov', 'aws-iso-b'],
])('%s is STS in %s, and nowhere else', (host, partition) => {
  for (const each of ['aws', 'aws-cn', 'aws-us-gov', 'aws-iso', 'aws-iso-b'])
    expect(isStsHost(host, each, undefined)).toBe(each === partition)
})

test.each([
  'sts.evil.com',
  'sts.amazonaws.com.evil.com',
  'sts.eu-central-1.amazonaws.com.evil.com',
  'evil.sts.amazonaws.com',
  'sts.eu-central-1.amazonaws.com:8443',
  'sts.evil.eu-central-1.amazonaws.com',
  's3.eu-central-1.amazonaws.com',
  'sts..amazonaws.com',
  'sts.-.amazonaws.com',
  'amazonaws.com',
  '169.254.169.254',
  '',
])('%j is not', host => {
  expect(isStsHost(host, 'aws', undefined)).toBe(false)
})

test('a region that is not known yet is believed where the server runs in it', () => {
  expect(isStsHost('sts.moon-base-1.amazonaws.com', 'aws', undefined)).toBe(false)
  expect(isStsHost('sts.moon-base-1.amazonaws.com', 'aws', 'moon-base-1')).toBe(true)
})

test('a region tells its partition', () => {
  expect(['eu-central-1', 'cn-north-1', 'us-gov-east-1', ''].map(partitionOf)).toEqual([
    'aws',
    'aws-cn',
    'aws-us-gov',
    'aws',
  ])
})

test.each([
  ['arn:aws:iam::1:user/path/Bob', 'arn:aws:iam::1:user/path/Bob'],
  ['arn:aws:iam::1:root', 'arn:aws:iam::1:root'],
  ['arn:aws:iam::1:role/A', 'arn:aws:iam::1:role/A'],
  ['arn:aws:sts::1:assumed-role/A/session', 'arn:aws:iam::1:role/A'],
  ['arn:aws-cn:sts::1:assumed-role/path/A/session', 'arn:aws-cn:iam::1:role/path/A'],
  ['arn:aws:sts::1:federated-user/Bob', 'arn:aws:sts::1:federated-user/Bob'],
])('%s is %s', (arn, canonical) => {
  expect(canonicalized(arn).canonicalARN).toBe(canonical)
})

test.each([
  ['arn:mars:iam::1:user/Bob', 'does not have a recognized partition'],
  ['arn:aws:sts::1:assumed-role/A', 'does not have a role'],
  ['arn:aws:ec2::1:instance/x', 'is not a valid service for identities'],
  ['arn:aws:iam::1:group/x', 'unrecognized resource group/x for service iam'],
  ['nonsense', 'is invalid'],
])('%s is nobody: %s', (arn, problem) => {
  expect(() => canonicalized(arn)).toThrow(problem)
})
