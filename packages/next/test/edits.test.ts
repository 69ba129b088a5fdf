import { testEdits } from './edits.js'

testEdits(5)
