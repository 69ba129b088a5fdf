import '../../test/api-suite.test.js'
import '../../test/api-suite.wide.test.js'
