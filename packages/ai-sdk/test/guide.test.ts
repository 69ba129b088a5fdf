import { expect, it } from 'vitest'
import { guideFiles } from './guide.js'

it("takes 15 lines for a page's server side", () => {
  const files = guideFiles()
  expect([...files.keys()]).toEqual([
    'lib/assistant.ts',
    'migrate.mjs',
    'app/api/chat/[[...path]]/route.ts',
    'app/page.tsx',
    'app/chat/[id]/page.tsx',
    'app/loading.tsx',
    'app/conversation.tsx',
  ])
  const server = ['lib/assistant.ts', 'app/api/chat/[[...path]]/route.ts', 'app/chat/[id]/page.tsx']
  const lines = server.flatMap((name) => files.get(name)!.split('\n'))
  expect(lines.filter((line) => /\w/.test(line) && !line.startsWith('//')).length).toBeLessThanOrEqual(15)
})
