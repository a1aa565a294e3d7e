import { expect, test } from 'vitest'
import { nameSelected } from './request-attributes.ts'
import { requestInfo } from './request-info.ts'

test.each<[method: string, path: string, query: string, name: string]>([
  ['GET', '/api/v1/pods', 'fieldSelector=metadata.name%3Dx', 'x'],
  ['GET', '/api/v1/pods', 'fieldSelector=a%3Db,metadata.name%3Dx', 'x'],
  ['GET', '/api/v1/pods', 'watch=1&fieldSelector=metadata.name%3Dx', 'x'],
  ['GET', '/api/v1/pods', 'fieldSelector=metadata.name!%3Dx', ''],
  // Rules for names don't allow to delete a collection, however it is narrowed.
  ['DELETE', '/api/v1/pods', 'fieldSelector=metadata.name%3Dx', ''],
  // Where the path says `watch`, selectors don't count.
  ['GET', '/api/v1/watch/pods', 'fieldSelector=metadata.name%3Dx', ''],
  // No object can have such a name.
  ['GET', '/api/v1/pods', 'fieldSelector=metadata.name%3D..', ''],
  ['GET', '/api/v1/pods', 'fieldSelector=nonsense', ''],
])('%s %s?%s is about the object "%s"', (method, path, query, name) => {
  expect(nameSelected(requestInfo(method, path, new URLSearchParams(query)))).toBe(name)
})
