// The projects of the tests: where each is, and which programs it needs. Those programs exist before a test runs.

/** @typedef {'chromium' | 'redis' | 'postgres' | 'valkey' | 'pgbouncer' | 'nats'} Need */

/** @type {Record<string, { root: string, needs: Need[], builds: boolean }>} */
export const projects = {
  house: { root: '.', needs: ['redis', 'postgres'], builds: true },
  core: { root: 'packages/core', needs: [], builds: false },
  express: { root: 'packages/express', needs: [], builds: false },
  'app-express': { root: 'apps/express', needs: ['redis', 'chromium'], builds: false },
  nest: { root: 'packages/nest', needs: [], builds: false },
  'nest-11': { root: 'packages/nest/nest11', needs: [], builds: false },
  'app-nest': { root: 'apps/nest', needs: ['redis', 'postgres', 'chromium'], builds: false },
  'app-next': { root: 'apps/next', needs: ['redis', 'postgres', 'chromium'], builds: true },
  next: { root: 'packages/next', needs: ['redis', 'chromium'], builds: true },
  'next-15': { root: 'packages/next/next15', needs: ['redis', 'chromium'], builds: true },
  benchmarks: { root: 'apps/benchmarks', needs: [], builds: false },
  testkit: { root: 'packages/testkit', needs: ['redis', 'postgres'], builds: false },
  'store-postgres': { root: 'packages/store-postgres', needs: ['postgres'], builds: false },
  'store-sqlite': { root: 'packages/store-sqlite', needs: [], builds: true },
  'store-sharded': { root: 'packages/store-sharded', needs: ['redis', 'postgres'], builds: true },
  'store-tiered': { root: 'packages/store-tiered', needs: ['redis', 'postgres'], builds: false },
  'ai-sdk': { root: 'packages/ai-sdk', needs: ['redis', 'postgres', 'chromium'], builds: false },
  'ai-sdk-7': { root: 'packages/ai-sdk/ai7', needs: [], builds: false },
  redaction: { root: 'packages/redaction', needs: [], builds: false },
  inspector: { root: 'packages/inspector', needs: ['chromium'], builds: false },
  'store-redis': { root: 'packages/store-redis', needs: ['redis'], builds: false },
  'bus-nats': { root: 'packages/bus-nats', needs: [], builds: false },
}

/** The further needs of tests on servers that not every system has: `npm run test:wide`. @type {Need[]} */
export const wideNeeds = ['valkey', 'pgbouncer', 'nats']

/** The files that take minutes; others take seconds. */
export const longFiles = [
  'test/commands.test.ts',
  'test/browser/conversation.test.ts',
  'next/test/api-suite.test.ts',
  'test/erase.test.ts',
  'store-postgres/test/faults.test.ts',
  'store-postgres/test/postgres-store.test.ts',
  'express/test/api-suite.test.ts',
  'nest/test/api-suite.test.ts',
]

/**
 * The projects whose files share a process: to load the core and zod costs more than most of their tests. A test file
 * restores what it changes for its process, such as the clock.
 */
export const sharing = [
  'core',
  'express',
  'nest',
  'nest-11',
  'app-express',
  'benchmarks',
  'ai-sdk',
  'ai-sdk-7',
  'redaction',
  'store-sharded',
  'store-sqlite',
  'store-tiered',
  'store-redis',
  'store-postgres',
  'app-nest',
]

/** The folders whose types `npm run test:wide` checks: older versions, and what a build of Next writes. */
export const wideTypes = [
  'apps/next',
  'packages/next/next16',
  'packages/next/next15',
  'packages/nest/nest11',
  'packages/ai-sdk/ai7',
  'packages/ai-sdk/next16',
]

/** Whether tests of a project only compute, and wait for no server, browser or build. @param {string} name */
export function isQuick(name) {
  const project = projects[name]
  return project !== undefined && project.needs.length === 0 && !project.builds
}
