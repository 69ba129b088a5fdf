import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SessionApiOptions } from '../../src/http/api-options.js'
import { apiFixture } from '../../src/testing.js'

const run = promisify(execFile)

// They stand apart, for the generator needs a TypeScript of its own.
const tools = createRequire(join(import.meta.dirname, '../../openapi/package.json'))
const toolOf = async <Tool>(name: string): Promise<Tool> =>
  (await import(pathToFileURL(tools.resolve(name)).href)) as Tool

interface Validation {
  Validator: new () => {
    validate(document: object): Promise<{ valid: boolean; errors?: unknown }>
  }
}
interface Generation {
  readonly default: (document: object) => Promise<unknown>
  readonly astToString: (made: unknown) => string
}
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')

// Beside the tests: a compiler looks for what is imported from there.
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(import.meta.dirname, 'generated-'))
})
afterAll(() => rm(folder, { recursive: true }))

const variants: [string, Partial<SessionApiOptions>][] = [
  ['as it is', {}],
  ['with clients of old', { compat: 'unified-llm-client-0.1' }],
  ['with options, under a path', { clientOptions: ['model'], basePath: '/api/v1', cookie: false }],
]

describe.each(variants)('the description, %s', (_, options) => {
  const { openApi } = apiFixture(options)

  it('is a valid document, whose references lead somewhere', async () => {
    const { Validator } = await toolOf<Validation>('@seriousme/openapi-schema-validator')
    const validator = new Validator()
    const { valid, errors } = await validator.validate(structuredClone(openApi))
    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
    const references = JSON.stringify(openApi).matchAll(/"\$ref":"([^"]*)"/g)
    for (const [, reference] of references) {
      const target = reference!
        .slice(2)
        .split('/')
        .reduce<unknown>((so, name) => (so as Record<string, unknown> | undefined)?.[name], openApi)
      expect(reference).toMatch(/^#\/components\//)
      expect(target, reference).toBeDefined()
    }
  })

  it('says how a caller may prove who they are', () => {
    const { securitySchemes } = openApi['components'] as { securitySchemes: object }
    expect(Object.keys(securitySchemes)).toEqual(
      options.cookie === false ? ['bearer', 'sessionHeader'] : ['bearer', 'sessionCookie', 'sessionHeader'],
    )
  })
})

// One run of the compiler for all.
it('clients made of the descriptions compile', async () => {
  const { default: generate, astToString } = await toolOf<Generation>('openapi-typescript')
  for (const [index, [, options]] of variants.entries()) {
    const { openApi } = apiFixture(options)
    const base = options.basePath ?? ''
    const use = `import type { paths } from './schema-${index}.js'
      type Create = paths['${base}/sessions']['post']
      export const asked: NonNullable<Create['requestBody']>['content']['application/json'] = {
        title: 'T', state: { a: [1, { b: null }] }, messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }] }],
        ${options.compat === undefined ? '' : "sessionId: 'support-1', model: 'm', tenantId: 't',"}
      }
      export function idOf(made: Create['responses']['201']['content']['application/json']): string {
        return made.session.id
      }
      export function stateOf(
        shown: paths['${base}/sessions/{id}/state']['get']['responses']['200']['content']['application/json'],
      ): unknown {
        return shown.state['a']
      }
      // @ts-expect-error There is no such field.
      export const wrong = (made: Create['responses']['201']['content']['application/json']) => made.session.nothing
    `
    await writeFile(join(folder, `schema-${index}.ts`), astToString(await generate(structuredClone(openApi))))
    await writeFile(join(folder, `use-${index}.ts`), use)
  }
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: { strict: true, noEmit: true, module: 'nodenext', target: 'esnext', types: [] },
      files: variants.map((_, index) => `use-${index}.ts`),
    }),
  )
  const { stdout } = await run(process.execPath, [tsc, '-p', folder]).catch(
    (error: { stdout: string }) => error,
  )
  expect(stdout).toBe('')
})
