// The other tests of the package, against the application on Next 15.
import '../../test/actions.test.js'
import '../../test/api-suite.test.js'
import '../../test/pages.test.js'
import '../../test/proxy.test.js'
import '../../test/route-handlers.test.js'
import '../../test/router-cache.wide.test.js'
