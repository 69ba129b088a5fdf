import { testRouterCache } from './router-cache.js'

testRouterCache([
  ['who has a session', true],
  ['a stranger', false],
])
