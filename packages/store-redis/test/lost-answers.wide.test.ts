import { describeLostAnswers, describeMeetings } from '@sessions/core/testing'
import { openPair } from './clients.js'

describeLostAnswers('lost answers over redisStore', () => openPair())
describeMeetings('meetings over redisStore', () => openPair())
