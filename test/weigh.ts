import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'
import { root } from './source-files.js'

/** What a bundler for browsers makes of some code: without Node, as for the edge. */
export interface Bundle {
  /** kB, minified and zipped, of what is loaded before the code runs. */
  readonly first: number
  /** kB of all, with what is loaded when it is first used. */
  readonly all: number
  /** How many files the bundler makes. */
  readonly files: number
  /** The modules of Node that the code wants, each with the file that imports it. */
  readonly wanted: readonly string[]
  /** The packages whose code is part of it. */
  readonly packages: ReadonlySet<string>
  /** The code, when all of it is in one file. */
  readonly code: string
}

export interface BundleOptions {
  /** Packages that the code finds where it runs, so that they are not weighed (default: none). */
  readonly without?: readonly string[]
  /** One file, whatever is loaded when it is first used (default false). */
  readonly inOne?: boolean
  /** From what was built, as those bundle who install the packages (default: from the sources). */
  readonly built?: boolean
}

// As if it stood there: the packages that it names are found from there.
const entry = join(root, 'test', 'bundled.ts')

/** Bundles TypeScript that imports packages of this repository. */
export async function bundle(
  code: string,
  { without = [], inOne = false, built = false }: BundleOptions = {},
): Promise<Bundle> {
  const wanted: string[] = []
  const isLeftOut = (id: string): boolean => without.some((name) => id === name || id.startsWith(`${name}/`))
  const result = await build({
    configFile: false,
    logLevel: 'error',
    root,
    resolve: {
      conditions: [...(built ? [] : ['@sessions/source']), 'browser', 'module', 'import', 'default'],
    },
    plugins: [
      {
        name: 'bundled code',
        enforce: 'pre',
        resolveId(id, importer = '') {
          if (id === entry) return id
          if (isLeftOut(id)) return { id, external: true }
          if (!id.startsWith('node:')) return undefined
          wanted.push(`${id} in ${importer.replace(`${root}/`, '')}`)
          return { id, external: true }
        },
        load: (id) => (id === entry ? code : undefined),
      },
    ],
    build: {
      write: false,
      target: 'es2023',
      modulePreload: false,
      rolldownOptions: {
        input: entry,
        preserveEntrySignatures: 'strict',
        output: inOne ? { format: 'iife', name: 'bundled', codeSplitting: false } : { format: 'es' },
      },
    },
  })
  const chunks = (result as Rolldown.RolldownOutput).output.filter((file) => file.type === 'chunk')
  const first = startOf(chunks)
  return {
    first: zipped(first),
    all: zipped(chunks),
    files: chunks.length,
    wanted,
    packages: new Set(chunks.flatMap(({ modules }) => Object.keys(modules).map(packageOf))),
    code: chunks[0]!.code,
  }
}

/** The chunks that are loaded together with the entry. */
function startOf(chunks: readonly Rolldown.OutputChunk[]): Rolldown.OutputChunk[] {
  const found = chunks.filter(({ isEntry }) => isEntry)
  for (const { imports } of found) {
    found.push(...chunks.filter((chunk) => imports.includes(chunk.fileName) && !found.includes(chunk)))
  }
  return found
}

const zipped = (chunks: readonly Rolldown.OutputChunk[]): number =>
  Math.round(gzipSync(chunks.map(({ code }) => code).join('\n'), { level: 9 }).length / 100) / 10

const packageOf = (id: string): string =>
  /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1] ?? /packages\/([^/]+)/.exec(id)?.[1] ?? ''
