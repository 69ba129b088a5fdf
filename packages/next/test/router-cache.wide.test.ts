import { testRouterCache } from './router-cache.js'

testRouterCache([['a stranger', false]])
