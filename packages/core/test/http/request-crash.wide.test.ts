import { testCrashes } from './request-crash.js'

testCrashes('create', 'append', 'fork', 'delete')
