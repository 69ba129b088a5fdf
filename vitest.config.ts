import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// Tests read the sources of every package: nothing has to be built first.
const source = '@sessions/source'

// With `npm run test:wide`, those on servers that not everybody has.
const files =
  process.env['TEST_SERVERS'] === 'wide'
    ? { include: ['test/**/*.wide.test.ts'] }
    : { include: ['test/**/*.test.ts'], exclude: ['**/*.wide.test.ts', '**/node_modules/**'] }

// Says that something hangs, never that a machine is slow.
const hangMs = 300_000

const project = (name: string, root: string, dedupe: string[] = [], test: object = {}) => ({
  resolve: { conditions: [source, 'module', 'node', 'development|production'], dedupe },
  ssr: {
    resolve: {
      conditions: [source, 'module', 'node', 'development|production'],
      externalConditions: [source, 'node'],
    },
  },
  test: { name, root, ...files, testTimeout: hangMs, hookTimeout: hangMs, ...test },
})

const nestPackages = ['common', 'core', 'platform-express', 'platform-fastify', 'testing'].map(
  (name) => `@nestjs/${name}`,
)

/** The application that the tests of `@sessions/next` run against is built first: `next start` reads no sources. */
const builtFor = (version: string) => ({
  globalSetup: [new URL('packages/next/test/build-fixture.ts', import.meta.url).pathname],
  env: { NEXT_VERSION: version },
})

export default defineConfig({
  test: {
    // More than there are cores: most files wait for servers, browsers and builds rather than compute.
    maxWorkers: Math.max(3, availableParallelism()),
    projects: [
      project('house', '.'),
      project('core', 'packages/core'),
      project('express', 'packages/express'),
      project('app-express', 'apps/express'),
      project('nest', 'packages/nest'),
      // The same tests, with what Nest 11 is made of taken from there.
      project('nest-11', 'packages/nest/nest11', nestPackages),
      project('app-nest', 'apps/nest'),
      project('app-next', 'apps/next', [], {
        // What serves it reads no sources, so it is built first.
        globalSetup: [new URL('apps/next/test/build-app.ts', import.meta.url).pathname],
      }),
      project('next', 'packages/next', [], builtFor('16')),
      // The same tests, against an application on Next 15.
      project('next-15', 'packages/next/next15', [], builtFor('15')),
      project('benchmarks', 'apps/benchmarks'),
      project('testkit', 'packages/testkit'),
      project('store-postgres', 'packages/store-postgres'),
      project('store-redis', 'packages/store-redis'),
    ],
  },
})
