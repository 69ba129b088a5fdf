import { describe, expect, it } from 'vitest'
import { publicDeclarations } from './public-declarations.js'

const declarations = publicDeclarations()
const doors = [...new Set(declarations.map(({ door }) => door))]

/** What callers hand in: once to a service (settings), once to a call (options). */
const options = declarations.filter(({ name }) => /(?:Options|Settings|Budget)$/.test(name))

/** Where a declaration is, so that it is found quickly. */
const placeOf = ({ name, file }: { name: string; file: string }): string => `${name} in ${file}`

// A number says nothing without what it counts.
const units =
  /millisecond|byte|UTF-16 unit|UTF-8|token|character|message|session|level|turn|step|tries|entries|item|sentence|fraction|share|millionth|time|score|port|connection|partition|dimension|`seq`/i

describe('the public names', () => {
  it('are found', () => {
    expect(doors.length).toBeGreaterThanOrEqual(9)
    expect(declarations.length).toBeGreaterThan(200)
    expect(options.flatMap(({ fields }) => fields).length).toBeGreaterThan(100)
  })

  it.each(doors)('of %s have doc comments', (door) => {
    const bare = declarations.filter((each) => each.door === door && (each.doc ?? '') === '')
    expect(bare.map(placeOf)).toEqual([])
  })
})

const waysIn = [
  'createSessions',
  'memoryStore',
  'redisStore',
  'postgresStore',
  'sqliteStore',
  'migrate',
  'sessionsMiddleware',
  'nextSessions',
  'createSessionApi',
  'buildContext',
  'describeSessionStore',
  'describeSessionApi',
]

describe('the ways in', () => {
  // That the examples compile is checked together with those of the documents.
  it.each(waysIn)('%s shows an example', (name) => {
    expect(declarations.find((declaration) => declaration.name === name)?.doc).toContain('@example\n```ts\n')
  })
})

describe('the fields of options', () => {
  const fields = options.flatMap((of) =>
    of.fields.map((field) => ({ ...field, place: `${of.name}.${field.name} in ${of.file}` })),
  )
  const places = (found: typeof fields): string[] => [...new Set(found.map(({ place }) => place))]

  it('have doc lines', () => {
    expect(places(fields.filter(({ doc }) => (doc ?? '') === ''))).toEqual([])
  })

  it('that may be left out say what happens then', () => {
    expect(places(fields.filter(({ isOptional, doc = '' }) => isOptional && !/default/i.test(doc)))).toEqual(
      [],
    )
  })

  it('that are numbers say what they count', () => {
    const numbers = fields.filter(({ type }) => /\bnumber\b/.test(type) && !type.includes('=>'))
    expect(numbers.length).toBeGreaterThan(40)
    const wrong = numbers.filter(({ name, doc = '' }) =>
      name.endsWith('Ms') ? !doc.includes('millisecond') : !units.test(doc),
    )
    expect(places(wrong)).toEqual([])
  })
})
