import { expect } from 'vitest'
import * as z from 'zod'

/**
 * Sends a request to the mounted API. The path begins with `/sessions`, `/transfers`, `/users`, `/audit`, `/usage`,
 * `/analytics` or `/search`.
 */
export type FetchLike = (path: string, init?: RequestInit) => Promise<Response>

interface OpenApi {
  servers: { url: string }[]
  paths: Record<
    string,
    Record<
      string,
      {
        operationId: string
        responses: Record<string, { content?: Record<string, { schema: Schema }> }>
      }
    >
  >
  components: { schemas: { Problem: Schema } }
}
type Schema = Record<string, unknown>

/** What an API says of itself. It is read once for all who call that API. */
export class ApiDescription {
  readonly #fetch: FetchLike
  readonly #parsers = new Map<Schema, z.ZodType>()
  #openApi: Promise<OpenApi> | undefined

  constructor(fetchLike: FetchLike) {
    this.#fetch = fetchLike
  }

  /** The description that the API serves; it is fetched once. */
  openApi(): Promise<OpenApi> {
    this.#openApi ??= this.#fetch('/sessions/openapi.json').then(
      async (response) => (await response.json()) as OpenApi,
    )
    return this.#openApi
  }

  /** Compares an answer that has a body with what is said of it. */
  async check(
    method: string,
    path: string,
    { status, type, body }: { status: number; type: string; body: unknown },
  ): Promise<void> {
    const { paths, components } = await this.openApi()
    if (status >= 400) {
      expect(type, `${method} ${path} answers ${status}`).toContain('problem+json')
      this.#parserOf(components.schemas.Problem).parse(body)
      expect(body, JSON.stringify(body)).toMatchObject({
        status,
        instance: expect.stringMatching(/^urn:request:/),
      })
      return
    }
    const wanted = path.split('?')[0]!.replace(/\/$/, '').split('/')
    if (wanted.at(-1) === 'openapi.json') return
    const described = Object.entries(paths).find(([template]) => isOf(template, wanted))
    const schema =
      described?.[1][method.toLowerCase()]?.responses[String(status)]?.content?.['application/json']?.schema
    expect(schema, `${method} ${path} answers ${status}, which its description does not know`).toBeDefined()
    const result = this.#parserOf(schema!).safeParse(body)
    expect(
      result.error?.issues,
      `${method} ${path} answers what its description does not say`,
    ).toBeUndefined()
  }

  #parserOf(schema: Schema): z.ZodType {
    let parser = this.#parsers.get(schema)
    if (parser === undefined) {
      parser = z.fromJSONSchema(schema)
      this.#parsers.set(schema, parser)
    }
    return parser
  }
}

/** Whether a path is one of a template's, wherever the API is mounted. */
function isOf(template: string, wanted: readonly string[]): boolean {
  const segments = template
    .slice(template.search(/\/(?:sessions|transfers|users|audit|usage|analytics|search)(?:\/|$)/))
    .split('/')
  return (
    segments.length === wanted.length &&
    segments.every((segment, index) => segment.startsWith('{') || segment === wanted[index])
  )
}
