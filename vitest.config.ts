import { defineConfig } from 'vitest/config'

// Tests read the sources of every package: nothing has to be built first.
const conditions = ['@sessions/source', 'module', 'node', 'import', 'default']

const project = (name: string, root: string) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: { name, root, include: ['test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 120_000 },
})

export default defineConfig({
  test: {
    projects: [
      project('house', '.'),
      project('core', 'packages/core'),
      project('express', 'packages/express'),
      project('app-express', 'apps/express'),
    ],
  },
})
