import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/** Which floor of the core a file stands on: the first pattern that fits. A file imports its own floor or a lower one. */
const coreFloors: readonly [floor: number, files: RegExp][] = [
  [6, /^(index|node|testing)\.ts$/],
  [6, /^testing\//],
  [0, /^(errors|json|ids|digest|time|parse)\.ts$/],
  [
    1,
    /^(message|session-record|session-body|events|store|store-arguments|store-deadline|keyring|identity|cart)\.ts$/,
  ],
  [
    2,
    /^(branches|digest|fact-input|kept-histories|lost-answers|store-time|preferences|consent|redaction|credential|return-to|transfer-code|transfer-options|analytics|topics|history)\.ts$/,
  ],
  [2, /^(context|stores)\//],
  [3, /^(sessions|session|session-[a-z]+|list-cursor|live-session|store-time|transfer-[a-z-]+)\.ts$/],
  [3, /^turn\//],
  [4, /^(privacy|usage|audit)\.ts$/],
  [5, /^http\//],
]

/** What each kind of package may import beside its own files; node's own modules are always allowed but in the core. */
const allowed: Record<string, readonly RegExp[]> = {
  core: [/^zod$/],
  'core testing': [/^zod$/, /^vitest$/, /^fast-check$/, /^node:/],
  // The one door that knows node:http.
  'core http/node': [/^zod$/, /^node:/],
  store: [/^@sessions\/core\/store$/, /^node:/, /^(ioredis|redis|@upstash\/redis|kysely|pg)$/],
  adapter: [
    /^@sessions\/core$/,
    /^@sessions\/core\/node$/,
    /^node:/,
    /^express$/,
    /^@nestjs\/(common|core)$/,
    /^next\//,
    /^react$/,
  ],
  app: [/^@sessions\/[a-z-]+(\/[a-z]+)?$/, /^node:/, /^[a-z@]/],
  testkit: [/^node:/, /^pg$/],
}

const kinds: Record<string, keyof typeof allowed> = {
  core: 'core',
  express: 'adapter',
  nest: 'adapter',
  next: 'adapter',
  'store-redis': 'store',
  'store-postgres': 'store',
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
      const found = text.matchAll(
        /^\s*(?:import|export)\s(type\s)?(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
      )
      const imports = [...found].map(([, type, from, dynamic]) => ({
        from: (from ?? dynamic)!,
        typeOnly: type !== undefined,
      }))
      return { name: name.replaceAll('\\', '/'), lines: text.split('\n').length, imports }
    })
}

/** Where a relative import leads, as a name from `src`. */
const targetOf = (file: string, from: string): string =>
  relative('/', resolve('/', dirname(file), from))
    .replaceAll('\\', '/')
    .replace(/\.js$/, '.ts')

const floorOf = (file: string): number | undefined => coreFloors.find(([, files]) => files.test(file))?.[0]

const isTesting = (file: string): boolean => file === 'testing.ts' || file.startsWith('testing/')

const packages = readdirSync(join(root, 'packages'))
const apps = readdirSync(join(root, 'apps'))

describe('the core', () => {
  const files = sourcesOf('packages/core')

  it('has sources to look at', () => {
    expect(files.length).toBeGreaterThan(30)
  })

  it.each(files.map((file) => [file.name, file] as const))(
    '%s stands on a floor and imports no higher one',
    (name, file) => {
      const floor = floorOf(name)
      expect(floor, 'name its floor in coreFloors').toBeDefined()
      const tooHigh = file.imports
        .filter(({ from }) => from.startsWith('.'))
        .map(({ from }) => targetOf(name, from))
        .filter((target) => (floorOf(target) ?? 99) > floor!)
      expect(tooHigh).toEqual([])
    },
  )

  it('lets nobody inside import a door', () => {
    const doors = files.flatMap((file) =>
      file.imports
        .map(({ from }) => (from.startsWith('.') ? targetOf(file.name, from) : from))
        .filter((target) => /^(index|node|testing)\.ts$/.test(target) || target.startsWith('@sessions/'))
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
              : 'core'
      return file.imports
        .filter(({ from, typeOnly }) => !from.startsWith('.') && !(typeOnly && from.startsWith('node:')))
        .filter(({ from }) => !allowed[kindOfFile]!.some((pattern) => pattern.test(from)))
        .map(({ from }) => `${file.name} imports ${from}`)
    })
    expect(wrong).toEqual([])
  })

  it('has no drawers, no circles, and files that fit on a few screens', () => {
    const drawers = files.filter(({ name: file }) =>
      /(^|\/)(utils?|helpers?|types|common|misc|shared)(\.ts|\/)/.test(file),
    )
    expect(drawers).toEqual([])
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
})

const leavesSrc = (file: string, from: string): boolean =>
  relative(resolve('/src'), resolve('/src', dirname(file), from)).startsWith('..')

/** Every import circle that is more than types, as `a > b > a`. */
function circles(files: readonly SourceFile[]): string[] {
  const edges = new Map(
    files.map((file) => [
      file.name,
      file.imports
        .filter(({ from, typeOnly }) => from.startsWith('.') && !typeOnly)
        .map(({ from }) => targetOf(file.name, from)),
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
