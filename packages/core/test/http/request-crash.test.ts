import { testCrashes } from './request-crash.js'

// Other requests: request-crash.wide.test.ts.
testCrashes('cart add', 'transfer and redemption', 'message')
