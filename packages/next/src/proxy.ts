export { sessionsProxy, type SessionsProxyOptions } from './sessions-proxy.js'
