import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { sessionErrorCodes } from '../packages/core/src/errors.js'
import { sideRecordKinds } from '../packages/core/src/service/side-records.js'

const root = resolve(import.meta.dirname, '..')
// Inside the repository, so that the names of the packages resolve as they do for the tests.
const scratch = join(root, 'test', '.docs')

const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...markdownIn('docs'),
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`),
  ...readdirSync(join(root, 'apps')).map((name) => `apps/${name}/README.md`),
].filter((name) => readOrEmpty(name) !== '')

function markdownIn(folder: string): string[] {
  try {
    return readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`)
  } catch {
    return []
  }
}

function readOrEmpty(name: string): string {
  try {
    return readFileSync(join(root, name), 'utf8')
  } catch {
    return ''
  }
}

interface Snippet {
  readonly document: string
  readonly line: number
  readonly code: string
}

/** Every block of TypeScript in a document. */
function snippetsOf(document: string): Snippet[] {
  const text = readOrEmpty(document)
  return [...text.matchAll(/^```(?:ts|tsx|typescript)\n([\s\S]*?)^```$/gm)].map((match) => ({
    document,
    line: text.slice(0, match.index).split('\n').length + 1,
    code: match[1]!,
  }))
}

/** Every example in a doc comment of a source file. */
function examplesOf(file: string): Snippet[] {
  const text = readOrEmpty(file)
  return [...text.matchAll(/\/\*\*(?:(?!\*\/)[\s\S])*@example(?:(?!\*\/)[\s\S])*\*\//g)].flatMap(
    (comment) => {
      const plain = comment[0].replaceAll(/^ *\* ?/gm, '')
      return [...plain.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => ({
        document: file,
        line: `${text.slice(0, comment.index)}${plain.slice(0, match.index)}`.split('\n').length + 1,
        code: match[1]!,
      }))
    },
  )
}

const sources = readdirSync(join(root, 'packages')).flatMap((name) =>
  readdirSync(join(root, 'packages', name, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `packages/${name}/src/${file}`),
)

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe('the code in documents and doc comments', () => {
  const examples = sources.flatMap(examplesOf)
  const snippets = [...documents.flatMap(snippetsOf), ...examples]

  const names = new Map<string, Snippet>()
  beforeAll(() => {
    rmSync(scratch, { recursive: true, force: true })
    mkdirSync(scratch, { recursive: true })
    for (const [index, snippet] of snippets.entries()) {
      const name = `snippet-${index}.tsx`
      names.set(name, snippet)
      // Each is a module of its own, so that names do not meet.
      writeFileSync(join(scratch, name), `${snippet.code}\nexport {}\n`)
      // One that says what file it is can be imported by others as `@/that/file`.
      const file = /^\/\/ ([\w/-]+\.tsx?)\n/.exec(snippet.code)?.[1]
      if (file !== undefined && !existsSync(join(scratch, 'at', file))) {
        mkdirSync(dirname(join(scratch, 'at', file)), { recursive: true })
        writeFileSync(join(scratch, 'at', file), snippet.code)
      }
    }
  })

  it('makes a text of what a client sends, before a session has it', () => {
    const raw = /(?:content: |\.turn\()(?:req\.body|body\.\w|text\b(?!\())/
    const fromClients = snippets.filter(({ code }) => /\breq(?:uest)?\b|@Body\(/.test(code))
    expect(fromClients.length).toBeGreaterThan(10)
    expect(
      fromClients.filter(({ code }) => raw.test(code)).map(({ document, line }) => `${document}:${line}`),
    ).toEqual([])
  })

  it('compiles', async () => {
    expect(examples.length).toBeGreaterThanOrEqual(17)
    expect(snippets.length).toBeGreaterThan(examples.length + 40)
    writeFileSync(
      join(scratch, 'tsconfig.json'),
      JSON.stringify({
        extends: '../../tsconfig.base.json',
        compilerOptions: {
          // What a reader of the document has is what was built.
          ...(process.env['SESSIONS_BUILT'] ? { customConditions: [] } : {}),
          noEmit: true,
          noUnusedLocals: false,
          noUnusedParameters: false,
          erasableSyntaxOnly: false,
          experimentalDecorators: true,
          lib: ['ES2023', 'DOM'],
          jsx: 'react-jsx',
          module: 'ESNext',
          moduleResolution: 'Bundler',
          // One package has each of these alone, and whoever follows the document has it too.
          paths: {
            '@/*': ['./at/*'],
            zod: ['../../packages/core/node_modules/zod'],
            '@opentelemetry/api': ['../../packages/core/node_modules/@opentelemetry/api'],
            '@electric-sql/pglite': ['../../packages/store-postgres/node_modules/@electric-sql/pglite'],
          },
        },
        include: ['*.tsx'],
      }),
    )
    const tsc = join(root, 'node_modules', '.bin', 'tsc')
    const { stdout } = await promisify(execFile)(tsc, ['-p', scratch, '--pretty', 'false']).catch(
      (error: { stdout: string }) => error,
    )
    const errors = stdout
      .split('\n')
      .filter((text) => text.includes('error TS'))
      .map((text) =>
        text.replace(/^.*?(snippet-\d+\.tsx)\((\d+),\d+\)/, (_, name: string, line: string) => {
          const snippet = names.get(name)!
          return `${snippet.document}:${snippet.line + Number(line) - 1}`
        }),
      )
    expect(errors).toEqual([])
  })

  it('runs, where it needs nothing else: no setting is refused', async () => {
    const bytes = Buffer.alloc(32, 7).toString('base64')
    vi.stubEnv('SESSION_SECRET', `a secret for sessions ${bytes}`)
    vi.stubEnv('AUDIT_SECRET', `a secret for the audit ${bytes}`)
    vi.stubEnv('WEBHOOK_SECRET', `whsec_${bytes}`)
    for (const name of ['SESSIONS_KEY', 'SESSIONS_INDEX_KEY', 'SESSIONS_TERMS_KEY']) vi.stubEnv(name, bytes)
    vi.spyOn(console, 'log').mockReturnValue()
    const running = [...snippets.entries()].filter(([, snippet]) => standsAlone(snippet))
    expect(running.length).toBeGreaterThan(20)
    const refused: string[] = []
    for (const [index, { document, line }] of running) {
      const path = join(scratch, `snippet-${index}.tsx`)
      await (import(/* @vite-ignore */ path) as Promise<unknown>).catch((error: unknown) =>
        refused.push(`${document}:${line}: ${String(error)}`),
      )
    }
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
    expect(refused).toEqual([])
  })
})

/** Whether code needs nothing but the packages: no server, no file, no framework, and nothing that it leaves out. */
function standsAlone({ code }: Snippet): boolean {
  const imported = [...code.matchAll(/ from '([^']+)'/g)].map(([, name]) => name!)
  return (
    code.includes('createSessions(') &&
    imported.every((name) => /^@sessions\/(?:core|inspector|redaction|express|ai-sdk)(?:\/|$)/.test(name)) &&
    !/^declare |: \/\/|:\/\/localhost|\.db'|^@/m.test(code)
  )
}

describe('the README', () => {
  const readme = readOrEmpty('README.md')

  it('lists the packages there are', () => {
    const packages = readdirSync(join(root, 'packages'))
      .map(
        (name) =>
          JSON.parse(readOrEmpty(`packages/${name}/package.json`)) as { name: string; private?: boolean },
      )
      .filter((manifest) => manifest.private !== true)
      .map((manifest) => manifest.name)
    const listed = [...readme.matchAll(/^\| `(@sessions\/[a-z-]+)`/gm)].map(([, name]) => name)
    expect(listed.toSorted()).toEqual(packages.toSorted())
  })

  it('lists the error codes there are', () => {
    const table = /<!-- error codes -->([\s\S]*?)<!-- \/error codes -->/.exec(readme)?.[1] ?? ''
    const listed = [...table.matchAll(/^\| `([a-z_]+)`/gm)].map(([, code]) => code)
    expect(listed).toEqual([...sessionErrorCodes])
  })

  it('names only scripts that package.json has', () => {
    const { scripts } = JSON.parse(readOrEmpty('package.json')) as { scripts: Record<string, string> }
    const named = [...readme.matchAll(/npm run ([a-z:]+)/g)].map(([, name]) => name!)
    expect(named.filter((name) => !(name in scripts))).toEqual([])
  })
})

describe('the README of a package', () => {
  it.each(readdirSync(join(root, 'packages')))('of %s names every door there is', (name) => {
    const { exports = {} } = JSON.parse(readOrEmpty(`packages/${name}/package.json`)) as { exports?: object }
    const doors = Object.keys(exports).filter((door) => door !== './package.json')
    const readme = readOrEmpty(`packages/${name}/README.md`)
    expect(doors.filter((door) => !readme.includes(`@sessions/${name}${door.slice(1)}`))).toEqual([])
  })
})

it.each([
  ['docs/abuse.md', 'core-audit', 'SuspicionSettings'],
  ['docs/audit.md', 'core-audit', 'AuditSettings'],
  ['docs/context.md', 'core', 'ContextSettings'],
  ['docs/encryption.md', 'core-sealed', 'EncryptedStoreOptions'],
  ['docs/privacy.md', 'core-privacy', 'ConsentSettings'],
  ['docs/privacy.md', 'core-privacy', 'RetentionSettings'],
  ['docs/transfer.md', 'core', 'TransferOptions'],
  ['docs/transfer.md', 'core', 'TransferSettings'],
  ['docs/turns.md', 'core', 'LimitSettings'],
  ['docs/turns.md', 'core', 'TurnBudget'],
  ['docs/turns.md', 'core', 'TurnOptions'],
  ['docs/turns.md', 'core', 'TurnSettings'],
  ['docs/usage.md', 'core-usage', 'UsageSettings'],
  ['docs/webhooks.md', 'core-listeners', 'WebhookOptions'],
  ['packages/express/README.md', 'express', 'SessionsMiddlewareOptions'],
  ['packages/inspector/README.md', 'inspector', 'InspectorOptions'],
  ['packages/nest/README.md', 'nest', 'SessionsModuleOptions'],
  ['packages/next/README.md', 'next', 'NextSessionsOptions'],
  ['packages/redaction/README.md', 'redaction', 'RedactorOptions'],
  ['packages/store-postgres/README.md', 'store-postgres', 'PostgresStoreOptions'],
  ['packages/store-redis/README.md', 'store-redis', 'RedisStoreOptions'],
  ['packages/store-sharded/README.md', 'store-sharded', 'ShardedStoreOptions'],
  ['packages/store-sqlite/README.md', 'store-sqlite', 'SqliteStoreOptions'],
  ['packages/store-tiered/README.md', 'store-tiered', 'TieredStoreOptions'],
])('%s names every field of the options %s %s', (page, reference, options) => {
  const section = readOrEmpty(`docs/reference/${reference}.md`)
    .split(/^### /m)
    .find((each) => each.startsWith(`${options}\n`))!
  const fields = [...section.matchAll(/^\| `(\w+)\??` \|/gm)].map(([, field]) => field!)
  expect(fields).not.toEqual([])
  const text = readOrEmpty(page)
  expect(fields.filter((field) => !new RegExp(`\`[^\`]*\\b${field}\\b|\\b${field}:`).test(text))).toEqual([])
})

it('the page on privacy says of every kind of record beside sessions how long it is kept', () => {
  const rows = readOrEmpty('docs/privacy.md').match(/^\|.*side records? `.*$/gm)!
  expect(sideRecordKinds.filter((kind) => !rows.some((row) => row.includes(`\`${kind}\``)))).toEqual([])
})

describe('links between documents', () => {
  it.each(documents)('%s leads somewhere', (document) => {
    const links = [...readOrEmpty(document).matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)/g)].map(
      ([, target]) => target!,
    )
    const broken = links.filter((target) => {
      const file = relative(root, resolve(root, document, '..', target))
      return readOrEmpty(file) === '' && readdirOrEmpty(file).length === 0
    })
    expect(broken).toEqual([])
  })
})

function readdirOrEmpty(name: string): string[] {
  try {
    return readdirSync(join(root, name))
  } catch {
    return []
  }
}
