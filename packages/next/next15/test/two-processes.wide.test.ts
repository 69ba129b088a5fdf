import '../../test/two-processes.test.js'
