import { describeTurns } from '@sessions/core/testing'
import { openPair } from './clients.js'

describeTurns('turns over redisStore', () => openPair())
