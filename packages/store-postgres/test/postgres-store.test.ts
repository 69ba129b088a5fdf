import { describeSessionStore } from '@sessions/core/testing'
import { useServer } from './databases.js'
import { makeStores } from './make-stores.js'

const context = useServer()

describeSessionStore('postgresStore over two pools', makeStores(context))
