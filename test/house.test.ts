import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/** The levels of the core, the lowest first. A file imports its own level or a lower one, never a higher one. */
export const coreLevels: readonly { readonly name: string; readonly places: readonly string[] }[] = [
  {
    name: 'words',
    places: [
      'errors.ts',
      'ids.ts',
      'json.ts',
      'csv.ts',
      'time.ts',
      'digest.ts',
      'hash.ts',
      'parse.ts',
      'options.ts',
      'process-registry.ts',
      'one-line.ts',
      'exact-numbers.ts',
      'async/',
    ],
  },
  { name: 'contract', places: ['contract/'] },
  { name: 'bus', places: ['bus/'] },
  { name: 'terms', places: ['terms/'] },
  { name: 'domain', places: ['domain/'] },
  { name: 'context', places: ['context/'] },
  { name: 'service', places: ['service/'] },
  { name: 'session', places: ['session/'] },
  {
    name: 'features',
    places: [
      'turn/',
      'transfer/',
      'privacy/',
      'portability/',
      'audit/',
      'usage/',
      'analytics/',
      'listeners/',
      'search/',
      'later/',
    ],
  },
  { name: 'the handle', places: ['session.ts'] },
  { name: 'the caller', places: ['caller-sessions.ts'] },
  { name: 'the service', places: ['sessions.ts'] },
  { name: 'http', places: ['http/'] },
  {
    name: 'doors',
    places: [
      'index.ts',
      'context.ts',
      'http.ts',
      'store.ts',
      'node.ts',
      'privacy.ts',
      'analytics.ts',
      'listeners.ts',
      'audit.ts',
      'usage.ts',
      'search.ts',
      'sealed.ts',
      'testing.ts',
      'testing/',
    ],
  },
]

const coreDoors = [
  'index.ts',
  'context.ts',
  'http.ts',
  'store.ts',
  'node.ts',
  'privacy.ts',
  'analytics.ts',
  'listeners.ts',
  'audit.ts',
  'usage.ts',
  'search.ts',
  'sealed.ts',
  'testing.ts',
]

/** What each kind of package may import beside its own files; node's own modules are always allowed but in the core. */
const allowed: Record<string, readonly RegExp[]> = {
  core: [/^zod\/(mini|locales)$/],
  'core testing': [/^zod$/, /^vitest$/, /^fast-check$/, /^node:/],
  // The one door that knows node:http.
  'core http/node': [/^zod\/mini$/, /^node:/],
  // The one door that knows node:crypto: the core runs where there is none.
  'core contract/sealed': [/^node:(buffer|crypto)$/],
  store: [
    /^@sessions\/core\/store$/,
    /^node:/,
    /^(ioredis|redis|@upstash\/redis|kysely|pg|libsql(\/promise)?)$/,
  ],
  // It moves sessions from store to store by the way that applications have, too.
  'store over stores': [/^@sessions\/core(\/store)?$/, /^node:/],
  adapter: [
    /^@sessions\/core(\/(context|http|node))?$/,
    /^node:/,
    /^express$/,
    /^@nestjs\/(common|core)$/,
    /^next\//,
    /^react$/,
  ],
  // Another library's own names, over what adapters have.
  ecosystem: [/^@sessions\/core(\/(context|http|node))?$/, /^ai$/, /^zod$/],
  app: [/^@sessions\/[a-z-]+(\/[a-z]+)?$/, /^node:/, /^[a-z@]/],
  // It draws on the server.
  pages: [/^@sessions\/core(\/(node|sealed|store))?$/, /^@observablehq\/plot$/, /^linkedom$/],
  tool: [/^node:net$/, /^libphonenumber-js\/max$/, /^ibantools$/],
  testkit: [/^node:/, /^pg$/],
}

const kinds: Record<string, keyof typeof allowed> = {
  core: 'core',
  express: 'adapter',
  nest: 'adapter',
  next: 'adapter',
  'store-redis': 'store',
  'store-postgres': 'store',
  'store-sharded': 'store over stores',
  'store-sqlite': 'store',
  'store-tiered': 'store',
  'bus-nats': 'store',
  redaction: 'tool',
  'ai-sdk': 'ecosystem',
  inspector: 'pages',
  testkit: 'testkit',
}

interface SourceFile {
  /** From the package's `src`, with forward slashes. */
  readonly name: string
  readonly lines: number
  readonly imports: readonly { from: string; typeOnly: boolean }[]
}

function sourcesOf(folder: string): SourceFile[] {
  const src = join(root, folder, 'src')
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => {
      const text = readFileSync(join(src, name), 'utf8')
      // Examples in doc comments import the package as its users do.
      const found = text
        .replaceAll(/\/\*\*[\s\S]*?\*\//g, '')
        .matchAll(
          /^\s*(?:import|export)\s(type\s)?(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
        )
      const imports = [...found].map(([, type, from, dynamic]) => ({
        from: (from ?? dynamic)!,
        typeOnly: type !== undefined,
      }))
      // They are not counted either: they do not make the code longer.
      const counted = text.replaceAll(/^ *\* @example$[\s\S]*?(?=^ *\*\/)/gm, '')
      return { name: name.replaceAll('\\', '/'), lines: counted.split('\n').length, imports }
    })
}

/** Where a relative import leads, as a name from `src`. */
const targetOf = (file: string, from: string): string =>
  relative('/', resolve('/', dirname(file), from))
    .replaceAll('\\', '/')
    .replace(/\.js$/, '.ts')

const levelOf = (file: string): number =>
  coreLevels.findIndex(({ places }) =>
    places.some((place) => (place.endsWith('/') ? file.startsWith(place) : file === place)),
  )

const isTesting = (file: string): boolean => file === 'testing.ts' || file.startsWith('testing/')

/** Every test file of a folder, from the root. */
const testsOf = (folder: string): { name: string; lines: number }[] =>
  readdirSync(join(root, folder, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.test\.tsx?$/.test(name) && !name.includes('node_modules'))
    .map((name) => ({
      name: `${folder}/test/${name}`.replaceAll('\\', '/'),
      lines: readFileSync(join(root, folder, 'test', name), 'utf8').split('\n').length,
    }))

const packages = readdirSync(join(root, 'packages'))
const apps = readdirSync(join(root, 'apps'))

describe('the core', () => {
  const files = sourcesOf('packages/core')

  it('has sources to look at', () => {
    expect(files.length).toBeGreaterThan(30)
  })

  it.each(files.map((file) => [file.name, file] as const))(
    '%s stands on a level and imports no higher one',
    (name, file) => {
      const level = levelOf(name)
      expect(level, 'name its place in coreLevels').toBeGreaterThan(-1)
      const tooHigh = file.imports
        .filter(({ from }) => from.startsWith('.'))
        .map(({ from }) => targetOf(name, from))
        .filter((target) => levelOf(target) > level)
      expect(tooHigh).toEqual([])
    },
  )

  it('has a file in every place that the levels name', () => {
    const empty = coreLevels
      .flatMap(({ places }) => places)
      .filter((place) => !files.some(({ name }) => name === place || name.startsWith(place)))
    expect(empty).toEqual([])
  })

  it('keeps its root to what the levels list', () => {
    const listed = coreLevels.flatMap(({ places }) => places).filter((place) => !place.endsWith('/'))
    const root = files.map(({ name }) => name).filter((name) => !name.includes('/'))
    expect(root.toSorted()).toEqual(listed.toSorted())
  })

  it('has the levels that ARCHITECTURE.md tells of, in their order', () => {
    const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
    const table = /<!-- levels -->([\s\S]*?)<!-- \/levels -->/.exec(text)?.[1] ?? ''
    const [, ...rows] = [...table.matchAll(/^\| ([a-z ]+) \| ([^|]+) \|/gm)].map(([, name, places]) => ({
      name,
      places: [...places!.matchAll(/`([^`]+)`/g)].map(([, place]) => place!),
    }))
    expect(rows).toEqual(coreLevels)
  })

  it('has every file that ARCHITECTURE.md names', () => {
    const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
    const named = [...text.matchAll(/`([\w./-]+\/[\w./-]+\.ts)`/g)].map(([, file]) => file!)
    expect(named.length).toBeGreaterThan(15)
    const places = ['', 'packages/core/src', 'packages/store-postgres/src']
    expect(named.filter((file) => !places.some((place) => existsSync(join(root, place, file))))).toEqual([])
  })

  it('has doors that re-export and do nothing else', () => {
    const busy = coreDoors.filter((door) => {
      const text = readFileSync(join(root, 'packages/core/src', door), 'utf8')
      const plain = text.replace(/^\/\*\*(?:(?!\*\/)[\s\S])*@packageDocumentation\s*\*\//, '')
      return plain.replaceAll(/export (?:type )?\{[^}]*\} from '[^']+'/g, '').trim() !== ''
    })
    expect(busy).toEqual([])
  })

  it('lets nobody inside import a door', () => {
    const doors = files.flatMap((file) =>
      file.imports
        .map(({ from }) => (from.startsWith('.') ? targetOf(file.name, from) : from))
        .filter((target) => coreDoors.includes(target) || target.startsWith('@sessions/'))
        .map((target) => `${file.name} imports ${target}`),
    )
    expect(doors).toEqual([])
  })
})

describe.each(packages)('packages/%s', (name) => {
  const files = sourcesOf(`packages/${name}`)
  const kind = kinds[name]

  it('is of a kind that this test knows', () => {
    expect(kind).toBeDefined()
    expect(files.length).toBeGreaterThan(0)
  })

  it('imports what its kind may', () => {
    const wrong = files.flatMap((file) => {
      const kindOfFile =
        kind !== 'core'
          ? kind!
          : isTesting(file.name)
            ? 'core testing'
            : file.name.startsWith('http/node-')
              ? 'core http/node'
              : file.name.startsWith('contract/sealed/')
                ? 'core contract/sealed'
                : 'core'
      return file.imports
        .filter(({ from, typeOnly }) => !from.startsWith('.') && !(typeOnly && from.startsWith('node:')))
        .filter(({ from }) => !allowed[kindOfFile]!.some((pattern) => pattern.test(from)))
        .map(({ from }) => `${file.name} imports ${from}`)
    })
    expect(wrong).toEqual([])
  })

  it('loads no Kysely: who has one brings its code along', () => {
    const loading = files.filter((file) =>
      file.imports.some(({ from, typeOnly }) => from === 'kysely' && !typeOnly),
    )
    expect(loading.map(({ name: file }) => file)).toEqual([])
  })

  it('gives four siblings with one first word a folder, which may have that word for a name', () => {
    const counts = new Map<string, string[]>()
    for (const { name: file } of files) {
      const [word] = basename(file, '.ts').split('-')
      const kin = `${dirname(file)}/${word}`
      if (basename(dirname(file)) !== word) counts.set(kin, [...(counts.get(kin) ?? []), file])
    }
    expect([...counts.values()].filter((names) => names.length > 3)).toEqual([])
  })

  it('has no drawers, no circles, and files that fit on a few screens', () => {
    expect(drawersIn(files)).toEqual([])
    expect(circles(files)).toEqual([])
    const long = files
      .filter(({ lines }) => lines > 400)
      .map(({ name: file, lines }) => `${file}: ${lines} lines`)
    expect(long).toEqual([])
  })
})

describe.each(apps)('apps/%s', (name) => {
  it('imports published names only, and nothing outside of itself', () => {
    const wrong = sourcesOf(`apps/${name}`).flatMap((file) =>
      file.imports
        .filter(({ from }) =>
          from.startsWith('.')
            ? leavesSrc(file.name, from)
            : !allowed['app']!.some((pattern) => pattern.test(from)),
        )
        .map(({ from }) => `${file.name} imports ${from}`),
    )
    expect(wrong).toEqual([])
  })

  it('has no drawers, and no circles', () => {
    const files = sourcesOf(`apps/${name}`)
    expect(drawersIn(files)).toEqual([])
    expect(circles(files)).toEqual([])
  })
})

const drawersIn = (files: readonly SourceFile[]): string[] =>
  files
    .map(({ name }) => name)
    .filter((name) => /(^|\/)(utils?|helpers?|types|common|misc|shared)(\.ts|\/)/.test(name))

const leavesSrc = (file: string, from: string): boolean =>
  relative(resolve('/src'), resolve('/src', dirname(file), from)).startsWith('..')

/** Every import circle, those of types alone too, as `a > b > a`. */
function circles(files: readonly SourceFile[]): string[] {
  const edges = new Map(
    files.map((file) => [
      file.name,
      file.imports.filter(({ from }) => from.startsWith('.')).map(({ from }) => targetOf(file.name, from)),
    ]),
  )
  const found: string[] = []
  const done = new Set<string>()
  const visit = (name: string, trail: readonly string[]): void => {
    const start = trail.indexOf(name)
    if (start !== -1) found.push([...trail.slice(start), name].join(' > '))
    if (start !== -1 || done.has(name)) return
    for (const next of edges.get(name) ?? []) visit(next, [...trail, name])
    done.add(name)
  }
  for (const name of edges.keys()) visit(name, [])
  return found
}

it('installs beside any later version of what its published suites run with', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'packages/core/package.json'), 'utf8')) as {
    peerDependencies: Record<string, string>
  }
  // npm refuses a package whose peer is newer than it allows, also where nobody uses the suites.
  expect(manifest.peerDependencies).toEqual({ 'fast-check': '>=4.0.0', vitest: '>=4.0.0' })
})

it('keeps tests to 400 lines', () => {
  const tests = [
    '.',
    ...packages.map((name) => `packages/${name}`),
    ...apps.map((name) => `apps/${name}`),
  ].flatMap(testsOf)
  expect(tests.length).toBeGreaterThan(100)
  expect(tests.filter(({ lines }) => lines > 400)).toEqual([])
})
