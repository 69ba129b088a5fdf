import { testOneMoment } from './one-moment.js'

testOneMoment('of several pages', 2200)
