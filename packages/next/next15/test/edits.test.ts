// A file of its own, so that it runs beside the others.
import '../../test/edits.test.js'
