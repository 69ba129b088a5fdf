import { test } from 'vitest'
import { useServer } from './databases.js'
import { useInTurns } from './secured.js'

const context = useServer()

test('two tenants in turns on one connection, 1,000 times with errors: neither sees the other', () =>
  useInTurns(context, 500))
