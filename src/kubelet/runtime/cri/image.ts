// The CRI messages of the ImageService.

import {
  bool,
  type Decoded,
  embed,
  type Init,
  list,
  message,
  string,
  stringMap,
  uint64,
} from '../../../machinery/proto/message.ts'
import { PodSandboxConfig } from './pod-sandbox.ts'
import { ImageSpec, Int64Value } from './shared.ts'

export const ImageFilter = message({ image: embed(1, ImageSpec) })
export type ImageFilter = Init<typeof ImageFilter>

export const ListImagesRequest = message({ filter: embed(1, ImageFilter) })
export type ListImagesRequest = Init<typeof ListImagesRequest>

export const Image = message({
  id: string(1),
  repoTags: list(2, 'string'),
  repoDigests: list(3, 'string'),
  size: uint64(4),
  uid: embed(5, Int64Value),
  username: string(6),
  spec: embed(7, ImageSpec),
  pinned: bool(8),
})
export type Image = Decoded<typeof Image>

export const ListImagesResponse = message({ images: list(1, Image) })
export type ListImagesResponse = Decoded<typeof ListImagesResponse>

export const ImageStatusRequest = message({ image: embed(1, ImageSpec), verbose: bool(2) })
export type ImageStatusRequest = Init<typeof ImageStatusRequest>

export const ImageStatusResponse = message({ image: embed(1, Image), info: stringMap(2) })
export type ImageStatusResponse = Decoded<typeof ImageStatusResponse>

export const AuthConfig = message({
  username: string(1),
  password: string(2),
  auth: string(3),
  serverAddress: string(4),
  identityToken: string(5),
  registryToken: string(6),
})
export type AuthConfig = Init<typeof AuthConfig>

export const PullImageRequest = message({
  image: embed(1, ImageSpec),
  auth: embed(2, AuthConfig),
  sandboxConfig: embed(3, PodSandboxConfig),
})
export type PullImageRequest = Init<typeof PullImageRequest>

export const PullImageResponse = message({ imageRef: string(1) })
export type PullImageResponse = Decoded<typeof PullImageResponse>

export const RemoveImageRequest = message({ image: embed(1, ImageSpec) })
export type RemoveImageRequest = Init<typeof RemoveImageRequest>

export const RemoveImageResponse = message({})
export type RemoveImageResponse = Decoded<typeof RemoveImageResponse>
