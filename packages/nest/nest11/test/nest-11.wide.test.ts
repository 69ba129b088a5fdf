// The tests of the package, on Nest 11: this project resolves `@nestjs/*` from here, whoever imports it. The suite of
// the API runs in api-suite.wide.test.ts.
import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import '../../test/header-sink.test.js'
import '../../test/nest.test.js'
import '../../test/origin.guard.test.js'
import '../../test/problems.test.js'
import '../../test/session.decorators.test.js'
import '../../test/sessions-service.test.js'
import '../../test/sessions.controller.test.js'
import '../../test/sessions.module.test.js'

it('runs on Nest 11', () => {
  const { version } = createRequire(import.meta.url)('@nestjs/core/package.json') as { version: string }
  expect(version).toMatch(/^11\./)
})
