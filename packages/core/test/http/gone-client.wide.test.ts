import { testGoneClient } from './gone-client.js'

testGoneClient(100)
