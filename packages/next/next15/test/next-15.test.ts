// Every test of the package, against the application on Next 15.
import '../../test/api-suite.test.js'
