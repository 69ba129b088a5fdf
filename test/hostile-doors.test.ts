import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')

// What code gives that no compiler has read: nothing at all, and things of another kind.
const given: readonly (readonly [string, readonly unknown[]])[] = [
  ['nothing', []],
  ['null', [null]],
  ['an empty object', [{}]],
  ['a number', [5]],
  // A database of SQLite by this name leaves no file.
  ['a text', [':memory:']],
  ['a list', [[]]],
  ['two empty objects', [{}, {}]],
  ['an object and nothing', [{}, null]],
]

// Doors that hand out pieces to who writes a store, an adapter or a test: their callers are our own code, or compiled.
const ofAuthors = new Set(['core/store', 'core/node', 'core/testing', 'core/context'])
// These take values that the library gave, and are called in each line: they check nothing.
const ofValues = new Set(['cartTotal', 'itemCount', 'textOf', 'addVary', 'sessionCacheTag'])
// What the engine says of an argument that nobody looked at.
const ofTheEngine =
  /^Cannot |is not (?:a function|iterable|defined|a constructor)|^Invalid (?:value|URL)|"\w+" argument must/

interface Manifest {
  private?: boolean
  exports: Record<string, unknown>
}

const doors = readdirSync(join(root, 'packages')).flatMap((folder) => {
  const text = readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')
  const manifest = JSON.parse(text) as Manifest
  if (manifest.private === true || folder === 'testkit') return []
  return Object.keys(manifest.exports)
    .filter((door) => door !== './package.json')
    .map((door) => ({
      name: folder + door.slice(1),
      folder,
      file: `${door === '.' ? 'index' : door.slice(2)}.ts`,
    }))
    .filter(({ name }) => !ofAuthors.has(name))
})

type Called = (...values: readonly unknown[]) => unknown

describe.each(doors)('each function of $name', ({ folder, file }) => {
  it('says what is wrong with its arguments, and where', async () => {
    const door = (await import(/* @vite-ignore */ join(root, 'packages', folder, 'src', file))) as object
    const called = Object.entries(door).filter(
      ([name, value]) => typeof value === 'function' && !isClass(value) && !ofValues.has(name),
    )
    const silent: string[] = []
    for (const [name, value] of called) {
      for (const [what, values] of given) {
        try {
          const answer = (value as Called)(...values)
          // What waits for a server has looked at its arguments by then.
          if (answer instanceof Redis) answer.disconnect()
          if (answer instanceof Promise) await Promise.race([answer, nextTurn()])
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error)
          if (ofTheEngine.test(message)) silent.push(`${name} of ${what}: ${message}`)
        }
      }
    }
    expect(silent).toEqual([])
  })
})

const isClass = (value: object): boolean => Function.prototype.toString.call(value).startsWith('class ')

async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
