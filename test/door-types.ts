import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'

interface Declarations {
  /** Where each imported name comes from: the file from `src`, and its name there. */
  readonly imports: ReadonlyMap<string, readonly [file: string, name: string]>
  readonly declared: ReadonlyMap<string, string>
  readonly reexported: ReadonlyMap<string, readonly [file: string, name: string]>
}

/**
 * The types that users of a package meet in signatures and cannot name: no door of the package exports them.
 *
 * @param doors The names of the doors' files, without their ending.
 */
export function unnamedTypes(packageFolder: string, doors: readonly string[]): string[] {
  // A whole run has built everything.
  if (process.env['SESSIONS_BUILT']) return unnamed(join(packageFolder, 'dist'), doors)
  const out = mkdtempSync(join(tmpdir(), 'door-types-'))
  try {
    const root = resolve(import.meta.dirname, '..')
    const tsc = join(root, 'node_modules', '.bin', 'tsc')
    const build = join(packageFolder, 'tsconfig.build.json')
    // From the sources of the other packages, which need not be built.
    const places = ['--customConditions', '@sessions/source', '--rootDir', root, '--outDir', out]
    execFileSync(tsc, ['-p', build, '--emitDeclarationOnly', '--declarationMap', 'false', ...places])
    return unnamed(join(out, relative(root, packageFolder), 'src'), doors)
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}

function unnamed(src: string, doors: readonly string[]): string[] {
  const files = new Map(
    readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.d.ts'))
      .map((name) => [name.slice(0, -5).replaceAll('\\', '/'), declarationsOf(src, name)] as const),
  )
  const locate = (file: string, name: string): string | undefined => {
    const found = files.get(file)
    if (found?.declared.has(name) === true) return `${file}#${name}`
    const next = found?.reexported.get(name)
    return next === undefined ? undefined : locate(...next)
  }
  const exported = new Set(
    doors.flatMap((door) => {
      const { declared, reexported } = files.get(door)!
      return [...declared.keys(), ...reexported.keys()].flatMap((name) => locate(door, name) ?? [])
    }),
  )
  // An alias such as `Respond = RespondOf<Session>` names what it stands for.
  const aliased = new Set<string>()
  const met = new Set(exported)
  for (const place of met) {
    const [file, name] = place.split('#') as [string, string]
    const { declared, imports } = files.get(file)!
    const text = declared.get(name)!
    const alias = /^export (?:declare )?type \w+(?:<.*>)? = (\w+)</.exec(text)?.[1]
    for (const word of new Set(text.match(/\b[A-Z]\w+\b/g))) {
      const imported = imports.get(word)
      const target = imported === undefined ? locate(file, word) : locate(...imported)
      if (target === undefined) continue
      if (word === alias) aliased.add(target)
      // The bound of a parameter of an alias is met by what the alias gives.
      const isBound = aliased.has(place) && new RegExp(`extends ${word}\\b`).test(text)
      if (!isBound) met.add(target)
    }
  }
  return [...met].filter((place) => !exported.has(place) && !aliased.has(place)).toSorted()
}

function declarationsOf(src: string, name: string): Declarations {
  const text = readFileSync(join(src, name), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  const fileOf = (from: string): string =>
    relative(src, resolve(src, dirname(name), from))
      .replaceAll('\\', '/')
      .replace(/\.js$/, '')
  const listed = (pattern: RegExp) =>
    new Map(
      [...text.matchAll(pattern)]
        .filter(([, , from]) => from!.startsWith('.'))
        .flatMap(([, names, from]) =>
          names!
            .split(',')
            .map((item) => item.trim().replace(/^type /, ''))
            .filter((item) => item !== '')
            .map((item) => {
              const [original, as = original] = item.split(' as ')
              return [as!, [fileOf(from!), original!] as const] as const
            }),
        ),
    )
  const blocks = text
    .split(/^(?=export )/m)
    .map(
      (block) =>
        [
          /^export (?:declare )?(?:abstract )?(?:const|function|class|interface|type) (\w+)/.exec(block)?.[1],
          block,
        ] as const,
    )
    .filter(([declared]) => declared !== undefined)
  return {
    imports: listed(/import (?:type )?\{([^}]*)\} from '([^']+)'/g),
    declared: new Map(
      blocks.map(([declared, block]) => [declared!, block.replaceAll(/^\s*(?:#\w+;|private .*;)$/gm, '')]),
    ),
    reexported: listed(/export (?:type )?\{([^}]*)\} from '([^']+)'/g),
  }
}
