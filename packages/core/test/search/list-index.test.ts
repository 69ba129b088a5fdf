import { describeSearchIndex } from '../../src/testing.js'
import { listIndex } from './list-index.js'

describeSearchIndex('a list as an index', async () => {
  const index = listIndex()
  return { index, peer: index }
})
