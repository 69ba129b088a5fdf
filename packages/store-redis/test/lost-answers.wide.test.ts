import { describeLostAnswers } from '@sessions/core/testing'
import { openPair } from './clients.js'

describeLostAnswers('lost answers over redisStore', () => openPair())
