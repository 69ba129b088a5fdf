import { apiFixture, describeSessionApi } from '../../src/testing.js'
import { listen } from './node-server.js'

const base = await listen(apiFixture())

describeSessionApi('the API over node:http', (path, init) => fetch(base + path, init))
