import { availableParallelism, loadavg } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { isQuick, longFiles, projects, sharing } from './scripts/test-projects.mjs'

// In a whole run everything is built. A test then takes the other packages as users get them, and Node loads those on
// its own, several times faster. When some tests run, they read the sources of every package: nothing has to be built.
const isBuilt = process.env['SESSIONS_BUILT'] !== undefined
const sources = isBuilt ? [] : ['@sessions/source']
const builds = /\/packages\/[a-z-]+\/dist\//

// With `npm run test:wide`, those on servers that not everybody has.
const files =
  process.env['TEST_SERVERS'] === 'wide'
    ? { include: ['test/**/*.wide.test.ts'] }
    : { include: ['test/**/*.test.ts'], exclude: ['**/*.wide.test.ts', '**/node_modules/**'] }

// A time limit ends what waits, and never what loops.
const watchdog = new URL('scripts/watchdog.mjs', import.meta.url).pathname

// Say that something hangs, never that a machine is slow: tests that wait for servers, browsers and builds take minutes
// where much else runs. Others take seconds of a core, and get as many more as wait in line for one.
const hangMs = 300_000
const crowd = Math.max(1, loadavg()[0]! / availableParallelism())
const quickHangMs = Math.min(20_000 * crowd, hangMs)

/** What a project has beside what all have. */
interface Special {
  /** Packages that are taken from its own folder, whoever imports them. */
  dedupe?: string[]
  test?: object
}

const project = (name: string, { dedupe = [], test = {} }: Special = {}) => ({
  resolve: { conditions: [...sources, 'module', 'node', 'development|production'], dedupe },
  ssr: {
    resolve: {
      conditions: [...sources, 'module', 'node', 'development|production'],
      externalConditions: [...sources, 'node'],
    },
  },
  test: {
    name,
    root: projects[name]!.root,
    ...files,
    ...limitsOf(name),
    isolate: !sharing.includes(name),
    setupFiles: [watchdog],
    server: { deps: { external: [builds] } },
    ...test,
  },
})

function limitsOf(name: string) {
  const ms = isQuick(name) ? quickHangMs : hangMs
  // What a test polls for may wait for the first turn of its process, which loads what turns need.
  return { testTimeout: ms, hookTimeout: ms, expect: { poll: { timeout: ms / 2 } } }
}

const nestPackages = ['common', 'core', 'platform-express', 'platform-fastify', 'testing'].map(
  (name) => `@nestjs/${name}`,
)

/** The application that the tests of `@sessions/next` run against is built first: `next start` reads no sources. */
const builtFor = (version: string) => ({
  test: {
    globalSetup: [new URL('packages/next/test/build-fixture.ts', import.meta.url).pathname],
    env: { NEXT_VERSION: version },
  },
})

const specials: Record<string, Special> = {
  // The same tests, with what Nest 11 is made of taken from there.
  'nest-11': { dedupe: nestPackages },
  // The same tests, with AI SDK 7.
  'ai-sdk-7': { dedupe: ['ai'] },
  'app-next': {
    // What serves it reads no sources, so it is built first.
    test: { globalSetup: [new URL('apps/next/test/build-app.ts', import.meta.url).pathname] },
  },
  next: builtFor('16'),
  // The same tests, against an application on Next 15.
  'next-15': builtFor('15'),
}

/** Where nothing is known of earlier runs vitest begins with the largest files, and these would end alone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => longFiles.some((name) => moduleId.endsWith(name))
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // More than there are cores: most files wait for servers, browsers and builds rather than compute.
    maxWorkers: Math.max(4, availableParallelism()),
    projects: Object.keys(projects).map((name) => project(name, specials[name])),
  },
})
