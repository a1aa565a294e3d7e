import { describe, expect, test } from 'vitest'
import { parseImageName, withDefaultTag } from './image-name.ts'

const digest = `sha256:${'a'.repeat(64)}`

describe('a name', () => {
  test.each([
    ['busybox', 'docker.io/library/busybox', undefined],
    ['busybox:1.36', 'docker.io/library/busybox', '1.36'],
    ['team/app', 'docker.io/team/app', undefined],
    ['registry:5000/team/app:v1', 'registry:5000/team/app', 'v1'],
    ['localhost/app', 'localhost/app', undefined],
    ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause', '3.10'],
    [`app@${digest}`, 'docker.io/library/app', undefined],
    [`127.0.0.1:5000/a/b_c-d.e:t@${digest}`, '127.0.0.1:5000/a/b_c-d.e', 't'],
  ])('%s', (image, repository, tag) => {
    expect(parseImageName(image)).toMatchObject({ repository, ...(tag ? { tag } : {}) })
  })

  test.each(['', 'UPPER', 'a//b', '/a', 'a:', 'a:b:c', 'a@sha256:short', 'a b', 'x/-a'])('not %j', image => {
    expect(() => parseImageName(image)).toThrow('invalid reference format')
  })
})

test.each([
  ['busybox', 'busybox:latest'],
  ['busybox:1.36', 'busybox:1.36'],
  ['registry:5000/app', 'registry:5000/app:latest'],
  [`app@${digest}`, `app@${digest}`],
])('%s is asked for as %s', (image, asked) => expect(withDefaultTag(image)).toBe(asked))
