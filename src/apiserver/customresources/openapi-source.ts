// The OpenAPI documents of custom resources: one source for the server's documents, which changes as definitions come and
// go. Nothing is made before it is asked for, and nothing again that has not changed.

import { createHash } from 'node:crypto'
import { customDocument, customPaths } from '../../api/openapi/custom.ts'
import type { Json } from '../../api/openapi/definition.ts'
import { apiVersionOf, type ResourceDeclaration } from '../../api/resource.ts'
import { jsonText } from '../../machinery/json/write.ts'
import type { OpenAPISource, OpenAPIv2 } from '../endpoints/openapi.ts'
import type { Registry } from '../registry/registry.ts'

/** The documents of all custom resources, live. */
export class CustomOpenAPISource implements OpenAPISource {
  readonly #registry: Registry
  readonly #documents = new Map<string, { readonly of: readonly ResourceDeclaration[]; document: Json; hash: string }>()
  #byPath: Map<string, ResourceDeclaration[]> | undefined
  #v2: OpenAPIv2 | undefined
  readonly #v2Parts = new WeakMap<ResourceDeclaration, OpenAPIv2>()

  constructor(registry: Registry) {
    this.#registry = registry
    registry.onChange(() => {
      this.#byPath = this.#v2 = undefined
    })
  }

  onChange(listener: () => void): void {
    this.#registry.onChange(listener)
  }

  paths(): Iterable<string> {
    return this.#custom().keys()
  }

  document(path: string): object | undefined {
    return this.#made(path)?.document
  }

  hash(path: string): string {
    return this.#made(path)?.hash ?? ''
  }

  v2(): OpenAPIv2 | undefined {
    if (this.#custom().size === 0) return undefined
    this.#v2 ??= this.#merged()
    return this.#v2
  }

  /** Documents are kept until one of the resources in them is replaced. */
  #made(path: string) {
    const of = this.#custom().get(path)
    if (!of) return undefined
    const known = this.#documents.get(path)
    if (known && known.of.length === of.length && known.of.every((each, index) => each === of[index])) return known
    const definitions = Object.assign({}, ...of.map(({ custom }) => custom!.openAPI.definitions('v3')))
    const document = customDocument(of, definitions)
    const hash = createHash('sha512').update(jsonText(document)).digest('hex').toUpperCase()
    const made = { of, document, hash }
    this.#documents.set(path, made)
    return made
  }

  #custom(): Map<string, ResourceDeclaration[]> {
    if (this.#byPath) return this.#byPath
    const byPath = new Map<string, ResourceDeclaration[]>()
    for (const { declaration } of this.#registry.resources()) {
      if (!declaration.custom) continue
      const path = `apis/${apiVersionOf(declaration)}`
      const listed = byPath.get(path)
      if (listed) listed.push(declaration)
      else byPath.set(path, [declaration])
    }
    this.#byPath = byPath
    return byPath
  }

  #merged(): OpenAPIv2 {
    const paths: Record<string, object> = {}
    const definitions: Record<string, object> = {}
    for (const declaration of [...this.#custom().values()].flat()) {
      let part = this.#v2Parts.get(declaration)
      if (!part) {
        const own = declaration.custom!.openAPI.definitions('v2')
        part = { paths: customPaths(declaration, 'v2') as Record<string, object>, definitions: own }
        this.#v2Parts.set(declaration, part)
      }
      Object.assign(paths, part.paths)
      Object.assign(definitions, part.definitions)
    }
    return { paths, definitions }
  }
}
