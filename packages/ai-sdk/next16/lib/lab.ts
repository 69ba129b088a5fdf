import { openai } from '@ai-sdk/openai'
import { createChat } from '@sessions/ai-sdk'
import { createSessions } from '@sessions/core'
import { postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { tool } from 'ai'
import { Redis } from 'ioredis'
import { z } from 'zod'

const { DATABASE_URL = '', REDIS_URL = '' } = process.env
const store =
  REDIS_URL === ''
    ? postgresStore(DATABASE_URL)
    : redisStore(new Redis(REDIS_URL, { commandTimeout: 5000, lazyConnect: true }))

export const me = { tenantId: 'lab', userId: 'me' }
export const sessions = createSessions({
  store,
  credentialSecrets: [process.env['SESSION_SECRET']!],
  // After a crash in the middle of an answer, pages soon see its end.
  turns: { leaseMs: 5000 },
})
export const lab = createChat({
  sessions,
  basePath: '/api/lab',
  model: openai('gpt-5-mini'),
  settings: { providerOptions: { openai: { store: false } } },
  tools: {
    pay: tool({ inputSchema: z.object({ cents: z.number() }), needsApproval: true, execute: () => 'paid' }),
  },
  messageMetadata: ({ part }) =>
    part.type === 'finish' ? { tokens: part.totalUsage.totalTokens } : undefined,
  identify: () => me,
})
