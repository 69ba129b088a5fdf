import '../../test/two-processes.wide.test.js'
